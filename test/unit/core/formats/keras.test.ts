import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import { StoreContainer, toSnakeCase, variableAlone, variableByShapes, variableName } from '../../../../src/core/formats/kerasStorePaths';
import { inflateHead, readZipEntries } from '../../../../src/core/formats/zip';
import type { Model } from '../../../../src/core/model';
import { describeFixtures, FIXTURE_MODELS, openFile, statisticsOf, valuesOf } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';

describeFixtures('keras');

const at = (name: string): string => path.join(FIXTURE_MODELS, 'keras', name);

/** The bytes of an entry of a .keras archive. */
async function entryOf(file: string, name: string): Promise<Uint8Array> {
  const source = memorySource(new Map([['model.keras', new Uint8Array(readFileSync(at(file)))]]), 'model.keras');
  const entry = (await readZipEntries(source)).find((one) => one.name === name)!;
  return inflateHead(source, entry, entry.bytes);
}

/** What each file of a network must say of it: layers with everything but what only newer files tell, their weights by role, and the figures. */
async function described(model: Model): Promise<unknown> {
  const statistics = await statisticsOf(model);
  return model.layers.map(({ name, className, activation, initializers, regularizers, constraints, trainable, inputs, tensors }) => ({
    name, className, activation, initializers, regularizers, constraints, trainable, inputs,
    tensors: tensors
      .map((index) => {
        const { role, axes, shape, dtype, name: full } = model.tensors[index]!;
        const { mean, standardDeviation, min, max, l2Norm } = statistics.get(index)!;
        return { variable: full.replace(/^.*\/|:0$/g, ''), role, axes, shape, dtype, mean, standardDeviation, min, max, l2Norm };
      })
      .sort((a, b) => (`${a.variable} ${a.mean}` < `${b.variable} ${b.mean}` ? -1 : 1)),
  }));
}

describe('Keras: one network in several files', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-keras-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const name of ['net', 'recurrent']) {
    it(`${name}: the archive and the legacy file say the same`, async () => {
      const archive = await openFile(at(`${name}.keras`));
      const legacy = await openFile(at(`${name}.h5`));
      assert.deepEqual([archive.format, legacy.format], ['keras-v3', 'keras-h5']);
      assert.match(archive.producer!, /^Keras 3/);
      assert.match(legacy.producer!, /^Keras 3.*, tensorflow$/);
      assert.deepEqual([archive.problems, legacy.problems], [[], []]);
      assert.deepEqual(await described(legacy), await described(archive));
    });
  }

  it('and so does the TensorFlow.js layers model of the same topology and weights', async () => {
    const archive = await openFile(at('net.keras'));
    const shard: number[] = [];
    const weights = [];
    for (const tensor of archive.tensors) {
      weights.push({ name: tensor.name, dtype: 'float32', shape: tensor.shape });
      shard.push(...new Uint8Array(Float32Array.from(await valuesOf(archive, tensor)).buffer));
    }
    const modelTopology = { model_config: JSON.parse(new TextDecoder().decode(await entryOf('net.keras', 'config.json'))) as unknown };
    writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest: [{ weights, paths: ['net.bin'] }] }));
    writeFileSync(path.join(folder, 'net.bin'), Uint8Array.from(shard));
    const converted = await openFile(path.join(folder, 'model.json'));
    assert.equal(converted.format, 'tfjs-layers');
    assert.deepEqual(await described(converted), await described(archive));
    assert.deepEqual(converted.layers.map(({ outputShape }) => outputShape), archive.layers.map(({ outputShape }) => outputShape));
  });

  it('its weights alone have the same layers with weights, told by paths and attributes', async () => {
    const archive = await openFile(at('net.keras'));
    writeFileSync(path.join(folder, 'net.weights.h5'), await entryOf('net.keras', 'model.weights.h5'));
    const alone = await openFile(path.join(folder, 'net.weights.h5'));
    assert.equal(alone.format, 'keras-h5');
    const roles = (model: Model): unknown[] =>
      model.layers.filter(({ tensors }) => tensors.length > 0).map(({ name, className, tensors }) => [name, className, tensors.map((index) => [model.tensors[index]!.role, model.tensors[index]!.axes])]);
    assert.deepEqual(roles(alone), roles(archive));
    assert.equal(alone.tensors[0]!.name, 'layers/sequential/layers/conv2d/vars/0');
  });

  it('weights alone of directions and wrappers: each has its class; a lone variable of a normalization could be either', async () => {
    writeFileSync(path.join(folder, 'recurrent.weights.h5'), await entryOf('recurrent.keras', 'model.weights.h5'));
    const model = await openFile(path.join(folder, 'recurrent.weights.h5'));
    const classes = Object.fromEntries(model.layers.map(({ name, className }) => [name, className]));
    assert.deepEqual(classes, {
      embed: 'Embedding', 'both/forward_lstm': 'LSTM', 'both/backward_lstm': 'LSTM', each: 'Dense', attend: 'MultiHeadAttention', level: 'LayerNormalization', last: 'GRU',
    });
    assert.equal(model.tensors.find(({ layer }) => model.layers[layer]!.name === 'level')!.role, 'other');
  });
});

describe('Keras: layers and roles', () => {
  it('topology, initializers, regularizers, constraints and shapes', async () => {
    const model = await openFile(at('net.keras'));
    const hidden = model.layers.find(({ name }) => name === 'hidden')!;
    assert.equal(hidden.className, 'Dense');
    assert.equal(hidden.activation, 'relu');
    assert.equal(hidden.initializers!['kernel']!.name, 'HeNormal');
    assert.equal(hidden.regularizers!['kernel']!.name, 'L2');
    assert.equal(hidden.constraints!['bias']!.name, 'NonNeg');
    assert.deepEqual(hidden.inputs, ['flat']);
    assert.deepEqual(hidden.outputShape, [null, 5]);
    const roles = Object.fromEntries(model.tensors.map(({ name, role }) => [name, role]));
    assert.equal(roles['encoder/norm/moving_variance'], 'runningVariance');
    assert.equal(roles['encoder/norm/gamma'], 'normScale');
    assert.equal(roles['encoder/second/kernel'], 'kernel');
  });

  it('directions, wrappers, attention; LayerNormalization without a scale', async () => {
    const model = await openFile(at('recurrent.keras'));
    const layerOf = (name: string): string => model.layers[model.tensors.find((tensor) => tensor.name === name)!.layer]!.name;
    assert.equal(layerOf('both/backward_lstm/lstm_cell/recurrent_kernel'), 'both/backward_lstm');
    assert.equal(layerOf('each/dense/kernel'), 'each');
    assert.equal(layerOf('attend/query/kernel'), 'attend');
    assert.equal(model.tensors.find(({ name }) => name === 'level/beta')!.role, 'normShift');
  });

  it('types by layer; the optimizer does not count', async () => {
    const model = await openFile(at('types.keras'));
    assert.deepEqual(['half/kernel', 'brain/kernel', 'mixed/kernel'].map((name) => model.tensors.find((tensor) => tensor.name === name)!.dtype), ['float16', 'bfloat16', 'float32']);
    assert.equal(model.layers.find(({ name }) => name === 'mixed')!.dtype, 'mixed_bfloat16');
    assert.ok(model.tensors.some(({ role }) => role === 'optimizer'));
    assert.equal(model.parameters, 12 + 4 + 16 + 4 + 8 + 2);
  });

  it('files of Keras 2: the model, its weights alone, its archive', async () => {
    const legacy = await openFile(at('keras2.h5'));
    assert.match(legacy.producer!, /^Keras 2/);
    assert.deepEqual(legacy.layers.map(({ name }) => name), ['start', 'encoder/inner_input', 'encoder/inner', 'norm', 'sequence', 'lstm', 'optimizer']);
    const alone = await openFile(at('keras2_weights.h5'));
    assert.deepEqual(alone.layers.map(({ name }) => name), ['encoder/inner', 'norm', 'lstm']);
    const archive = await openFile(at('keras2.keras'));
    assert.deepEqual(archive.layers.map(({ name }) => name), ['start', 'encoder/inner_input', 'encoder/inner', 'norm', 'sequence', 'lstm']);
    assert.ok([legacy, alone, archive].every(({ parameters }) => parameters === 59));
  });

  it('lists of names in several attributes, in their order', async () => {
    const model = await openFile(at('cut_lists.h5'));
    assert.equal(model.format, 'keras-h5');
    assert.deepEqual(model.layers.map(({ name }) => name), ['zeta', 'alpha']);
    assert.deepEqual(model.tensors.map(({ name }) => name), ['zeta/kernel:0', 'zeta/bias:0', 'alpha/kernel:0', 'alpha/bias:0']);
  });

  it('an archive that was packed again shows its topology, and says what to do', async () => {
    const model = await openFile(at('packed.keras'));
    assert.equal(model.tensors.length, 0);
    assert.equal(model.layers.length, 9);
    assert.match(model.problems[0]!.message, /"model\.weights\.h5" in .* are compressed/);
    assert.match(model.problems[0]!.remedy, /model\.save/);
  });
});

describe('Keras: paths of its store', () => {
  it('names of classes', () => {
    const names = ['Conv2D', 'Conv2DTranspose', 'DepthwiseConv2D', 'BatchNormalization', 'LSTM', 'GRU', 'ReLU', 'PReLU', 'MultiHeadAttention', 'LSTMCell', 'Package>MyLayer'];
    // As keras.src.utils.naming.to_snake_case gives them.
    assert.deepEqual(names.map(toSnakeCase), ['conv2d', 'conv2d_transpose', 'depthwise_conv2d', 'batch_normalization', 'lstm', 'gru', 're_lu', 'p_re_lu', 'multi_head_attention', 'lstm_cell', 'package_my_layer']);
  });

  it('layers of one class are numbered, operations are not counted', () => {
    const container = new StoreContainer('layers');
    assert.equal(container.next('Dense'), 'layers/dense');
    assert.equal(container.next('Add', 'keras.src.ops.numpy'), 'layers/(add)');
    assert.equal(container.next('Add', 'keras.layers'), 'layers/add');
    assert.equal(container.next('Dense'), 'layers/dense_1');
  });

  it('variables by class and configuration, and by shapes where there is no class', () => {
    assert.equal(variableName({ className: 'BatchNormalization', config: { scale: false } }, '0'), 'beta');
    assert.equal(variableName({ className: 'BatchNormalization', config: { scale: false, center: false } }, '1'), 'moving_variance');
    assert.equal(variableName({ className: 'MyLayer' }, '3'), '3');
    assert.deepEqual([0, 1, 2].map((index) => variableAlone('BatchNormalization', String(index), 3)), ['0', 'moving_mean', 'moving_variance']);
    assert.deepEqual([0, 1].map((index) => variableByShapes([[3, 4], [4]], index)), ['kernel', 'bias']);
    assert.equal(variableByShapes([[4], [5]], 0), undefined);
  });
});

describe('Keras: bad input', () => {
  it('truncated anywhere: a HumanError, or what is left', async function () {
    this.timeout(60_000);
    for (const file of ['net.keras', 'keras2_weights.h5', 'types.keras']) {
      const bytes = new Uint8Array(readFileSync(at(file)));
      for (let length = 0; length < bytes.length; length += length < 1200 ? 1 : 83) {
        try {
          checkInvariants(await openModel(memorySource(new Map([[file, bytes.slice(0, length)]]), file)));
        } catch (error) {
          assert.ok(error instanceof HumanError, String((error as Error).stack));
        }
      }
    }
  });

  it('a configuration that is no JSON costs the topology, not the weights', async () => {
    const bytes = new Uint8Array(readFileSync(at('net.h5')));
    const begin = Buffer.from(bytes).indexOf('{"class_name": "Functional"');
    bytes[begin] = 0x7c;
    const model = await openModel(memorySource(new Map([['net.h5', bytes]]), 'net.h5'));
    checkInvariants(model);
    assert.match(model.problems[0]!.message, /model_config/);
    assert.equal(model.parameters, (await openFile(at('net.h5'))).parameters);
    assert.ok(model.layers.some(({ name }) => name === 'hidden'));
  });
});
