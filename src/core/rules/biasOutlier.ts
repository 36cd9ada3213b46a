import { factsOf } from '../layerFacts';
import { formatNumber } from '../numberText';
import { isLast } from './explodingVariance';
import { mayBeFolded } from './frozen';
import { fanInOf } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isAllZero, largestMagnitude } from './units';
import { isMatrix } from './words';

/** A last layer's bias starts at the mean of its target, or at the logarithm of a rare class' odds: −4.6. */
const LAST_LAYER_SLACK = 2.5;

export const biasOutlier = tensorRule({
  id: 'bias-outlier',
  title: 'Large bias',
  severity: 'info',
  why: 'A bias far beyond what the weights can add up to decides alone: its unit is always on or always off.',
  whenNormal: 'Forget gates of an LSTM, and frozen graphs whose biases took in a normalization, are exempt; last layers, which may hold a prior or a mean, have more room.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'non-finite-values'],
  // Our own. √fan_in·RMS is what inputs of unit scale add up to. In frozen graphs, whose biases took in normalizations, we measured up to 4 800.
  thresholds: {
    infoFrom: figure(20, '× RMS·√fan_in', [1, 1e9], 'Largest bias beside the scale that the kernel gives inputs of unit scale, from which on it is worth a note.'),
    warningFrom: figure(100, '× RMS·√fan_in', [1, 1e9], 'From here on it is a warning.'),
  },

  applies: ({ tensor, layer, model, statistics }) => {
    if (tensor.role !== 'bias' || isAllZero(statistics) || mayBeFolded(model)) return false;
    const facts = factsOf(model, layer);
    // A batch normalization takes the bias out again, and recurrent gates have biases by design.
    return !facts.normalizationAfter && !facts.recurrent;
  },

  check(context, { infoFrom, warningFrom }): Verdict | undefined {
    const scale = preActivationScale(context);
    const largest = largestMagnitude(context.statistics);
    const slack = isLast(context) ? LAST_LAYER_SLACK : 1;
    if (scale === undefined || largest < infoFrom * slack * scale) return undefined;
    const ratio = largest / scale;
    return {
      severity: ratio >= warningFrom * slack ? 'warning' : 'info',
      message: `The largest bias, ${formatNumber(largest)}, is ${formatNumber(ratio)} times what the weights give inputs of unit scale (RMS·√fan_in ${formatNumber(scale)}).`,
      advice: 'Its unit is on or off whatever the input, unless the inputs are large: standardize them, or normalize before the layer. After a learning rate that was too high, compare with an earlier checkpoint.',
      evidence: { maxMagnitude: largest, scale, ratio, infoFrom, warningFrom },
    };
  },
});

/** RMS·√fan_in of the kernel beside the bias; of several the largest. undefined without one. */
function preActivationScale({ layer, peers, tensor }: TensorContext): number | undefined {
  let scale: number | undefined;
  for (const { tensor: kernel, statistics } of kernelsOf(peers).get(layer) ?? []) {
    const fanIn = fanInOf(kernel);
    if (fanIn === undefined || statistics.l2Norm === null || !isWide(kernel.shape, tensor.elements)) continue;
    const own = statistics.l2Norm * Math.sqrt(fanIn / kernel.elements);
    if (own > (scale ?? 0)) scale = own;
  }
  return scale;
}

/** A kernel with a dimension for the bias' units. */
function isWide(shape: readonly number[], units: number): boolean {
  return shape.includes(units);
}

const byLayer = new WeakMap<readonly TensorContext[], Map<TensorContext['layer'], TensorContext[]>>();

/** Once a model, so that all biases together take linear time. */
function kernelsOf(peers: readonly TensorContext[]): Map<TensorContext['layer'], TensorContext[]> {
  const before = byLayer.get(peers);
  if (before) return before;
  const kernels = new Map<TensorContext['layer'], TensorContext[]>();
  for (const context of peers) {
    if (!isMatrix(context.tensor)) continue;
    const known = kernels.get(context.layer);
    if (known) known.push(context);
    else kernels.set(context.layer, [context]);
  }
  byLayer.set(peers, kernels);
  return kernels;
}
