import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { sizeWords, spectralOf } from './spectral';
import { figure } from './thresholds';
import { isDepthwise } from './words';

/** A matrix of fewer rows or columns has little choice. */
const MIN_ORDER = 16;

export const lowStableRank = tensorRule({
  id: 'low-stable-rank',
  title: 'Low stable rank',
  severity: 'info',
  why: 'One direction carries most of the layer: every input is mapped to nearly the same output, and noise along that direction is amplified most.',
  whenNormal: 'Kernels behind a ReLU whose inputs share a mean, the first layer and embeddings often have one strong common direction.',
  yieldsTo: ['low-effective-rank', 'constant-tensor', 'extreme-spike', 'correlation-trap'],
  thresholds: {
    infoBelow: figure(2, 'stable rank', [1, 1e6], 'Stable rank ‖W‖F²/σ₁² below which a note is made.'),
    warningBelow: figure(1.02, 'stable rank', [1, 1e6], 'Stable rank below which it is a warning: the layer is one direction.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_ORDER && !isDepthwise(context.tensor);
  },

  check(context: TensorContext, { infoBelow, warningBelow }): Verdict | undefined {
    const { spectrum, figures, order } = spectralOf(context)!;
    const { stableRank, spectralNorm, frobeniusNorm } = figures;
    if (stableRank === null || stableRank >= infoBelow) return undefined;
    const random = (spectrum.rows * spectrum.columns) / (Math.sqrt(spectrum.rows) + Math.sqrt(spectrum.columns)) ** 2;
    return {
      severity: stableRank < warningBelow ? 'warning' : 'info',
      message: `The stable rank is ${formatNumber(stableRank)} of at most ${order} (${sizeWords(spectrum)}): the largest singular value, ${formatNumber(spectralNorm)}, holds most of the norm, ${formatNumber(frobeniusNorm)}. Independent weights of this shape have ${formatNumber(random)}.`,
      advice: 'Look whether the inputs of this layer have a common mean (standardize them, or put a normalization before it) and whether one unit or channel holds the large weights.',
      evidence: { stableRank, spectralNorm, frobeniusNorm, rows: spectrum.rows, columns: spectrum.columns, random, infoBelow, warningBelow },
    };
  },
});
