import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { partOf, MAX_LISTED_UNITS } from './words';

/** Smaller tables are no vocabularies, and narrow rows differ in norm by chance. */
const MIN_ROWS = 1000;
const MIN_COLUMNS = 16;

/** Rows below it are dead and have a rule of their own. */
const ZERO_NORM = 1e-6;

/** Bins of log₂ norm, eight an octave, from 2^-16 × to 2^4 × the mean norm. Our own: fine enough to see a gap of half an octave. */
const BINS_PER_OCTAVE = 8;
const LOWEST_OCTAVE = -16;
const BINS = 20 * BINS_PER_OCTAVE;

/** Octaves above the limit that have to be nearly empty, so that the low rows are a cluster and not a tail. */
const GAP_OCTAVES = 0.5;

/** Rows in the gap, as a share of the low cluster. */
const GAP_SHARE = 0.25;

/** Fewer rows are no cluster. */
const MIN_CLUSTER = 8;

export const underTrainedTokens = tensorRule({
  id: 'under-trained-tokens',
  title: 'Under-trained tokens',
  severity: 'info',
  why: 'Tokens that the training data never held keep a row of their own kind; a prompt that holds one makes the model behave at random.',
  whenNormal: 'Most vocabularies have some: reserved tokens, and leftovers of the tokenizer\'s own training data.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude'],
  thresholds: {
    ratio: figure(0.35, '× the median', [0, 1], 'Norm of a row below which a cluster counts as under-trained, beside the median of all rows.'),
    warningFrom: percent(5, 'Share of the rows in the cluster from which on it is a warning.'),
  },

  applies({ tensor, statistics }) {
    const rows = tensor.role === 'embedding' ? statistics.inputChannels : undefined;
    return rows !== undefined && rows.l2Norm.length >= MIN_ROWS && statistics.count / rows.l2Norm.length >= MIN_COLUMNS;
  },

  check({ statistics }: TensorContext, { ratio, warningFrom }): Verdict | undefined {
    const norms = statistics.inputChannels?.l2Norm;
    if (!norms) return undefined;
    const median = binnedMedian(norms);
    const limit = ratio * median;
    const gapEnd = limit * 2 ** GAP_OCTAVES;
    const low: number[] = [];
    let cluster = 0;
    let gap = 0;
    for (let row = 0; row < norms.length; row++) {
      const norm = norms[row]!;
      if (norm < ZERO_NORM || norm >= gapEnd) continue;
      if (norm >= limit) gap++;
      else if (++cluster <= MAX_LISTED_UNITS) low.push(row);
    }
    if (cluster < MIN_CLUSTER || gap > GAP_SHARE * cluster) return undefined;
    return {
      severity: cluster >= asShare(warningFrom) * norms.length ? 'warning' : 'info',
      message: `${partOf(cluster, norms.length)} rows form a cluster of their own: their norm is below ${formatNumber(limit)}, the median is ${formatNumber(median)}.`,
      advice: 'These tokens were hardly trained. Look which they are and keep them out of inputs; before fine-tuning, drop them from the vocabulary or set their rows to the mean row.',
      evidence: { rows: norms.length, cluster, inTheGap: gap, medianNorm: median, limit, ratio, warningFrom: asShare(warningFrom), unitIndices: low, unitIndicesComplete: cluster <= MAX_LISTED_UNITS },
    };
  },
});

/** The median norm of the rows that are not dead, within a twelfth of its value: no sorting of a whole vocabulary. */
function binnedMedian(norms: Float32Array): number {
  let sum = 0;
  let alive = 0;
  for (const norm of norms) {
    if (norm < ZERO_NORM) continue;
    sum += norm;
    alive++;
  }
  if (alive === 0) return 0;
  const mean = sum / alive;
  const counts = new Uint32Array(BINS);
  for (const norm of norms) {
    if (norm < ZERO_NORM) continue;
    const bin = Math.floor((Math.log2(norm / mean) - LOWEST_OCTAVE) * BINS_PER_OCTAVE);
    counts[Math.min(BINS - 1, Math.max(0, bin))]!++;
  }
  let before = 0;
  const middle = counts.findIndex((count) => (before += count) * 2 >= alive);
  return mean * 2 ** (LOWEST_OCTAVE + (middle + 0.5) / BINS_PER_OCTAVE);
}
