import assert from 'node:assert/strict';
import type { Layer, Model, Tensor } from '../../../src/core/model';
import type { Finding } from '../../../src/core/rules/rule';
import type { Distribution, TensorStatistics } from '../../../src/core/statistics/tensorStatistics';
import { SPARKLINE_BINS } from '../../../src/core/statistics/histogram';
import { layerViews, previewBins, tensorView } from '../../../src/protocol/pageView';

function exactDistribution(values: readonly number[]): Distribution {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const distinct = Float64Array.from([...counts.keys()].sort((a, b) => a - b));
  return { exact: true, lower: distinct, upper: distinct, counts: distinct.map((value) => counts.get(value)!) };
}

function statisticsOf(values: readonly number[], more: Partial<TensorStatistics> = {}): TensorStatistics {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number | null => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
  const max = Math.max(...values.map(Math.abs), 0);
  return {
    count: values.length, zeros: values.filter((v) => v === 0).length, nearZeros: values.filter((v) => Math.abs(v) <= max / 100).length,
    nan: 0, positiveInfinity: 0, negativeInfinity: 0, min: at(0), max: at(1), mean: 0, standardDeviation: 1, skewness: 0,
    excessKurtosis: 0, l1Norm: 0, l2Norm: 0,
    quantiles: [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999].map(at),
    distribution: exactDistribution(values), ...more,
  };
}

function tensor(name: string, layer: number, more: Partial<Tensor> = {}): Tensor {
  return { name, layer, role: 'kernel', dtype: 'float32', shape: [4], elements: 4, bytes: 16, segments: [], ...more };
}

function modelOf(layers: readonly Layer[], tensors: readonly Tensor[]): Model {
  return { name: 'm', path: '/m', format: 'f', formatTitle: 'F', files: [], bytes: 0, layers, tensors, parameters: 0, problems: [] };
}

describe('tensorView', () => {
  it('gives a preview whose exact counts cover every value and whose edges ascend', () => {
    const values = Array.from({ length: 5000 }, (_, i) => Math.sin(i) ** 3);
    values.push(1000, -500);
    const { histogram } = tensorView(3, statisticsOf(values));
    assert.equal(histogram.edges.length, histogram.counts.length + 1);
    assert.equal(histogram.counts.reduce((a, b) => a + b), values.length);
    assert.equal(histogram.edges[0], -500);
    assert.equal(histogram.edges.at(-1), 1000);
    histogram.counts.forEach((count, i) => {
      assert.ok(histogram.edges[i]! < histogram.edges[i + 1]!);
      const last = i === histogram.counts.length - 1;
      const inside = values.filter((v) => v >= histogram.edges[i]! && (v < histogram.edges[i + 1]! || (last && v === histogram.edges[i + 1])));
      assert.equal(count, inside.length);
    });
  });

  it('keeps the window fine although one weight lies far away', () => {
    const values = Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000) / 5000);
    const { histogram } = tensorView(0, statisticsOf([...values, 1e6]));
    assert.ok(histogram.edges.filter((edge) => edge < 1).length > 100);
    assert.equal(histogram.counts.at(-1), 1);
  });

  it('draws the sparkline over p0.1 to p99.9', () => {
    const values = Array.from({ length: 24_000 }, (_, i) => i / 24_000);
    const { sparkline } = tensorView(0, statisticsOf(values));
    assert.equal(sparkline.length, SPARKLINE_BINS);
    for (const count of sparkline) assert.ok(Math.abs(count - 1000) < 20, `${count}`);
  });

  it('puts a constant tensor into the middle of the sparkline', () => {
    const { sparkline, histogram } = tensorView(0, statisticsOf([2, 2, 2]));
    assert.equal(sparkline[SPARKLINE_BINS / 2], 3);
    assert.deepEqual(histogram, { edges: [2, 2], counts: [3] });
  });

  it('has no bars where there is no finite value', () => {
    const none = statisticsOf([], { count: 2, nan: 2, min: null, max: null, quantiles: new Array<null>(9).fill(null) });
    const view = tensorView(0, none);
    assert.deepEqual(view.histogram, { edges: [], counts: [] });
    assert.deepEqual(new Set(view.sparkline), new Set([0]));
  });

  it('tells dead units from those of nothing but NaN', () => {
    const units = { axis: 0, maxAbs: Float32Array.of(0, 0, 1), l2Norm: Float32Array.of(0, 0, 1) };
    const view = (more: Partial<TensorStatistics>) => tensorView(0, statisticsOf([0, 0, 0, 0, 1, 0], more)).outputChannels!;
    const plain = view({ outputChannels: units });
    assert.deepEqual([plain.dead, plain.notFinite], [[0, 1], []]);
    const counted = view({ outputChannels: { ...units, zeros: Uint32Array.of(2, 0, 1) }, nan: 2 });
    assert.deepEqual([counted.dead, counted.notFinite], [[0], [1]]);
    const unknown = view({ outputChannels: units, nan: 2 });
    assert.deepEqual([unknown.dead, unknown.notFinite], [[], []], 'where nobody counted, nothing is claimed');
  });

  it('leaves many units out until somebody looks at the tensor', () => {
    const of = (count: number): Partial<TensorStatistics> => ({ outputChannels: { axis: 0, maxAbs: new Float32Array(count).fill(1), l2Norm: new Float32Array(count).fill(1) } });
    const few = tensorView(0, statisticsOf([1, 2]), {});
    assert.equal(few.omitsUnits, undefined);
    assert.equal(tensorView(0, statisticsOf([1, 2], of(1024))).outputChannels?.l2Norm.length, 1024);
    const many = tensorView(0, statisticsOf([1, 2], of(1025)));
    assert.deepEqual([many.omitsUnits, many.outputChannels], [true, undefined]);
    assert.equal(tensorView(0, statisticsOf([1, 2], of(1025)), { withUnits: true }).outputChannels?.l2Norm.length, 1025);
    assert.equal(tensorView(0, statisticsOf([1, 2], of(8)), { bins: 24 }).omitsUnits, true, 'a model of thousands of tensors sends none');
  });

  it('spreads a wide bin over the steps it covers', () => {
    const wide: Distribution = { exact: false, lower: Float64Array.of(0), upper: Float64Array.of(24), counts: Float64Array.of(2400) };
    const { sparkline } = tensorView(0, statisticsOf([0, 24], { distribution: wide }));
    assert.deepEqual(new Set(sparkline), new Set([100]));
  });
});

describe('layerViews', () => {
  const layers: Layer[] = [{ name: 'a', tensors: [0, 1, 2] }, { name: 'b', tensors: [3] }];
  const tensors = [
    tensor('a/kernel', 0), tensor('a/bias', 0, { role: 'bias', elements: 2 }), tensor('a/shape', 0, { role: 'constant' }),
    tensor('b/kernel', 1, { unreadable: 'the shard is missing' }),
  ];
  const model = modelOf(layers, tensors);

  it('adds up shares of the weights and leaves constants out', () => {
    const statistics = new Map([[0, statisticsOf([0, 0, 1, 1])], [1, statisticsOf([0, 1])], [2, statisticsOf([0, 0, 0, 0])]]);
    const [a] = layerViews(model, statistics, []);
    assert.equal(a!.parameters, 6);
    assert.equal(a!.sparsity, 0.5);
  });

  it('has no shares before the first weight is read', () => {
    assert.deepEqual(layerViews(model, new Map(), [])[1], { index: 1, parameters: 4, sparsity: null, nearZero: null, severity: null });
  });

  it('takes the worst finding of the layer and of its tensors', () => {
    const finding = (severity: Finding['severity'], kind: 'layer' | 'tensor' | 'model', name: string): Finding =>
      ({ rule: 'r', severity, subject: { kind, name }, message: '', advice: '' });
    const findings = [finding('info', 'layer', 'a'), finding('error', 'tensor', 'a/bias'), finding('warning', 'tensor', 'a/kernel'), finding('error', 'model', 'b')];
    const views = layerViews(model, new Map(), findings);
    assert.deepEqual(views.map((view) => view.severity), ['error', null]);
  });
});

describe('previewBins', () => {
  it('is coarser for models of thousands of tensors', () => {
    const many = modelOf([], Array.from({ length: 4000 }, (_, i) => tensor(`t${i}`, 0)));
    assert.ok(previewBins(many) < previewBins(modelOf([], [])));
  });
});
