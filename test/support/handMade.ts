import type { Analysis } from '../../src/core/analysis';
import type { Layer, Model, Problem, Role, Tensor } from '../../src/core/model';
import { findingsOf } from '../../src/core/rules/index';
import type { Finding } from '../../src/core/rules/rule';
import { seededRandom } from '../../src/core/seededRandom';
import { NEAR_ZERO_RATIO, QUANTILES } from '../../src/core/statistics/tensorStatistics';
import type { ChannelStatistics, Distribution, TensorStatistics } from '../../src/core/statistics/tensorStatistics';

/** A tensor by its values, as a test writes it. */
export interface HandMadeTensor extends Partial<Omit<Tensor, 'name' | 'layer'>> {
  readonly name: string;
  /** The part of the name before the last slash where absent. */
  readonly layer?: string;
  readonly values?: ArrayLike<number>;
  /** Figures that only the engine finds, beside those of the values. */
  readonly figures?: Partial<TensorStatistics>;
}

export interface HandMadeModel {
  readonly tensors: readonly HandMadeTensor[];
  /** What the layers' configuration says, by layer name. */
  readonly layers?: Readonly<Record<string, Partial<Layer>>>;
  readonly problems?: readonly Problem[];
  readonly failures?: ReadonlyMap<number, string>;
}

/** The statistics of numbers in memory by their textbook formulas: slow, plain, and with every value a bin of its own. */
export function statisticsOf(values: ArrayLike<number>, shape: readonly number[] = [values.length], axes: Tensor['axes'] = {}): TensorStatistics {
  const all = Array.from(values);
  const finite = all.filter(Number.isFinite);
  const n = finite.length;
  const figure = (f: () => number): number | null => (n > 0 ? f() : null);
  const sum = (f: (x: number) => number): number => finite.reduce((total, x) => total + f(x), 0);
  const mean = sum((x) => x) / n;
  const sigma = Math.sqrt(sum((x) => (x - mean) ** 2) / n);
  const moment = (k: number): number => (sigma > 0 ? sum((x) => (x - mean) ** k) / n / sigma ** k : 0);
  const sorted = [...finite].sort((a, b) => a - b);
  const largest = Math.max(Math.abs(sorted[0] ?? 0), Math.abs(sorted[n - 1] ?? 0));
  return {
    count: all.length,
    zeros: finite.filter((x) => x === 0).length,
    nearZeros: finite.filter((x) => Math.abs(x) <= largest * NEAR_ZERO_RATIO).length,
    nan: all.filter(Number.isNaN).length,
    positiveInfinity: all.filter((x) => x === Infinity).length,
    negativeInfinity: all.filter((x) => x === -Infinity).length,
    min: sorted[0] ?? null,
    max: sorted[n - 1] ?? null,
    mean: figure(() => mean),
    standardDeviation: figure(() => sigma),
    skewness: figure(() => moment(3)),
    excessKurtosis: figure(() => (sigma > 0 ? moment(4) - 3 : 0)),
    l1Norm: figure(() => sum(Math.abs)),
    l2Norm: figure(() => Math.sqrt(sum((x) => x * x))),
    quantiles: QUANTILES.map((q) => sorted[Math.round(q * (n - 1))] ?? null),
    distribution: distributionOf(sorted),
    ...(axes.output !== undefined && { outputChannels: channelsOf(all, shape, axes.output) }),
    ...(axes.input !== undefined && { inputChannels: channelsOf(all, shape, axes.input) }),
  };
}

function distributionOf(sorted: readonly number[]): Distribution {
  const counts = new Map<number, number>();
  for (const value of sorted) counts.set(value + 0, (counts.get(value + 0) ?? 0) + 1);
  const values = Float64Array.from(counts.keys());
  return { exact: true, lower: values, upper: values, counts: Float64Array.from(counts.values()) };
}

function channelsOf(values: readonly number[], shape: readonly number[], axis: number): ChannelStatistics {
  const units = shape[axis]!;
  const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const maxAbs = new Float32Array(units);
  const squares = new Float64Array(units);
  const sums = new Float64Array(units);
  values.forEach((value, index) => {
    if (!Number.isFinite(value)) return;
    const unit = Math.floor(index / stride) % units;
    maxAbs[unit] = Math.max(maxAbs[unit]!, Math.abs(value));
    squares[unit]! += value * value;
    sums[unit]! += value;
  });
  return { axis, maxAbs, l2Norm: Float32Array.from(squares, Math.sqrt), sum: Float32Array.from(sums) };
}

/** A finished analysis of the tensors whose values are given; the others have no statistics. */
export function analysisOf({ tensors, layers = {}, problems = [], failures = new Map<number, string>() }: HandMadeModel): Analysis {
  const names = [...new Set([...tensors.map(layerOf), ...Object.keys(layers)])];
  const built = tensors.map((tensor) => buildTensor(tensor, names));
  const weights = built.filter(({ role, dtype }) => !['constant', 'optimizer', 'quantization'].includes(role) && dtype !== 'string');
  const model: Model = {
    name: 'model.json',
    path: '/models/model.json',
    format: 'tfjs-layers',
    formatTitle: 'TensorFlow.js layers model',
    files: [{ path: '/models/model.json', sizeBytes: 1000, modifiedMs: 0 }],
    bytes: 1000,
    layers: names.map((name, index) => ({ name, ...layers[name], tensors: built.flatMap((tensor, i) => (tensor.layer === index ? [i] : [])) })),
    tensors: built,
    parameters: weights.reduce((sum, { elements }) => sum + elements, 0),
    problems,
  };
  const statistics = new Map<number, TensorStatistics>();
  tensors.forEach(({ values, figures }, index) => {
    const { shape, axes, role } = built[index]!;
    const ordered = values && ORDERED.has(role) ? { orderedValues: Float32Array.from(values) } : {};
    if (values) statistics.set(index, { ...statisticsOf(values, shape, axes), ...ordered, ...figures });
  });
  return { model, statistics, failures, findings: findingsOf(model, statistics, failures), complete: true };
}

export function findingsOfTensors(tensors: readonly HandMadeTensor[], layers?: HandMadeModel['layers']): readonly Finding[] {
  return analysisOf({ tensors, ...(layers && { layers }) }).findings;
}

function layerOf({ name, layer }: HandMadeTensor): string {
  return layer ?? name.split('/').slice(0, -1).join('/');
}

/** As the engine keeps them: in element order. */
const ORDERED: ReadonlySet<Role> = new Set<Role>(['bias', 'normScale', 'normShift', 'runningMean', 'runningVariance']);

const ROLE_BY_NAME: Readonly<Record<string, Role>> = { kernel: 'kernel', bias: 'bias', gamma: 'normScale', beta: 'normShift', moving_mean: 'runningMean', moving_variance: 'runningVariance', embeddings: 'embedding', recurrent_kernel: 'kernel', depthwise_kernel: 'kernel', pointwise_kernel: 'kernel' };

function withoutFigures(tensor: HandMadeTensor): HandMadeTensor {
  const copy: { -readonly [K in keyof HandMadeTensor]: HandMadeTensor[K] } = { ...tensor };
  delete copy.figures;
  return copy;
}

function buildTensor(tensor: HandMadeTensor, layerNames: readonly string[]): Tensor {
  const { values, layer, ...given } = withoutFigures(tensor);
  const shape = tensor.shape ?? [values?.length ?? 1];
  const elements = shape.reduce((product, size) => product * size, 1);
  if (values && values.length !== elements) throw new Error(`${tensor.name}: ${values.length} values do not fill ${shape.join('×')}`);
  const role = tensor.role ?? ROLE_BY_NAME[tensor.name.split('/').pop() ?? ''] ?? 'other';
  const isKernel = role === 'kernel' && shape.length > 1;
  return {
    role,
    dtype: 'float32',
    bytes: elements * 4,
    segments: [],
    ...(isKernel && { axes: { input: shape.length - 2, output: shape.length - 1 } }),
    ...given,
    shape,
    elements,
    layer: layerNames.indexOf(layer ?? layerOf(tensor)),
  };
}

/** Normal random numbers, the same in every run (mulberry32 and Box–Muller). */
export function normals(n: number, sigma = 1, seed = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: n }, () => sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

/** Numbers in [0, 1). */
export const uniform = seededRandom;
