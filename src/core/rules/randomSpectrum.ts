import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { MIN_VALUES, sizeWords, spectralOf } from './spectral';
import { figure } from './thresholds';

export const randomSpectrum = tensorRule({
  id: 'random-spectrum',
  title: 'Spectrum of a random matrix',
  severity: 'info',
  why: 'No direction stands out from what independent random weights of this size have: the layer may have learned nothing.',
  whenNormal: 'Fresh models, frozen random features, layers with a very small learning rate, and wide layers whose change is spread thinly.',
  yieldsTo: ['at-initialization', 'orthogonal-at-initialization'],
  thresholds: {
    edgeRatio: figure(1.05, '× the Marchenko–Pastur edge', [0.5, 10], 'Largest eigenvalue, beside the edge of a random matrix of this size and variance, up to which the spectrum counts as random.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_VALUES && spectral.figures.marchenkoPastur !== null;
  },

  check(context: TensorContext, { edgeRatio }): Verdict | undefined {
    const { spectrum, figures } = spectralOf(context)!;
    const { edge, beyond } = figures.marchenkoPastur!;
    const ratio = figures.spectralNorm ** 2 / edge;
    // Far below the edge the weights are no independent numbers either: orthogonal or banded matrices.
    if (beyond > 0 || ratio > edgeRatio || ratio < LEAST_RATIO) return undefined;
    return {
      message: `The largest eigenvalue is ${formatNumber(ratio)} × the Marchenko–Pastur edge, ${formatNumber(edge)}, and none lies beyond it (${sizeWords(spectrum)}): the spectrum cannot be told from that of random weights.`,
      advice: 'Look whether the layer was trained: whether its bias and its neighbours moved, whether it is frozen, and whether gradients reach it. Together with weights that still match their initializer it is untrained.',
      evidence: { ratio, edge, beyond, edgeRatio, rows: spectrum.rows, columns: spectrum.columns },
    };
  },
});

/** Independent weights have 0.94 to 1.03 from 50 values on (simulated). */
const LEAST_RATIO = 0.9;
