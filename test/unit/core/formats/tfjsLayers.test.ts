import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { openModel } from '../../../../src/core/formats/index';
import type { Layer, Model, Tensor } from '../../../../src/core/model';
import { checkInvariants, realValues, storedBytes } from '../../../support/modelChecks';
import { buildModel, float32Weight, kerasOf, openBuilt } from '../../../support/tfjsBuilder';
import { savedFiles } from '../../../support/tfjsSaved';

const L = tf.layers;

async function open(files: Map<string, Uint8Array>): Promise<Model> {
  const model = await openModel(openBuilt(files));
  checkInvariants(model);
  assert.deepEqual(model.problems, []);
  return model;
}

function layerOf(model: Model, name: string): Layer {
  const layer = model.layers.find((candidate) => candidate.name === name);
  assert.ok(layer, `${name} among ${model.layers.map((candidate) => candidate.name).join(', ')}`);
  return layer;
}

function tensorOf(model: Model, name: string): Tensor {
  const tensor = model.tensors.find((candidate) => candidate.name === name);
  assert.ok(tensor, `${name} among ${model.tensors.map((candidate) => candidate.name).join(', ')}`);
  return tensor;
}

/** `layer: base=role` of every weight, as the model tells it. */
function rolesOf(model: Model): string[] {
  return model.tensors.map((tensor) => `${model.layers[tensor.layer]!.name}: ${tensor.name.split('/').at(-1)}=${tensor.role}`);
}

/** Our shapes against those that TensorFlow.js computes itself. */
function checkShapes(model: Model, reference: tf.LayersModel, prefix = ''): number {
  let checked = 0;
  for (const layer of reference.layers) {
    const inner = (layer as unknown as { layers?: tf.layers.Layer[] }).layers;
    if (inner) {
      checked += checkShapes(model, layer as unknown as tf.LayersModel, `${prefix}${layer.name}/`);
      continue;
    }
    const ours = model.layers.find(({ name }) => name === prefix + layer.name);
    if (!ours) continue;
    assert.deepEqual(ours.outputShape, layer.outputShape, `${ours.name} (${ours.className})`);
    checked++;
  }
  return checked;
}

/** Every weight's values against the live model's, by name. */
async function checkValues(model: Model, reference: tf.LayersModel, files: Map<string, Uint8Array>): Promise<void> {
  assert.equal(model.tensors.filter(({ role }) => role !== 'optimizer').length, reference.weights.length);
  for (const weight of reference.weights) {
    const tensor = tensorOf(model, weight.originalName);
    assert.deepEqual([...tensor.shape], weight.shape);
    assert.deepEqual(Array.from(realValues(tensor, storedBytes(model, tensor, files))), Array.from(await weight.read().data()));
  }
}

function convolutional(): tf.LayersModel {
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      L.conv2d({ inputShape: [16, 16, 3], filters: 4, kernelSize: 3, name: 'c1', activation: 'relu' }),
      L.batchNormalization({ name: 'bn' }),
      L.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2, name: 'sep' }),
      L.depthwiseConv2d({ kernelSize: 3, padding: 'same', strides: 2, name: 'dw' }),
      L.conv2dTranspose({ filters: 6, kernelSize: 3, strides: 2, name: 'up' }),
      L.maxPooling2d({ poolSize: 2, name: 'pool' }),
      L.flatten({ name: 'flat' }),
    ],
  });
  const input = tf.input({ shape: [16, 16, 3], name: 'in' });
  const output = L.dense({ units: 3, name: 'out', kernelRegularizer: tf.regularizers.l1l2({ l1: 0.1, l2: 0.2 }), kernelConstraint: tf.constraints.maxNorm({ maxValue: 2 }), trainable: false, activation: 'softmax' });
  return tf.model({ inputs: input, outputs: output.apply(inner.apply(input)) as tf.SymbolicTensor, name: 'outer' });
}

describe('layers models written by TensorFlow.js', () => {
  it('nested: paths, roles, axes, facets', async () => {
    const reference = convolutional();
    const files = await savedFiles(reference);
    const model = await open(files);
    assert.deepEqual(model.layers.map(({ name }) => name), ['in', 'inner/c1', 'inner/bn', 'inner/sep', 'inner/dw', 'inner/up', 'inner/pool', 'inner/flat', 'out']);
    assert.deepEqual(rolesOf(model), [
      'inner/c1: kernel=kernel', 'inner/c1: bias=bias', 'inner/bn: gamma=normScale', 'inner/bn: beta=normShift',
      'inner/sep: depthwise_kernel=kernel', 'inner/sep: pointwise_kernel=kernel', 'inner/sep: bias=bias',
      'inner/dw: depthwise_kernel=kernel', 'inner/dw: bias=bias', 'inner/up: kernel=kernel', 'inner/up: bias=bias',
      'inner/bn: moving_mean=runningMean', 'inner/bn: moving_variance=runningVariance', 'out: kernel=kernel', 'out: bias=bias',
    ]);
    assert.deepEqual(tensorOf(model, 'c1/kernel').axes, { output: 3, input: 2 });
    assert.deepEqual(tensorOf(model, 'sep/depthwise_kernel').axes, { input: 2 }, 'no axis counts the filters of a multiplied depthwise kernel');
    assert.deepEqual(tensorOf(model, 'dw/depthwise_kernel').axes, { output: 2 });
    assert.deepEqual(tensorOf(model, 'sep/pointwise_kernel').axes, { output: 3, input: 2 });
    assert.deepEqual(tensorOf(model, 'up/kernel').axes, { output: 2, input: 3 });
    assert.deepEqual(tensorOf(model, 'out/kernel').axes, { output: 1, input: 0 });
    const out = layerOf(model, 'out');
    assert.deepEqual(out.inputs, ['inner/flat']);
    assert.deepEqual(layerOf(model, 'inner/c1').inputs, ['in']);
    assert.equal(out.activation, 'softmax');
    assert.equal(out.trainable, false);
    assert.deepEqual(out.regularizers, { kernel: { name: 'L1L2', config: { l1: 0.1, l2: 0.2 } } });
    assert.deepEqual(out.constraints, { kernel: { name: 'MaxNorm', config: { max_value: 2, axis: 0 } } });
    assert.equal(out.initializers?.['kernel']?.name, 'VarianceScaling');
    assert.equal(out.config?.['units'], 3);
    assert.deepEqual(Object.keys(layerOf(model, 'inner/sep').initializers!).sort(), ['bias', 'depthwise_kernel', 'pointwise_kernel']);
    assert.equal(checkShapes(model, reference), 9);
    await checkValues(model, reference, files);
    assert.equal(model.parameters, reference.countParams());
  });

  it('recurrent: directions, wrappers, stacked cells, embeddings', async () => {
    const reference = tf.sequential({
      layers: [
        L.embedding({ inputDim: 10, outputDim: 4, inputLength: 6, name: 'emb' }),
        L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true, name: 'lstm' }), mergeMode: 'concat', name: 'bi' }),
        L.timeDistributed({ layer: L.dense({ units: 2, name: 'inner_dense' }), name: 'td' }),
        L.gru({ units: 3, returnSequences: true, name: 'gru' }),
        L.rnn({ cell: [L.lstmCell({ units: 2, name: 'ca' }), L.gruCell({ units: 3, name: 'cb' })], name: 'stack' }),
        L.prelu({ name: 'pr' }),
      ],
    });
    const files = await savedFiles(reference);
    const model = await open(files);
    assert.deepEqual(model.layers.map(({ name, className }) => `${name} ${className}`), [
      'emb Embedding', 'bi/forward_lstm LSTM', 'bi/backward_lstm LSTM', 'td Dense', 'gru GRU', 'stack/ca LSTMCell', 'stack/cb GRUCell', 'pr PReLU',
    ]);
    for (const layer of model.layers) assert.ok(layer.tensors.length > 0, `${layer.name} has its weights`);
    assert.equal(tensorOf(model, 'emb/embeddings').role, 'embedding');
    assert.equal(tensorOf(model, 'pr/alpha').role, 'other');
    assert.deepEqual(tensorOf(model, 'bi/forward_lstm/recurrent_kernel').axes, { output: 1, input: 0 });
    assert.equal(layerOf(model, 'bi/forward_lstm').initializers?.['recurrent_kernel']?.name, 'Orthogonal');
    assert.deepEqual(layerOf(model, 'td').inputs, ['bi/forward_lstm', 'bi/backward_lstm']);
    assert.deepEqual(layerOf(model, 'bi/backward_lstm').outputShape, [null, 6, 3]);
    assert.equal(layerOf(model, 'td').config?.['wrapper'], 'TimeDistributed');
    assert.equal(checkShapes(model, reference), 4);
    await checkValues(model, reference, files);
  });

  it('shapes of every layer whose output follows', async () => {
    const image = (layer: tf.layers.Layer, shape: number[] = [9, 10, 4]): tf.LayersModel => {
      const input = tf.input({ shape });
      return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    };
    const models = [
      image(L.conv2d({ filters: 3, kernelSize: [3, 2], strides: [2, 1], padding: 'same' })),
      image(L.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2 })),
      image(L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })),
      image(L.separableConv2d({ filters: 7, kernelSize: 2, strides: 2, padding: 'same' })),
      image(L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' })),
      image(L.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 3, padding: 'valid' })),
      image(L.averagePooling2d({ poolSize: [2, 3], strides: [1, 2] })),
      image(L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
      image(L.globalAveragePooling2d({})),
      image(L.globalMaxPooling2d({})),
      image(L.upSampling2d({ size: [2, 3] })),
      image(L.zeroPadding2d({ padding: [[1, 2], [3, 4]] })),
      image(L.cropping2D({ cropping: [[1, 1], [2, 0]] })),
      image(L.conv1d({ filters: 3, kernelSize: 3, strides: 2 }), [9, 4]),
      image(L.maxPooling1d({ poolSize: 2 }), [9, 4]),
      image(L.globalMaxPooling1d(), [9, 4]),
      image(L.conv3d({ filters: 2, kernelSize: 2, strides: 2 }), [6, 7, 8, 2]),
      image(L.reshape({ targetShape: [45, 8] })),
      image(L.permute({ dims: [3, 1, 2] })),
      image(L.flatten()),
      image(L.repeatVector({ n: 4 }), [5]),
      image(L.dense({ units: 6 }), [3, 5]),
      image(L.dropout({ rate: 0.5 })),
      image(L.layerNormalization({})),
      image(L.leakyReLU({ alpha: 0.3 })),
      image(L.simpleRNN({ units: 4 }), [5, 3]),
      image(L.lstm({ units: 4, returnSequences: true }), [5, 3]),
    ];
    for (const reference of models) {
      const model = await openModel(openBuilt(await savedFiles(reference)));
      assert.equal(checkShapes(model, reference), 2, reference.layers[1]!.getClassName());
    }
  });

  it('merges broadcast, concatenate along any axis, and keep open dimensions', async () => {
    const a = tf.input({ shape: [null, 4, 3] as number[], name: 'a' });
    const b = tf.input({ shape: [5, 4, 3], name: 'b' });
    const sum = L.add({ name: 'sum' }).apply([b, L.conv2d({ filters: 3, kernelSize: 1, name: 'k' }).apply(b) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const joined = L.concatenate({ axis: 1, name: 'join' }).apply([a, sum]) as tf.SymbolicTensor;
    const last = L.concatenate({ name: 'last' }).apply([joined, joined]) as tf.SymbolicTensor;
    const reference = tf.model({ inputs: [a, b], outputs: last });
    const model = await open(await savedFiles(reference));
    assert.equal(checkShapes(model, reference), 6);
    assert.deepEqual(layerOf(model, 'sum').inputs, ['b', 'k']);
  });

  it('the optimizer is no part of the weights', async () => {
    const reference = tf.sequential({ layers: [L.dense({ inputShape: [3], units: 2, name: 'd' })] });
    reference.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    await reference.fit(tf.ones([4, 3]), tf.ones([4, 2]), { epochs: 1, verbose: 0 });
    const model = await open(await savedFiles(reference, true));
    assert.ok(model.tensors.length > 2);
    assert.equal(model.parameters, 8);
    assert.ok(layerOf(model, 'optimizer').tensors.every((i) => model.tensors[i]!.role === 'optimizer'));
  });
});

describe('layers models of other writers', () => {
  const files = (json: Record<string, unknown>, names: readonly (readonly [string, number[]])[] = [['d/kernel', [2, 3]], ['d/bias', [3]]]): Map<string, Uint8Array> =>
    buildModel([{ weights: names.map(([name, shape]) => float32Weight(name, shape)), shards: [{ path: 'w.bin' }] }], json);
  const dense = { class_name: 'Dense', config: { name: 'd', units: 3, activation: 'relu' } };
  const sequential = { class_name: 'Sequential', config: { name: 's', layers: [dense] } };

  const variants: Record<string, Record<string, unknown>> = {
    'model_config': { modelTopology: { model_config: sequential } },
    'the topology itself': { modelTopology: sequential },
    'no format key': { format: undefined, modelTopology: sequential },
    'model_config as text': { modelTopology: { model_config: JSON.stringify(sequential) } },
    'the topology as text': { modelTopology: JSON.stringify({ model_config: sequential }) },
    'the configuration at the top': { ...sequential },
    'a Sequential that is a list': { modelTopology: { class_name: 'Sequential', config: [dense] } },
    'camel case': { modelTopology: { modelConfig: { className: 'Sequential', config: { layers: [{ className: 'Dense', config: dense.config }] } } } },
  };
  for (const [label, json] of Object.entries(variants)) {
    it(label, async () => {
      const model = await open(files(json));
      assert.equal(model.format, 'tfjs-layers');
      assert.deepEqual(model.layers.map(({ name, className, activation }) => [name, className, activation]), [['d', 'Dense', 'relu']]);
      assert.deepEqual(rolesOf(model), ['d: kernel=kernel', 'd: bias=bias']);
    });
  }

  it('Keras 3: policies, histories in objects, modules', async () => {
    const tensor = (name: string): unknown => ({ class_name: '__keras_tensor__', config: { shape: [null, 4], dtype: 'float32', keras_history: [name, 0, 0] } });
    const layers = [
      { module: 'keras.layers', class_name: 'InputLayer', config: { batch_shape: [null, 4], dtype: 'float32', name: 'x' }, registered_name: null, name: 'x', inbound_nodes: [] },
      {
        module: 'keras.layers', class_name: 'Dense', registered_name: null, build_config: { input_shape: [null, 4] }, name: 'd',
        config: { name: 'd', trainable: true, dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'mixed_float16' } }, units: 5, activation: { class_name: 'LeakyReLU', config: { negative_slope: 0.3 } }, kernel_initializer: { module: 'keras.initializers', class_name: 'GlorotUniform', config: { seed: null }, registered_name: null } },
        inbound_nodes: [{ args: [tensor('x')], kwargs: {} }],
      },
      { class_name: 'Add', name: 'sum', config: { name: 'sum' }, inbound_nodes: [{ args: [[tensor('d'), tensor('d')]], kwargs: { mask: null } }] },
    ];
    const config = { name: 'functional', layers, input_layers: ['x', 0, 0], output_layers: ['sum', 0, 0] };
    const model = await open(files({ modelTopology: { model_config: { module: 'keras', class_name: 'Functional', config } } }, [['functional/d/kernel', [4, 5]], ['functional/d/bias', [5]]]));
    const d = layerOf(model, 'd');
    assert.equal(d.dtype, 'mixed_float16');
    assert.equal(d.activation, 'LeakyReLU');
    assert.equal(d.initializers?.['kernel']?.name, 'GlorotUniform');
    assert.deepEqual(d.inputs, ['x']);
    assert.deepEqual(d.outputShape, [null, 5]);
    assert.deepEqual(layerOf(model, 'sum').inputs, ['d']);
    assert.deepEqual(layerOf(model, 'sum').outputShape, [null, 5]);
    assert.deepEqual(d.tensors, [0, 1]);
  });

  it('names of weights in every style find their layer, and the longest path wins', async () => {
    const block = (name: string): unknown => ({ class_name: 'Sequential', config: { name, layers: [{ class_name: 'Conv2D', config: { name: 'conv', filters: 2, kernel_size: [1, 1] } }] } });
    const json = kerasOf([block('a'), block('b'), { class_name: 'Dense', config: { name: 'block_1_conv' } }, { class_name: 'BatchNormalization', config: { name: 'conv_bn' } }] as never);
    const names: [string, number[]][] = [
      ['sequential/b/conv/kernel', [1, 1, 2, 2]], ['a/conv/kernel:0', [1, 1, 2, 2]], ['block_1_conv/kernel_1:0', [2, 2]], ['layers/conv_bn/vars/2', [2]], ['lost/in/space/kernel', [2, 2]], ['orphan', [2]],
    ];
    const model = await open(files(json, names));
    assert.deepEqual(rolesOf(model), [
      'b/conv: kernel=kernel', 'a/conv: kernel:0=kernel', 'block_1_conv: kernel_1:0=kernel', 'conv_bn: 2=runningMean', 'lost/in/space: kernel=kernel', 'orphan: orphan=other',
    ]);
  });

  it('layers of one name in two models are told apart by order', async () => {
    const block = (name: string): unknown => ({ class_name: 'Sequential', config: { name, layers: [{ class_name: 'Dense', config: { name: 'fc' } }] } });
    const model = await open(files(kerasOf([block('a'), block('b')] as never), [['fc/kernel', [1, 2]], ['fc/bias', [2]], ['fc/kernel_1', [2, 2]], ['fc/bias_1', [2]]]));
    assert.deepEqual(model.layers.map((layer) => layer.tensors), [[0, 1], [2, 3]]);
  });
});
