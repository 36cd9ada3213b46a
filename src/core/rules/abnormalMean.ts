import { formatNumber } from '../numberText';
import { QUANTILES } from '../statistics/tensorStatistics';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isMatrix } from './words';

const MEDIAN = QUANTILES.indexOf(0.5);

/** Of fewer weights a mean says little. */
const MIN_ELEMENTS = 16;

export const abnormalMean = tensorRule({
  id: 'abnormal-mean',
  title: 'Abnormal mean',
  severity: 'warning',
  why: 'Weights lie around zero: a layer that is shifted as a whole adds the same large number to everything.',
  whenNormal: 'Fixed tables stored as weights (positions, lookup tables); biases, normalizations and running statistics are exempt.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'constant-tensor', 'quantization-scale'],
  // 10 is gguf-guard's; 100 is our own.
  thresholds: {
    warningFrom: figure(10, '|mean|', [0, 1e9], 'Mean of a kernel from which on it is a warning, where it exceeds σ and the median agrees.'),
    errorFrom: figure(100, '|mean|', [0, 1e9], 'Mean of a kernel from which on it is an error.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && statistics.count >= MIN_ELEMENTS,

  check({ layer, statistics }: TensorContext, { warningFrom, errorFrom }): Verdict | undefined {
    const { mean, standardDeviation } = statistics;
    const median = statistics.quantiles[MEDIAN] ?? null;
    if (mean === null || median === null || Math.abs(mean) < warningFrom) return undefined;
    if (Math.abs(mean) < (standardDeviation ?? 0)) return undefined;
    // A single spike moves the mean, not the median, and has a rule of its own.
    if (Math.abs(median) < warningFrom / 2 || Math.sign(median) !== Math.sign(mean)) return undefined;
    const isFixed = layer.trainable === false;
    return {
      severity: isFixed ? 'info' : Math.abs(mean) >= errorFrom ? 'error' : 'warning',
      message: `The mean is ${formatNumber(mean)} (median ${formatNumber(median)}, σ ${formatNumber(standardDeviation)}); kernels lie around 0.`,
      advice: isFixed
        ? 'The layer is frozen: expected of a fixed table or filter.'
        : 'A wrong data type or zero point, integers read as weights, or training that ran away. Compare with the original file; in training, lower the learning rate and normalize the inputs.',
      evidence: { mean, median, standardDeviation, warningFrom, errorFrom },
    };
  },
});
