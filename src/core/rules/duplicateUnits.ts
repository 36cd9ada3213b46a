import { formatInteger, plural } from '../numberText';
import { MOST_SIMILAR_PAIRS } from '../statistics/similarUnits';
import type { SimilarUnits } from '../statistics/tensorStatistics';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { MAX_LISTED_UNITS, isMatrix, partOf } from './words';

/** Pairs that the evidence lists. */
const MAX_LISTED_PAIRS = 16;

export const duplicateUnits = tensorRule({
  id: 'duplicate-units',
  title: 'Duplicate units',
  severity: 'info',
  why: 'Two units with the same weights up to a factor compute the same: one of them is wasted.',
  whenNormal: 'A few look-alikes in first layers and wide layers; words of a vocabulary that mean the same.',
  yieldsTo: ['constant-tensor', 'abnormal-mean', 'misread-bytes', 'absurd-magnitude'],
  thresholds: {
    // Ayinde and Zurada, arXiv 1802.07653, cluster filters by cosine; the limits are our own.
    cosine: figure(0.999, 'cosine', [0.99, 1], 'Cosine of the weights of two units from which on they count as duplicates.'),
    warningFrom: percent(25, 'Share of the units that have a duplicate from which on it is a warning, where there are several.'),
    warningFromUnits: figure(4, 'units', [2, 1e6], 'Number of units with a duplicate below which it stays a note.'),
    weights: figure(27, 'weights', [9, 1e6], 'Least weights of a unit: random filters of nine weights reach a cosine of 0.9, of 27 0.63.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && (statistics.similarUnits?.length ?? 0) > 0,

  check({ layer, statistics }: TensorContext, limits): Verdict | undefined {
    const pairs = (statistics.similarUnits ?? []).filter(({ cosine, weights }) => cosine >= limits.cosine && weights >= limits.weights);
    const [closest] = pairs;
    if (!closest) return undefined;
    const involved = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))].sort((a, b) => a - b);
    const units = statistics.outputChannels?.maxAbs.length ?? involved.length;
    const share = involved.length / units;
    const isMany = share >= asShare(limits.warningFrom) && involved.length >= limits.warningFromUnits;
    return {
      severity: isMany && layer.trainable !== false ? 'warning' : 'info',
      message: `${pairs.length < MOST_SIMILAR_PAIRS ? '' : 'At least '}${partOf(involved.length, units)} output units have the same weights as another one, up to a factor: ${pairWords(closest)}${pairs.length > 1 ? ` and ${plural(pairs.length - 1, 'more pair')}` : ''}.`,
      advice: isMany
        ? 'Units that start alike and get the same gradients stay alike: check that the initializer is random and that no unit was copied when the layer was widened. Merge them: keep one and add up what reads it.'
        : 'One of each pair can go: add up the weights that read them, by their factors, and make the layer narrower. Dropout makes look-alikes rarer.',
      evidence: {
        units, duplicates: involved.length, share,
        pairs: pairs.slice(0, MAX_LISTED_PAIRS).map(({ first, second, cosine }) => ({ first, second, cosine })),
        unitIndices: involved.slice(0, MAX_LISTED_UNITS),
        unitIndicesComplete: involved.length <= MAX_LISTED_UNITS,
        cosineFrom: limits.cosine, warningFrom: asShare(limits.warningFrom),
      },
    };
  },
});

function pairWords({ first, second, cosine }: SimilarUnits): string {
  return `${formatInteger(first)} and ${formatInteger(second)} with a cosine of ${cosine >= 0.9999 ? 'nearly 1' : (Math.floor(cosine * 1e4) / 1e4).toFixed(4)}`;
}
