import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { openModel, identify } from '../../../../src/core/formats/index';
import { HEAD_BYTES } from '../../../../src/core/formats/format';
import { isWeight } from '../../../../src/core/model';
import type { Model } from '../../../../src/core/model';
import { packageSource, readPackageFile } from '../../../support/folderSource';
import { checkInvariants, realValues, storedBytes } from '../../../support/modelChecks';
import type { ReadLog } from '../../../support/memorySource';

interface Row {
  readonly file: string;
  readonly format: string;
  readonly tensors: number;
  readonly elements: number;
  readonly parameters: number;
  readonly layersWithWeights: number;
}

const ROWS: readonly Row[] = JSON.parse(readFileSync(path.resolve(__dirname, '../../../fixtures/formats.json'), 'utf8')) as Row[];

function weightBearing(model: Model): number {
  return model.layers.filter((layer) => layer.tensors.some((i) => isWeight(model.tensors[i]!))).length;
}

describe('real models', () => {
  for (const row of ROWS) {
    it(`${row.file}: ${row.tensors} tensors`, async () => {
      const log: ReadLog = { reads: [], open: 0 };
      const source = packageSource(row.file, log);
      const model = await openModel(source);
      checkInvariants(model);
      assert.deepEqual(
        {
          file: row.file,
          format: model.format,
          tensors: model.tensors.length,
          elements: model.tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
          parameters: model.parameters,
          layersWithWeights: weightBearing(model),
        },
        row,
      );
      assert.deepEqual(model.problems, []);
      assert.deepEqual(model.tensors.filter((tensor) => tensor.unreadable), []);
      const head = readPackageFile(row.file).subarray(0, HEAD_BYTES);
      assert.deepEqual(identify(head, path.basename(row.file)), { kind: 'model', format: row.format, title: model.formatTitle });
      const shardBytes = log.reads.filter(({ name }) => !name.endsWith('.json')).reduce((sum, { length }) => sum + length, 0);
      assert.ok(shardBytes <= 400_000, `opening read ${shardBytes} bytes of weight files`);
    });

    if (!row.format.startsWith('tfjs')) continue;

    it(`${row.file}: bytes as tf.io.decodeWeights decodes them`, async () => {
      const folder = path.resolve(__dirname, '../../../../node_modules', path.dirname(row.file));
      const files = new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(path.join(folder, name)))] as const));
      const model = await openModel(packageSource(row.file));
      const json = JSON.parse(new TextDecoder().decode(readPackageFile(row.file))) as tf.io.WeightsManifestConfig | { weightsManifest: tf.io.WeightsManifestConfig };
      const manifest = Array.isArray(json) ? json : json.weightsManifest;
      const data = manifest.flatMap((group) => group.paths.map((shard) => files.get(shard)!.slice().buffer));
      const decoded = tf.io.decodeWeights(data, manifest.flatMap((group) => group.weights));
      for (const tensor of model.tensors) {
        const reference = decoded[tensor.name]!.dataSync();
        const bytes = storedBytes(model, tensor, files);
        if (tensor.dtype === 'string') assert.equal(stringsOf(bytes).length, tensor.elements);
        else assert.deepEqual(Array.from(realValues(tensor, bytes)), Array.from(reference), tensor.name);
      }
      tf.dispose(decoded);
    });
  }

  it('gives a convolution and its bias one layer in a graph, and constants no share in the weights', async () => {
    const model = await openModel(packageSource('@spotify/basic-pitch/model/model.json'));
    const layer = model.layers.find(({ name }) => name === 'model_1/conv2d_1')!;
    assert.equal(layer.className, 'Conv2D');
    assert.equal(layer.activation, 'Relu');
    assert.deepEqual(layer.tensors.map((i) => [model.tensors[i]!.name.split('/').at(-1), model.tensors[i]!.role]), [['Conv2D_weights', 'kernel'], ['Conv2D_bn_offset', 'bias']]);
    assert.ok(model.tensors.filter((tensor) => tensor.dtype === 'int32').every((tensor) => tensor.role === 'constant'));
    const order = model.layers.map(({ name }) => name);
    assert.ok(order.indexOf('model_1/conv2d_1') < order.indexOf('model_1/conv2d_5'), 'layers stand in the order in which the graph computes them');
  });

  it('reads the topology of esrgan-slim: shapes, activations, initializers, inputs', async () => {
    const model = await openModel(packageSource('@upscalerjs/esrgan-slim/models/x2/model.json'));
    assert.equal(model.producer, 'keras v2.10.0, TensorFlow.js Converter v1.2.6');
    const layer = (name: string): Model['layers'][number] => model.layers.find((candidate) => candidate.name === name)!;
    assert.deepEqual(layer('LR').outputShape, [null, null, null, 3]);
    assert.deepEqual(layer('RDB_Concat_1_1').outputShape, [null, null, null, 68]);
    assert.deepEqual(layer('RDB_Concat_1_1').inputs, ['F_0', 'F_1_1_Relu']);
    assert.equal(layer('F_1_1_Relu').activation, 'relu');
    assert.deepEqual(layer('F_m1').initializers?.['kernel'], { name: 'RandomUniform', config: { minval: -0.05, maxval: 0.05, seed: null } });
    assert.equal(layer('F_m1').trainable, true);
    assert.deepEqual(layer('F_m1').config?.['kernel_size'], [3, 3]);
    assert.deepEqual(model.layers.map(({ name }) => name).slice(0, 3), ['LR', 'F_m1', 'F_0']);
  });
});

function stringsOf(bytes: Uint8Array): string[] {
  const strings: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
    strings.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return strings;
}
