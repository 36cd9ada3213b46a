import { formatNumber, formatShare } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { sizeWords, spectralOf } from './spectral';
import { asShare, percent } from './thresholds';

/** Below this a rank is a small number, and one less is no news. */
const MIN_ORDER = 16;

export const rankLoss = tensorRule({
  id: 'rank-loss',
  title: 'Rank loss',
  severity: 'info',
  why: 'Some directions of the input are lost, or some outputs are combinations of others: those parameters do nothing of their own.',
  whenNormal: 'Low-rank layers by design, merged adapters, pruned units, and embeddings with many tokens that were never seen.',
  yieldsTo: ['constant-tensor', 'duplicate-units'],
  thresholds: {
    infoFrom: percent(1, 'Missing rank, as a share of min(rows, columns), from which on a note is made; what dead units and channels explain is left out.'),
    warningFrom: percent(50, 'Missing rank from which on it is a warning: rank collapse.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_ORDER;
  },

  check(context: TensorContext, { infoFrom, warningFrom }): Verdict | undefined {
    const { spectrum, figures, order } = spectralOf(context)!;
    const { numericalRank } = figures;
    if (numericalRank === null) return undefined;
    const alive = Math.min(order, livingUnits(context));
    const missing = (alive - numericalRank) / alive;
    if (missing <= 0 || missing < asShare(infoFrom)) return undefined;
    return {
      severity: missing >= asShare(warningFrom) ? 'warning' : 'info',
      message: `The rank is ${numericalRank} of ${alive}${alive < order ? ` (${order} without dead units)` : ''}: ${formatShare(missing)} of the dimensions are lost (${sizeWords(spectrum)}, values above ${formatNumber(figures.spectralNorm * Math.max(spectrum.rows, spectrum.columns) * 2 ** -23)} count).`,
      advice: 'If it is not low-rank by design, look for duplicated or tied units, a bottleneck before it that is narrower than this layer, and too strong a regularizer. A thinner layer or two factors give the same output with fewer weights.',
      evidence: { numericalRank, order, alive, missing, spectralNorm: figures.spectralNorm },
    };
  },
});

/** The most that the rank can be with the units and channels that are all zero: other rules speak of those. */
function livingUnits({ statistics, tensor }: TensorContext): number {
  const { outputChannels, inputChannels } = statistics;
  const living = [outputChannels, inputChannels].map((channels) => {
    if (!channels) return Infinity;
    const dead = channels.maxAbs.reduce((count, most) => count + (most === 0 ? 1 : 0), 0);
    const isRows = channels === outputChannels;
    // An input channel is a row of the matrix for each position of the filter.
    return (channels.maxAbs.length - dead) * (isRows ? 1 : tensor.elements / (outputChannels?.maxAbs.length ?? 1) / channels.maxAbs.length);
  });
  return Math.max(1, Math.min(...living));
}
