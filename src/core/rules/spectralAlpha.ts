import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { spectralOf } from './spectral';
import { figure } from './thresholds';

export const spectralAlpha = tensorRule({
  id: 'spectral-alpha',
  title: 'Unusual power-law exponent',
  severity: 'info',
  why: 'The tail of the eigenvalues of a well-trained layer tends to follow a power law with an exponent of 2 to 6; others often generalize worse.',
  whenNormal: 'Small models, layers that were hardly trained on purpose (frozen, reservoir), and architectures the statistic was not gathered on.',
  yieldsTo: ['random-spectrum', 'orthogonal-at-initialization', 'at-initialization'],
  thresholds: {
    overTrainedBelow: figure(2, 'alpha', [1, 6], 'Exponent below which the tail is so heavy that a few directions hold the layer.'),
    underTrainedFrom: figure(6, 'alpha', [2, 20], 'Exponent from which on the layer looks hardly trained.'),
    ignoredFrom: figure(8, 'alpha', [2, 100], 'Exponent from which on nothing is said: WeightWatcher ignores such fits.'),
  },

  applies: (context) => spectralOf(context) !== undefined,

  check(context: TensorContext, { overTrainedBelow, underTrainedFrom, ignoredFrom }): Verdict | undefined {
    const { powerLaw } = spectralOf(context)!.figures;
    if ('notApplicable' in powerLaw || powerLaw.alpha >= ignoredFrom) return undefined;
    const { alpha, tail, distance, xMin } = powerLaw;
    if (alpha >= overTrainedBelow && alpha < underTrainedFrom) return undefined;
    const isHeavy = alpha < overTrainedBelow;
    return {
      message: `The eigenvalues fall off with the exponent alpha = ${formatNumber(alpha)} (tail of ${tail} from ${formatNumber(xMin)} on, fit distance ${formatNumber(distance)}); ${isHeavy ? `below ${formatNumber(overTrainedBelow)} a few directions hold the layer` : `from ${formatNumber(underTrainedFrom)} on a layer looks hardly trained`}.`,
      advice: isHeavy
        ? 'If the model does worse on new data than in training, stop earlier or regularize this layer more; look at the stable rank and the largest weights, too.'
        : 'Compare with the other layers of the model: one alone may be too large for its task, learn too slowly or be frozen. Train longer, or make it smaller.',
      evidence: { alpha, tail, xMin, distance, overTrainedBelow, underTrainedFrom },
    };
  },
});
