import { factsOf } from '../layerFacts';
import { formatInteger, formatNumber } from '../numberText';
import { mayBeFolded, mayBeNormalized } from './frozen';
import { KIND_WORDS, peerGroupOf, peerOf, robustZ, standsOut } from './peers';
import type { Peer, PeerGroup } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isMatrix } from './words';

/** Beside the factor the group's spread must be left behind as well. */
const MIN_Z = 5;

/** A last layer has the scale of what it predicts: pixels, prices. */
const LAST_LAYER_SLACK = 2;

export const explodingVariance = tensorRule({
  id: 'exploding-variance',
  title: 'Exploding variance',
  severity: 'warning',
  why: 'The layer multiplies what comes in many times over: activations saturate or overflow, and gradients blow up behind it.',
  whenNormal: 'Last layers that give pixels, prices or other large numbers; a following batch normalization is folded in before judging, and where the file does not say what follows, large kernels among large ones are a note.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'abnormal-mean', 'constant-tensor', 'quantization-scale'],
  // weightlens takes variance ≥ 10 × the median as it is, SageMaker Debugger the largest over the smallest; with fan-in taken out, trained models that we measured stay below 8 × in σ.
  thresholds: {
    ratioFrom: figure(10, '× the median peer', [2, 1e9], 'RMS·√fan_in beside its peers\' median from which on it is a warning, where it lies outside their spread as well; last layers twice that.'),
    scaleFrom: figure(5, 'RMS·√fan_in', [1, 1e9], 'Below this no layer explodes, whatever its peers do; initializers give about 1.'),
    aloneFrom: figure(20, 'RMS·√fan_in', [1, 1e9], 'From here on it is a warning where there are no peers to compare with, or all are as large.'),
  },

  applies: (context) => isMatrix(context.tensor) && context.tensor.role !== 'embedding' && peerOf(context) !== undefined,

  check(context, { ratioFrom, scaleFrom, aloneFrom }): Verdict | undefined {
    const peer = peerOf(context)!;
    if (peer.scale < scaleFrom) return undefined;
    const slack = isLast(context) ? LAST_LAYER_SLACK : 1;
    const group = peerGroupOf(context);
    const ratio = group ? peer.scale / group.medianScale : undefined;
    const isOutlier = group !== undefined && ratio! >= ratioFrom * slack && standsOut(peer, group, MIN_Z);
    const allExplode = peer.scale >= aloneFrom * slack && (group === undefined || group.medianScale >= aloneFrom);
    if (!isOutlier && !allExplode) return undefined;
    return {
      severity: mayBeFolded(context.model) || (!isOutlier && mayBeNormalized(context.model)) ? 'info' : 'warning',
      message: messageFor(peer, isOutlier ? group : undefined),
      advice: adviceFor(context, isOutlier),
      evidence: { scale: peer.scale, fanIn: peer.fanIn, isFolded: peer.isFolded, ...(group && { medianScale: group.medianScale, ratio, peers: group.size, robustZ: robustZ(peer, group) }), ratioFrom, scaleFrom, aloneFrom },
    };
  },
});

function messageFor({ scale, isFolded }: Peer, group: PeerGroup | undefined): string {
  const what = `RMS·√fan_in is ${formatNumber(scale)}${isFolded ? ' with its batch normalization folded in' : ''}`;
  if (!group) return `${what}: the layer multiplies the scale of its input by that; initializers give about 1.`;
  return `${what}, ${formatNumber(scale / group.medianScale)} times the median of the ${formatInteger(group.size)} ${KIND_WORDS[group.kind]} of this model (${formatNumber(group.medianScale)}).`;
}

export function isLast({ model, layer }: TensorContext): boolean {
  return factsOf(model, layer).isHead;
}

function adviceFor({ model }: TensorContext, isOutlier: boolean): string {
  if (mayBeFolded(model)) return 'Expected where a batch normalization was folded into the kernel or the inputs are small; else training ran away here. Compare with the model before conversion.';
  if (!isOutlier && mayBeNormalized(model)) return 'Expected where a normalization takes its output, which the file does not say; else training ran away here. Compare with an earlier checkpoint.';
  return 'Training ran away here, or the layer was scaled by mistake. Compare with an earlier checkpoint; lower the learning rate, clip gradients, or add weight decay or normalization.';
}
