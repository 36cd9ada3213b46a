import { formatNumber } from '../numberText';
import { finiteCount } from '../statistics/histogram';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { isDepthwise, isMatrix } from './words';

const MIN_NONZERO = 1000;

export const incoherence = tensorRule({
  id: 'incoherence',
  title: 'Incoherent weights',
  severity: 'info',
  why: 'The largest weight is far above the root mean square: with few bits most levels of a quantizer lie where hardly a weight is.',
  whenNormal: 'Trained kernels have 5 to 30; depthwise kernels, whose channels differ in scale, are exempt.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'extreme-spike', 'super-weight', 'heavy-tails'],
  // μ of QuIP (arXiv 2307.13304): uniform 1.7, a million normal draws 5. The limit is our own.
  thresholds: { from: figure(30, '× the RMS', [1, 1e6], 'Largest magnitude beside the root mean square of the non-zero weights from which on it is worth a note.') },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && tensor.shape.length > 1 && !isDepthwise(tensor) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check({ statistics }, { from }): Verdict | undefined {
    const largest = largestMagnitude(statistics);
    const rms = (statistics.l2Norm ?? 0) / Math.sqrt(finiteCount(statistics) - statistics.zeros);
    if (!(rms > 0) || !Number.isFinite(rms) || largest < from * rms) return undefined;
    return {
      message: `The largest magnitude, ${formatNumber(largest)}, is ${formatNumber(largest / rms)} times the root mean square (${formatNumber(rms)}); a bell curve of this size has about ${formatNumber(Math.sqrt(2 * Math.log(statistics.count)))}.`,
      advice: 'Nothing to act on in float32. Before quantizing to four bits or fewer, rotate the weights (incoherence processing) or quantize in small blocks.',
      evidence: { maxMagnitude: largest, rootMeanSquare: rms, incoherence: largest / rms, from },
    };
  },
});
