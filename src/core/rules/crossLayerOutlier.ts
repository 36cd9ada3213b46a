import { formatInteger, formatNumber } from '../numberText';
import { explodingVariance, isLast } from './explodingVariance';
import { KIND_WORDS, peerGroupOf, peerOf, robustZ, standsOut } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isMatrix } from './words';

/** Inputs in 0..255 make a first kernel some hundred times smaller, and targets may do the same to a last one. */
const END_SLACK = 30;

export const crossLayerOutlier = tensorRule({
  id: 'cross-layer-outlier',
  title: 'Scale unlike its peers',
  severity: 'info',
  why: 'A layer whose weights are far smaller or larger than those of its like was trained otherwise, frozen, or changed afterwards.',
  whenNormal: 'The first layer follows the scale of the inputs and the last one that of the outputs: both are given a factor of 300.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'abnormal-mean', 'all-zero-tensor', 'constant-tensor', 'zero-flood', explodingVariance.id],
  // gguf-guard's 5, there for the mean and the variance as they are; real trained models have ratios up to 10 for good reasons.
  thresholds: {
    zFrom: figure(5, 'robust σ', [1, 1000], 'Distance of ln(RMS·√fan_in) from its peers\' median, in 1.4826 × their median absolute deviation.'),
    ratioFrom: figure(10, '× the median peer', [1, 1e9], 'RMS·√fan_in must be this many times larger or smaller as well.'),
  },

  applies: (context) => isMatrix(context.tensor) && peerOf(context) !== undefined,

  check(context, { zFrom, ratioFrom }): Verdict | undefined {
    const peer = peerOf(context)!;
    const group = peerGroupOf(context);
    if (!group || !standsOut(peer, group, zFrom)) return undefined;
    const z = robustZ(peer, group);
    const ratio = peer.scale / group.medianScale;
    const slack = isLast(context) || isFirst(context) ? END_SLACK : 1;
    if (Math.max(ratio, 1 / ratio) < ratioFrom * slack) return undefined;
    const difference = ratio > 1 ? `${formatNumber(ratio)} times larger` : `${formatNumber(1 / ratio)} times smaller`;
    return {
      message: `The weights are ${difference} than in the median of the ${formatInteger(group.size)} ${KIND_WORDS[group.kind]} of this model (RMS·√fan_in ${formatNumber(peer.scale)} beside ${formatNumber(group.medianScale)}), ${formatNumber(Math.abs(z))} robust standard deviations away.`,
      advice: adviceFor(ratio),
      evidence: { scale: peer.scale, fanIn: peer.fanIn, isFolded: peer.isFolded, medianScale: group.medianScale, ratio, robustZ: z, peers: group.size, zFrom, ratioFrom },
    };
  },
});

/** The first kernel of the file. */
function isFirst({ tensor, peers }: TensorContext): boolean {
  return peers.find((context) => isMatrix(context.tensor))?.tensor === tensor;
}

function adviceFor(ratio: number): string {
  return ratio > 1
    ? 'Compare with an earlier checkpoint: a learning rate of its own, a missing weight decay or a scale applied twice shows so.'
    : 'The layer gives next to nothing beside its like: compare with an earlier checkpoint, and measure the model without it.';
}
