import { formatNumber, formatShare } from '../numberText';
import { finiteCount } from '../statistics/histogram';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { isDepthwise, isMatrix, regularizerWords } from './words';

/** A per cent of fewer weights hangs on ten of them. */
const MIN_NONZERO = 1000;

const SIGMAS = 3;

/** Of a normal distribution. */
const BELL_SHARE = 0.0027;

export const outlierShare = tensorRule({
  id: 'outlier-share',
  title: 'Many outliers',
  severity: 'info',
  why: 'A small second population of large weights does the work, and the rest hardly takes part: the layer is fragile under quantization and may be larger than it has to be.',
  whenNormal: 'Layers that learned few sharp features, above all from sparse inputs; pruned weights are left out.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'extreme-spike', 'zero-flood', 'dead-output-units', 'dead-input-channels'],
  // Normal 0.27 %, Laplace 1.4 %, Student t of 3 degrees 1.4 %; no distribution with one peak has more than 4/81 (Vysochanskij–Petunin).
  thresholds: {
    infoFrom: percent(2.5, 'Share of the non-zero weights beyond three standard deviations from which on it is worth a note.'),
    warningFrom: percent(5, 'Share from which on it is a warning: more than any distribution with a single peak has.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && !isDepthwise(tensor) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context, { infoFrom, warningFrom }): Verdict | undefined {
    const bulk = nonZeroMoments(context.statistics);
    if (!bulk) return undefined;
    const { mean, sigma, weights } = bulk;
    const outliers = countBeyond(context.statistics, mean - SIGMAS * sigma, mean + SIGMAS * sigma);
    const share = outliers / weights;
    if (share < asShare(infoFrom)) return undefined;
    return {
      severity: share >= asShare(warningFrom) ? 'warning' : 'info',
      message: `${formatShare(share)} of the non-zero weights lie beyond ${SIGMAS}σ (σ ${formatNumber(sigma)}); a bell curve has ${formatShare(BELL_SHARE)}.`,
      advice: adviceFor(context),
      evidence: { outliers, weights, share, mean, standardDeviation: sigma, infoFrom, warningFrom },
    };
  },
});

/** Of the weights that are not exactly zero. */
function nonZeroMoments(statistics: TensorStatistics): { mean: number; sigma: number; weights: number } | undefined {
  const { mean, l2Norm, zeros } = statistics;
  const finite = finiteCount(statistics);
  const weights = finite - zeros;
  if (mean === null || l2Norm === null || weights === 0) return undefined;
  const own = (mean * finite) / weights;
  const variance = (l2Norm * l2Norm) / weights - own * own;
  return variance > 0 && Number.isFinite(variance) ? { mean: own, sigma: Math.sqrt(variance), weights } : undefined;
}

/** Bins are finer than the limit needs: one that it cuts counts as inside. */
function countBeyond({ distribution: { lower, upper, counts } }: TensorStatistics, low: number, high: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length && upper[i]! < low; i++) sum += counts[i]!;
  for (let i = counts.length - 1; i >= 0 && lower[i]! > high; i--) sum += counts[i]!;
  return sum;
}

function adviceFor({ layer }: TensorContext): string {
  const experiment = 'Prune the small weights and measure: if accuracy holds, the layer can be smaller. Quantize per channel, and keep the large weights.';
  return regularizerWords(layer) === undefined ? `${experiment} L2 regularization evens the weights out.` : experiment;
}
