import { formatInteger, formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { isMatrix } from './words';

/** Smaller tensors are constant by design more often than by accident. */
const MIN_ELEMENTS = 16;

export const constantTensor = tensorRule({
  id: 'constant-tensor',
  title: 'Constant tensor',
  severity: 'warning',
  why: 'Units with equal weights compute the same and learn the same: the symmetry is never broken.',
  whenNormal: 'Fixed kernels (box blur, pooling written as a convolution) are constant by design; biases and norms are exempt.',
  thresholds: {
    // Relative: absolute limits, as gguf-guard (variance < 1e-12) and aprender (range < 1e-10) have them, depend on the scale.
    spreadRatio: figure(1e-6, 'of max|w|', [0, 0.01], 'Spread max − min up to which all values count as the same.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && statistics.count >= MIN_ELEMENTS,

  check({ layer, statistics }, { spreadRatio }): Verdict | undefined {
    const { min, max, count, zeros } = statistics;
    if (min === null || max === null || zeros === count) return undefined;
    if (statistics.nan + statistics.positiveInfinity + statistics.negativeInfinity > 0) return undefined;
    const largest = largestMagnitude(statistics);
    if (max - min > largest * spreadRatio) return undefined;
    return {
      severity: layer.trainable === false ? 'info' : 'warning',
      message: `All ${formatInteger(count)} values are ${min === max ? '' : 'nearly '}the same: ${formatNumber(max)}.`,
      advice:
        layer.trainable === false
          ? 'The layer is frozen: expected of a fixed kernel such as a blur.'
          : 'Expected only of a fixed kernel such as a blur. Otherwise initialize with random numbers (Glorot, He): equal weights cannot learn different features.',
      evidence: { min, max, count, spreadRatio },
    };
  },
});
