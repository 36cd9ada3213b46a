import { formatNumber } from '../numberText';
import { declaredInitializer } from './initializers';
import { channelsWhere, normalizationOf } from './normalization';
import { layerRule } from './rule';
import type { LayerContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { MAX_LISTED_UNITS, partOf } from './words';

export const smallNormalizationScale = layerRule({
  id: 'small-normalization-scale',
  title: 'Normalization scales near zero',
  severity: 'info',
  why: 'A channel whose scale γ is near zero passes on its shift β and nothing of its input: it can be pruned.',
  whenNormal: 'After training with a penalty on γ (network slimming), after pruning, and with weight decay on channels that are not needed.',
  thresholds: {
    small: figure(1e-3, '|γ|', [0, 1], 'Scale below which a channel passes on nothing.'),
    infoFrom: percent(5, 'Share of such channels from which on a note is made.'),
    warningFrom: percent(90, 'Share of such channels from which on it is a warning.'),
  },

  applies: (context) => normalizationOf(context)?.gamma !== undefined,

  check(context, { small, infoFrom, warningFrom }): Verdict | undefined {
    const normalization = normalizationOf(context)!;
    const gamma = normalization.gamma!;
    const found = channelsWhere(normalization, (channel) => Math.abs(gamma[channel]!) < small);
    const exact = found.filter((channel) => gamma[channel] === 0).length;
    const share = found.length / gamma.length;
    // A scale of zeros only is spoken of by itself.
    if (found.length === 0 || share < asShare(infoFrom) || exact === gamma.length) return undefined;
    return {
      severity: share >= asShare(warningFrom) && !startsAtZero(context) ? 'warning' : 'info',
      message: `${partOf(found.length, gamma.length)} channels have a scale |γ| below ${formatNumber(small)}${exact > 0 ? `, ${partOf(exact, gamma.length)} exactly zero` : ''}.`,
      advice: `They can be pruned together with the filters before them; add their shift β to the next layer's bias. Before that, set them to zero and measure.`,
      evidence: { channels: gamma.length, small: found.length, exactlyZero: exact, smallBelow: small, infoFrom: asShare(infoFrom), warningFrom: asShare(warningFrom), unitIndices: found.slice(0, MAX_LISTED_UNITS), unitIndicesComplete: found.length <= MAX_LISTED_UNITS },
    };
  },
});

/** Scales that begin at zero (the last ones of residual branches) are small for a while. */
function startsAtZero({ layer, tensors }: LayerContext): boolean {
  return tensors.some(({ tensor }) => {
    const declared = tensor.role === 'normScale' ? declaredInitializer(layer, tensor) : undefined;
    return declared?.kind === 'constant' && declared.value === 0;
  });
}
