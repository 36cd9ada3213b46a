import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { isMatrix } from './words';

/** OCP 8-bit Floating Point Specification, revision 1.0: the largest numbers of E4M3 and E5M2. */
const E4M3_LARGEST = 448;
const E5M2_LARGEST = 57_344;

export const float8Overflow = tensorRule({
  id: 'float8-overflow',
  title: 'Overflows float8',
  severity: 'info',
  why: 'Cast to float8 without a scale, these weights saturate or become NaN.',
  whenNormal: 'Almost all float8 inference scales each tensor first; then it does not matter.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'float16-overflow', 'extreme-spike', 'exploding-variance', 'abnormal-mean'],
  thresholds: { from: figure(E4M3_LARGEST, '|w|', [1, E5M2_LARGEST], 'Magnitude beyond which it is worth a note: the largest number of float8 E4M3.') },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && tensor.dtype.startsWith('float') && statistics.max !== null,

  check({ statistics }, { from }): Verdict | undefined {
    const largest = largestMagnitude(statistics);
    if (largest <= from) return undefined;
    const isBeyondBoth = largest > E5M2_LARGEST;
    return {
      message: `The largest magnitude, ${formatNumber(largest)}, is beyond float8 E4M3 (${E4M3_LARGEST})${isBeyondBoth ? ` and E5M2 (${formatNumber(E5M2_LARGEST)})` : ''}.`,
      advice: `Give the tensor a scale before casting it${isBeyondBoth ? '' : ', or use E5M2'}. Weights of this size are rare: see whether the layer's inputs are very small.`,
      evidence: { maxMagnitude: largest, e4m3Largest: E4M3_LARGEST, e5m2Largest: E5M2_LARGEST, from },
    };
  },
});
