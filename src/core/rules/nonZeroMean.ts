import { factsOf } from '../layerFacts';
import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isDepthwise } from './words';

/** Half a standard deviation is eleven standard errors then: no accident. */
const MIN_ELEMENTS = 512;

export const nonZeroMean = tensorRule({
  id: 'non-zero-mean',
  title: 'Mean far from zero',
  severity: 'info',
  why: 'A kernel whose weights lean to one side adds the mean of its inputs to every unit: all of them move together, and part of the capacity is one bias.',
  whenNormal: 'Layers with a non-negativity constraint, blur and pooling filters, inputs that are all positive.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'abnormal-mean', 'constant-tensor', 'quantization-scale', 'extreme-spike'],
  // Our own: trained kernels that we measured stay below 0.5 σ but for a few single-channel ones.
  thresholds: { from: figure(0.5, 'σ', [0.01, 1000], 'Distance of the mean from zero from which on it is worth a note.') },

  applies: ({ tensor, statistics }) => (tensor.role === 'kernel' || tensor.role === 'head') && !isDepthwise(tensor) && statistics.count >= MIN_ELEMENTS,

  check(context, { from }): Verdict | undefined {
    const { mean, standardDeviation, count } = context.statistics;
    if (mean === null || standardDeviation === null || standardDeviation === 0 || Math.abs(mean) < from * standardDeviation) return undefined;
    return {
      message: `The mean, ${formatNumber(mean)}, lies ${formatNumber(Math.abs(mean) / standardDeviation)} standard deviations (σ ${formatNumber(standardDeviation)}) from zero.`,
      advice: adviceFor(context),
      evidence: { mean, standardDeviation, ratio: Math.abs(mean) / standardDeviation, standardErrors: (Math.abs(mean) / standardDeviation) * Math.sqrt(count), from },
    };
  },
});

function adviceFor({ model, layer }: TensorContext): string {
  const constraint = Object.values(layer.constraints ?? {}).find(({ name }) => /NonNeg/i.test(name));
  if (constraint) return `Expected: the layer declares the constraint ${constraint.name}.`;
  if (factsOf(model, layer).normalizationAfter) return 'Batch normalization follows and takes the common part out again: harmless, but the inputs may be better centred.';
  return 'Centre the inputs of the layer (standardize them, or normalize before it); check the zero point where the file was dequantized.';
}
