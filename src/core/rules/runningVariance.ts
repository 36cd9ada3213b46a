import { formatNumber, plural } from '../numberText';
import { declaredEpsilon, epsilonOf } from './normalization';
import { tensorRule } from './rule';
import type { Severity, TensorContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { MAX_LISTED_UNITS, partOf } from './words';

interface Variances {
  readonly channels: number;
  /** Root of a number that is not positive: NaN or infinity for every input. */
  readonly broken: readonly number[];
  /** Below zero, which no variance is. */
  readonly negative: readonly number[];
  /** Zero, or nothing beside ε. */
  readonly tiny: readonly number[];
}

export const runningVariance = tensorRule({
  id: 'running-variance',
  title: 'Running variance out of range',
  severity: 'warning',
  why: 'A batch normalization divides by √(variance + ε): not above zero it gives NaN for every input, and far below ε it no longer normalizes.',
  whenNormal: 'Channels whose input is constant (dead filters before the normalization) have a variance of zero; a few of them are a note only.',
  thresholds: {
    tiny: figure(0.01, '× ε', [0, 1], 'Variance up to which the normalization divides by √ε alone.'),
    warningFrom: percent(50, 'Share of channels with such a variance from which on it is a warning; fewer are a note.'),
  },

  applies: ({ tensor, statistics, layer }) => tensor.role === 'runningVariance' && layer.className !== 'Normalization' && statistics.min !== null,

  check(context, { tiny, warningFrom }): Verdict | undefined {
    const epsilon = epsilonOf(context.model, context.layer);
    const found = variancesOf(context, epsilon, tiny * epsilon);
    const severity = severityOf(found, asShare(warningFrom));
    if (!severity) return undefined;
    return {
      severity,
      message: messageFor(found, context, epsilon),
      advice: adviceFor(found),
      evidence: {
        channels: found.channels, epsilon, smallest: context.statistics.min, brokenChannels: found.broken.length, negativeChannels: found.negative.length,
        tinyChannels: found.tiny.length, tinyUpTo: tiny * epsilon, warningFrom: asShare(warningFrom),
        unitIndices: [...found.broken, ...found.negative, ...found.tiny].slice(0, MAX_LISTED_UNITS),
      },
    };
  },
});

function severityOf({ channels, broken, negative, tiny }: Variances, warningFrom: number): Severity | undefined {
  if (broken.length > 0) return 'error';
  if (negative.length > 0 || tiny.length >= warningFrom * channels) return 'warning';
  return tiny.length > 0 ? 'info' : undefined;
}

/** Where the values are not kept one by one, the smallest stands for all that are as bad. */
function variancesOf({ statistics }: TensorContext, epsilon: number, tinyUpTo: number): Variances {
  const values = statistics.orderedValues ?? Float32Array.of(statistics.min!);
  const broken: number[] = [];
  const negative: number[] = [];
  const tiny: number[] = [];
  values.forEach((value, channel) => {
    if (value + epsilon <= 0) broken.push(channel);
    else if (value < 0) negative.push(channel);
    else if (value <= tinyUpTo) tiny.push(channel);
  });
  return { channels: statistics.count, broken, negative, tiny };
}

function messageFor({ channels, broken, negative, tiny }: Variances, { statistics, layer }: TensorContext, epsilon: number): string {
  const assumed = declaredEpsilon(layer) === undefined ? ' (assumed: the file does not say)' : '';
  const smallest = `the smallest is ${formatNumber(statistics.min)}, ε is ${formatNumber(epsilon)}${assumed}`;
  if (broken.length > 0) return `${partOf(broken.length, channels)} running variances are so far below zero that √(variance + ε) has no value: ${smallest}.`;
  if (negative.length > 0) return `${partOf(negative.length, channels)} running variances are below zero: ${smallest}.`;
  return `${partOf(tiny.length, channels)} running variances are nothing beside ε: ${smallest}.`;
}

function adviceFor({ broken, negative, tiny }: Variances): string {
  if (broken.length > 0) return 'The model gives NaN. A variance is never negative: look for a damaged file, or for weights that were averaged or converted wrongly.';
  if (negative.length > 0) return 'ε makes up for it so far. A variance is never negative: it was damaged, averaged or converted; set it to zero.';
  return `The input of ${plural(tiny.length, 'this channel', 'these channels')} hardly varies: look for dead filters before the normalization. Small inputs want a smaller ε.`;
}
