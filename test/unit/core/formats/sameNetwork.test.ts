import assert from 'node:assert/strict';
import path from 'node:path';
import { isWeight } from '../../../../src/core/model';
import type { Model } from '../../../../src/core/model';
import type { TensorStatistics } from '../../../../src/core/statistics/tensorStatistics';
import { FIXTURE_MODELS, openFile, statisticsOf } from '../../../support/fixtureModels';

/** One network, saved by test/fixtures/models/same/generate.py in every format. */
const FILES = [
  'small.safetensors', 'small.pt', 'small.legacy.pt', 'small.npz', 'small.deflated.npz', 'small.onnx', 'small.gguf', 'tfjs.json', 'small.keras', 'small.h5',
  'small.tflite', 'checkpoint/small.index', 'saved_model/saved_model.pb',
];

/** A SavedModel keeps what Keras exported it from a second time, under another name. */
interface Found {
  readonly model: Model;
  readonly bySize: ReadonlyMap<number, TensorStatistics>;
}

async function found(file: string): Promise<Found> {
  const model = await openFile(path.join(FIXTURE_MODELS, 'same', file));
  const statistics = await statisticsOf(model);
  const bySize = new Map<number, TensorStatistics>();
  model.tensors.forEach((tensor, index) => {
    if (isWeight(tensor) && tensor.dtype === 'float32') bySize.set(tensor.elements, statistics.get(index)!);
  });
  return { model, bySize };
}

const LAYERS = { convolution: [216, 8], dense: [5120, 40] } as const;

describe('one network saved in several formats', function () {
  this.timeout(60_000);
  let reference: Found;

  before(async () => {
    reference = await found('small.safetensors');
    assert.deepEqual([...reference.bySize.keys()].sort((a, b) => a - b), [8, 40, 216, 5120]);
  });

  for (const file of FILES) {
    it(`has the same statistics in ${file}`, async () => {
      const { bySize } = await found(file);
      for (const [elements, wanted] of reference.bySize) {
        const own = bySize.get(elements);
        assert.ok(own, `a weight of ${elements} elements`);
        for (const figure of ['count', 'zeros', 'nearZeros', 'nan', 'min', 'max'] as const) assert.equal(own[figure], wanted[figure], figure);
        for (const figure of ['mean', 'standardDeviation', 'skewness', 'excessKurtosis', 'l1Norm', 'l2Norm'] as const) {
          // Sums in another order: the layouts differ.
          assert.ok(Math.abs(own[figure]! - wanted[figure]!) <= 1e-6 * Math.max(1, Math.abs(wanted[figure]!)), `${figure} ${own[figure]}, elsewhere ${wanted[figure]}`);
        }
        assert.deepEqual(own.quantiles, wanted.quantiles);
        assert.deepEqual(own.distribution, wanted.distribution);
      }
    });

    it(`has the same output units in ${file}`, async () => {
      const { bySize } = await found(file);
      for (const [kernel] of Object.values(LAYERS)) {
        const [own, wanted] = [bySize.get(kernel)?.outputChannels, reference.bySize.get(kernel)!.outputChannels!];
        assert.ok(own, `the units of a kernel of ${kernel} weights are known`);
        assert.deepEqual([...own.maxAbs], [...wanted.maxAbs]);
        own.l2Norm.forEach((norm, unit) => assert.ok(Math.abs(norm - wanted.l2Norm[unit]!) <= 1e-5 * wanted.l2Norm[unit]!, `unit ${unit}`));
      }
    });
  }
});
