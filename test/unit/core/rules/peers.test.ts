import assert from 'node:assert/strict';
import type { Layer } from '../../../../src/core/model';
import { fanInOf, kindOf, medianOf, peerGroupOf, peerOf, robust, robustZ } from '../../../../src/core/rules/peers';
import type { TensorContext } from '../../../../src/core/rules/rule';
import { analysisOf, normals } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';

/** The contexts that rules see, by tensor name. */
function contextsOf(tensors: readonly HandMadeTensor[], layers: Record<string, Partial<Layer>> = {}): Map<string, TensorContext> {
  const { model, statistics } = analysisOf({ tensors, layers });
  const contexts: TensorContext[] = [];
  for (const [index, figures] of statistics) {
    const tensor = model.tensors[index]!;
    contexts.push({ model, layer: model.layers[tensor.layer]!, tensor, statistics: figures, nearZeroRatio: 0.01, peers: contexts });
  }
  return new Map(contexts.map((context) => [context.tensor.name, context]));
}

function dense(name: string, sigma: number, seed = 1, shape = [64, 32]): HandMadeTensor {
  return { name: `${name}/kernel`, shape, values: normals(shape[0]! * shape[1]!, sigma, seed) };
}

function near(actual: number, expected: number, share: number): void {
  assert.ok(Math.abs(actual / expected - 1) < share, `${actual} is not ${expected}`);
}

describe('peers', () => {
  it('know median and robust spread', () => {
    assert.equal(medianOf([5, 1, 3]), 3);
    assert.equal(medianOf([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(medianOf([])));
    assert.deepEqual(robust([1, 2, 3, 4, 1000]), { median: 3, spread: 1.4826 });
  });

  it('leave out codes whose scales stand in another tensor', () => {
    const layers = { codes: { config: { quantization: 'codes with scales' } } };
    const contexts = contextsOf([dense('codes', 100), dense('plain', 1)], layers);
    assert.equal(peerOf(contexts.get('codes/kernel')!), undefined);
    assert.notEqual(peerOf(contexts.get('plain/kernel')!), undefined);
  });

  it('know how many weights an output sums over', () => {
    const contexts = contextsOf([
      dense('dense', 1),
      { name: 'conv/kernel', shape: [3, 3, 4, 8], values: normals(288) },
      { name: 'dw/kernel', shape: [3, 3, 8, 1], axes: { output: 2 }, values: normals(72) },
      { name: 'dw2/kernel', shape: [5, 5, 4, 2], axes: { input: 2 }, values: normals(200) },
      { name: 'up/kernel', shape: [3, 3, 8, 4], axes: { output: 2, input: 3 }, values: normals(288) },
      { name: 'words/embeddings', shape: [100, 8], axes: { output: 1, input: 0 }, values: normals(800) },
    ]);
    const fanIns = [...contexts].map(([name, { tensor }]) => [name, fanInOf(tensor)]);
    assert.deepEqual(fanIns, [['dense/kernel', 64], ['conv/kernel', 36], ['dw/kernel', 9], ['dw2/kernel', 25], ['up/kernel', 36], ['words/embeddings', 1]]);
  });

  it('are of one kind', () => {
    const contexts = contextsOf(
      [
        dense('dense', 1), dense('lstm', 1), { ...dense('lstm', 1), name: 'lstm/recurrent_kernel', role: 'kernel' }, { name: 'dense/bias', values: [0.1, 0.2] },
        { name: 'conv/kernel', shape: [3, 3, 4, 8], values: normals(288) }, { name: 'lora/lora_a', role: 'adapter', values: normals(20) }, { name: 'x/mean', role: 'runningMean', values: [1] },
      ],
      { lstm: { className: 'LSTM' } },
    );
    const kinds = [...contexts.values()].map(({ tensor, layer }) => kindOf(tensor, layer));
    assert.deepEqual(kinds, ['dense', 'recurrent', 'recurrent', 'bias', 'convolution', undefined, undefined]);
  });

  it('have a scale that neither the number of inputs nor a single spike changes', () => {
    const contexts = contextsOf([
      dense('small', 1 / 8), dense('large', 1 / 20, 2, [400, 20]),
      { name: 'spike/kernel', shape: [64, 32], values: normals(2048, 1 / 8).map((value, i) => (i === 100 ? 500 : value)) },
    ]);
    for (const context of contexts.values()) near(peerOf(context)!.scale, 1, 0.05);
  });

  it('are compared within their kind, or with all kernels where they are few', () => {
    const convolutions = Array.from({ length: 6 }, (_, i) => ({ name: `c${i}/kernel`, shape: [3, 3, 8, 8], values: normals(576, 0.1, i + 1) }));
    const contexts = contextsOf([...convolutions, dense('d', 0.1), { name: 'c0/bias', values: [0.1, 0.2] }]);
    const group = peerGroupOf(contexts.get('c0/kernel')!)!;
    assert.deepEqual([group.kind, group.size], ['convolution', 6]);
    near(group.medianScale, 0.1 * Math.sqrt(72), 0.05);
    const wide = peerGroupOf(contexts.get('d/kernel')!)!;
    assert.deepEqual([wide.kind, wide.size], ['kernel', 7]);
    assert.equal(peerGroupOf(contexts.get('c0/bias')!), undefined, 'one bias has no peers');
    assert.ok(Math.abs(robustZ(peerOf(contexts.get('c3/kernel')!)!, group)) < 1);
  });

  it('far out in number are a mixture', () => {
    const kernels = (far: number): HandMadeTensor[] => Array.from({ length: 20 }, (_, i) => dense(`d${i}`, i < far ? 10 : 0.1, i + 1, [16, 16]));
    const isMixture = (far: number): boolean => peerGroupOf(contextsOf(kernels(far)).get('d0/kernel')!)!.isMixture;
    assert.deepEqual([isMixture(0), isMixture(1), isMixture(2), isMixture(3)], [false, false, false, true]);
  });

  describe('with a batch normalization behind the kernel', () => {
    const units = 32;
    const norm = (gamma: number, variance: number): HandMadeTensor[] => [
      { name: 'bn/gamma', values: new Float32Array(units).fill(gamma), figures: { orderedValues: new Float32Array(units).fill(gamma) } },
      { name: 'bn/moving_variance', values: new Float32Array(units).fill(variance), figures: { orderedValues: new Float32Array(units).fill(variance) } },
    ];
    const layers = { d: { className: 'Dense' }, bn: { className: 'BatchNormalization', inputs: ['d'], config: { epsilon: 1e-5 } } };
    const scaleOf = (tensors: HandMadeTensor[], all: Record<string, Partial<Layer>> = layers): number | undefined => {
      const context = contextsOf(tensors, all).get('d/kernel')!;
      return peerOf(context)?.scale;
    };

    it('are judged folded', () => {
      near(scaleOf([dense('d', 100), ...norm(1, (100 * 8) ** 2)])!, 1, 0.05);
      near(scaleOf([dense('d', 1 / 8), ...norm(3, 4)])!, 1.5, 0.05);
    });

    it('see a kernel that was scaled after its statistics were taken', () => {
      assert.ok(scaleOf([dense('d', 100 / 8), ...norm(1, 1)])! > 90);
    });

    it('are not judged where the values are unknown, or a normalization takes any scale out', () => {
      assert.equal(scaleOf([dense('d', 1)]), undefined);
      assert.equal(scaleOf([dense('d', 1)], { ...layers, bn: { className: 'LayerNormalization', inputs: ['d'] } }), undefined);
      near(scaleOf([dense('d', 1 / 8)], { d: {}, other: { className: 'Dense', inputs: ['d'] } })!, 1, 0.05);
    });
  });

  it('are found for twenty thousand tensors in the time of one look at each', () => {
    const { model: small, statistics } = analysisOf({ tensors: [dense('d', 1)] });
    const count = 20_000;
    const layers = Array.from({ length: count }, (_, i) => ({ ...small.layers[0]!, name: `d${i}`, tensors: [i] }));
    const tensors = Array.from({ length: count }, (_, i) => ({ ...small.tensors[0]!, name: `d${i}/kernel`, layer: i }));
    const model = { ...small, layers, tensors };
    const contexts: TensorContext[] = [];
    for (const tensor of tensors) contexts.push({ model, layer: layers[tensor.layer]!, tensor, statistics: statistics.get(0)!, nearZeroRatio: 0.01, peers: contexts });
    const begun = performance.now();
    for (const context of contexts) assert.equal(peerGroupOf(context)?.size, count);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs < 5000, `${tookMs} ms; a look at all peers of each would take minutes`);
  });
});
