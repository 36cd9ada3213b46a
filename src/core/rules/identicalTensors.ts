import { tiedTensors } from '../layerFacts';
import { formatInteger, plural } from '../numberText';
import type { ChannelStatistics, Distribution } from '../statistics/tensorStatistics';
import { mayBeFolded } from './frozen';
import { modelRule } from './rule';
import type { ModelContext, TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isAllZero } from './units';
import { isMatrix } from './words';

/** Kernels of fewer different values (binary and ternary networks) may be alike by design. */
const MIN_DISTINCT = 16;

/** Sums of the same numbers in another order differ in their last digits. */
const ROUNDING = 1e-9;

/** Names that one message carries. */
const MAX_NAMED = 4;

export const identicalTensors = modelRule({
  id: 'identical-tensors',
  title: 'Identical tensors',
  severity: 'warning',
  why: 'Two layers with the same weights to the last bit: one was copied over the other, or both were started from the same seed and never trained.',
  whenNormal: 'Embedding and head are often tied; a layer that is used twice may be stored twice.',
  thresholds: {
    weights: figure(512, 'weights', [64, 1e9], 'Least weights of a kernel: smaller ones may be alike by accident.'),
  },

  applies: ({ tensors }) => tensors.length > 1,

  check(context, limits): Verdict[] {
    return groupsOfEquals(context, limits.weights).map(verdictFor);
  },
});

function verdictFor(group: readonly TensorContext[]): Verdict {
  const [first, ...copies] = group as [TensorContext, ...TensorContext[]];
  const isTied = group.every(({ tensor }) => tensor.role === 'embedding' || tensor.role === 'head') || copies.every(({ tensor }) => tiedTensors(first.model, first.tensor).includes(tensor));
  // Where a graph uses a variable several times, freezing and folding leave a copy at each use.
  const isFolded = mayBeFolded(first.model);
  const isFixed = group.every(({ layer }) => layer.trainable === false);
  const names = copies.slice(0, MAX_NAMED).map(({ tensor }) => tensor.name).join(', ');
  const rest = copies.length > MAX_NAMED ? ` and ${plural(copies.length - MAX_NAMED, 'more tensor')}` : '';
  return {
    severity: isTied || isFixed || isFolded ? 'info' : 'warning',
    subject: { kind: 'tensor', name: first.tensor.name },
    message: `All ${formatInteger(first.statistics.count)} values are the same as in ${names}${rest}.`,
    advice: isTied
      ? 'Tied weights: stored twice, they can be stored once. If only one of them is trained on, they drift apart.'
      : isFolded
        ? 'Usual in a frozen graph that uses a layer several times: each use has its copy. It costs space only.'
        : 'If one layer is used at both places, store it once. Otherwise a copy went wrong, or both layers were initialized from the same seed and have not been trained: compare with the original.',
    evidence: { tensors: group.slice(0, MAX_NAMED + 1).map(({ tensor }) => tensor.name), copies: copies.length, weights: first.statistics.count, isTied },
  };
}

/** Groups of two and more kernels that agree in every figure that is known of them. */
function groupsOfEquals({ tensors }: ModelContext, leastWeights: number): TensorContext[][] {
  const byFigures = new Map<string, TensorContext[][]>();
  for (const context of tensors) {
    if (!isComparable(context, leastWeights)) continue;
    const key = keyOf(context);
    const groups = byFigures.get(key) ?? [];
    const group = groups.find(([first]) => first && isEqual(first, context));
    if (group) group.push(context);
    else groups.push([context]);
    byFigures.set(key, groups);
  }
  return [...byFigures.values()].flat().filter((group) => group.length > 1);
}

function isComparable({ tensor, statistics }: TensorContext, leastWeights: number): boolean {
  if (!isMatrix(tensor) || statistics.count < leastWeights || isAllZero(statistics)) return false;
  return statistics.distribution.counts.length >= MIN_DISTINCT;
}

/** What does not depend on the order in which the parts of a tensor were added up. */
function keyOf({ statistics }: TensorContext): string {
  const { count, zeros, nan, min, max } = statistics;
  return [count, zeros, nan, min, max].join(' ');
}

function isEqual(a: TensorContext, b: TensorContext): boolean {
  const sameShape = hasSameShape(a.tensor.shape, b.tensor.shape);
  // A head is its embedding turned by a quarter.
  if (!sameShape && !hasSameShape(a.tensor.shape, [...b.tensor.shape].reverse())) return false;
  if (!isClose(a.statistics.mean, b.statistics.mean) || !isClose(a.statistics.l2Norm, b.statistics.l2Norm)) return false;
  if (!hasSameBins(a.statistics.distribution, b.statistics.distribution)) return false;
  return !sameShape || (hasSameUnits(a.statistics.outputChannels, b.statistics.outputChannels) && hasSameUnits(a.statistics.inputChannels, b.statistics.inputChannels));
}

function hasSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function isClose(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b));
}

function hasSameBins(a: Distribution, b: Distribution): boolean {
  return isSame(a.counts, b.counts) && isSame(a.lower, b.lower);
}

function hasSameUnits(a: ChannelStatistics | undefined, b: ChannelStatistics | undefined): boolean {
  // Where only one of the two has a known axis nothing speaks against it.
  return !a || !b || a.axis !== b.axis || isSame(a.maxAbs, b.maxAbs);
}

function isSame(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
