import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { writePlantedModel, writeSmallDetector } from '../../../scripts/tinyModels';
import { temporaryFolder } from '../../support/processes';

interface ModelFile {
  readonly modelTopology: object;
  readonly weightsManifest: readonly [{ readonly paths: readonly [string]; readonly weights: tf.io.WeightsManifestEntry[] }];
}

async function load(folder: string, file: string): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest: [{ paths: [shard], weights }] } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as ModelFile;
  const weightData = new Uint8Array(readFileSync(path.join(folder, shard))).buffer;
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weights, weightData }));
}

describe('the models made for the example workspace', () => {
  it('are real ones: TensorFlow.js loads and runs the small detector', async () => {
    const folder = temporaryFolder('detector');
    writeSmallDetector(folder);
    const model = await load(folder, 'detector.json');
    const output = model.predict(tf.ones([1, 32, 32, 3])) as tf.Tensor;
    assert.deepEqual(output.shape, [1, 4]);
    assert.ok((await output.data()).every(Number.isFinite));
  });

  it('have the faults that the README lists', async () => {
    const folder = temporaryFolder('planted');
    writePlantedModel(folder);
    const model = await load(folder, 'model.json');
    const kernel = (layer: string) => model.getLayer(layer).getWeights()[0]?.dataSync() ?? new Float32Array();
    const share = (values: ArrayLike<number>, test: (value: number) => boolean) => Array.from(values).filter(test).length / values.length;
    const filterMaxima = Array.from({ length: 16 }, (_, filter) => Math.max(...Array.from(kernel('edge_filters')).filter((_value, index) => index % 16 === filter).map(Math.abs)));
    assert.equal(filterMaxima.filter((maximum) => maximum === 0).length, 5);
    const [largest, second] = Array.from(kernel('texture_filters'), Math.abs).sort((a, b) => b - a);
    assert.ok(Math.abs((largest ?? 0) / (second ?? 1) - 400) < 0.01);
    assert.ok(Math.abs(share(kernel('features'), (value) => value === 0) - 0.97) < 0.001);
    assert.equal(share(kernel('unused'), (value) => value === 0), 1);
    assert.equal(Array.from(kernel('digits')).filter(Number.isNaN).length, 3);
    assert.equal(Array.from(kernel('digits')).filter((value) => value === Infinity).length, 1);
  });
});
