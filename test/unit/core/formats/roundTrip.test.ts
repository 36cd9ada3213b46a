import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { openModel } from '../../../../src/core/formats/index';
import { checkInvariants, realValues, storedBytes } from '../../../support/modelChecks';
import { Random } from '../../../support/random';
import { buildModel, concatenate, float32Weight, openBuilt, randomGroups, stringWeight } from '../../../support/tfjsBuilder';
import type { BuiltGroup } from '../../../support/tfjsBuilder';
import type { ReadLog } from '../../../support/memorySource';

const MODELS = 400;

async function checkRoundTrip(seed: number): Promise<void> {
  const groups = randomGroups(new Random(seed));
  const files = buildModel(groups, 'bare', 'some-weights_manifest.json');
  const log: ReadLog = { reads: [], open: 0 };
  const model = await openModel(openBuilt(files, 'some-weights_manifest.json', log));
  checkInvariants(model);
  assert.deepEqual(model.problems, [], `seed ${seed}`);
  assert.equal(log.open, 1, 'only the source that the caller opened is open');
  const weights = groups.flatMap((group) => group.weights);
  assert.equal(model.tensors.length, weights.length);
  for (const [i, { spec, bytes }] of weights.entries()) {
    const tensor = model.tensors[i]!;
    const label = `seed ${seed}, ${spec.name} ${JSON.stringify(spec)}`;
    assert.equal(tensor.name, spec.name, label);
    assert.deepEqual([...tensor.shape], spec.shape, label);
    assert.equal(tensor.dtype, spec.quantization?.dtype ?? spec.dtype, label);
    assert.equal(tensor.unreadable, undefined, label);
    assert.deepEqual(storedBytes(model, tensor, files), bytes, label);
  }
  await checkAgainstDecodeWeights(groups, files, seed);
}

/** The official decoder, group by group, is the reference for values. */
async function checkAgainstDecodeWeights(groups: readonly BuiltGroup[], files: Map<string, Uint8Array>, seed: number): Promise<void> {
  const model = await openModel(openBuilt(files, 'some-weights_manifest.json'));
  const specs = groups.flatMap((group) => group.weights.map((weight) => weight.spec));
  // One buffer: the decoder loses its way in a list that has empty ones.
  const data = concatenate(groups.flatMap((group) => group.weights.map((weight) => weight.bytes))).slice().buffer;
  const decoded = tf.io.decodeWeights(data, specs);
  for (const tensor of model.tensors) {
    const reference = decoded[tensor.name]!;
    if (tensor.dtype === 'string' || tensor.dtype === 'complex64' || tensor.elements === 0) continue;
    const ours = Array.from(realValues(tensor, storedBytes(model, tensor, files)));
    assert.deepEqual(ours, Array.from(reference.dataSync()), `seed ${seed}, ${tensor.name}`);
  }
  tf.dispose(decoded);
}

describe('models written at random', () => {
  it(`${MODELS} of them read back: every dtype, quantization, shape and cut into shards`, async () => {
    for (let seed = 1; seed <= MODELS; seed++) await checkRoundTrip(seed);
  });

  it('a string tensor is walked by small reads, never read whole', async () => {
    const long = 'x'.repeat(300_000);
    const weights = [stringWeight('words', [3], [long, '', long]), float32Weight('dense/kernel', [2, 2])];
    const files = buildModel([{ weights, shards: [{ path: 'a.bin', bytes: 300_002 }, { path: 'b.bin' }] }], 'bare');
    const log: ReadLog = { reads: [], open: 0 };
    const model = await openModel(openBuilt(files, 'model.json', log));
    assert.deepEqual(model.problems, []);
    assert.deepEqual(storedBytes(model, model.tensors[1]!, files), weights[1]!.bytes);
    const read = log.reads.filter(({ name }) => name.endsWith('.bin')).reduce((sum, { length }) => sum + length, 0);
    assert.ok(read < 300_000, `${read} bytes of 600 KB were read`);
  });
});
