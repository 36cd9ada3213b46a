import { factsOf } from '../layerFacts';
import { formatNumber } from '../numberText';
import { channelsWhere, normalizationOf, normalizesBatches } from './normalization';
import type { Normalization } from './normalization';
import { layerRule } from './rule';
import type { LayerContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { MAX_LISTED_UNITS, partOf } from './words';

export const deadNormalizedChannels = layerRule({
  id: 'dead-normalized-channels',
  title: 'Dead normalized channels',
  severity: 'warning',
  why: 'A batch normalization gives a channel the mean β and the standard deviation |γ|. With β far below zero a ReLU behind it never fires, and the channel is always zero.',
  whenNormal: 'In networks that were trained long with weight decay some channels die; a leaky ReLU lets them through, so that this rule does not speak there.',
  thresholds: {
    ratio: figure(-3, 'β ÷ |γ|', [-10, -1], 'Below it a channel is dead: at −3 a normally distributed input passes the ReLU 1.3 times in a thousand.'),
    warningFrom: percent(30, 'Share of dead channels from which on it is a warning; fewer are a note.'),
  },

  applies: (context) => {
    const normalization = normalizationOf(context);
    return normalization?.beta !== undefined && normalizesBatches(context) && rectifierOf(context) !== undefined;
  },

  check(context, { ratio, warningFrom }): Verdict | undefined {
    const normalization = normalizationOf(context)!;
    const { channels } = normalization;
    const never = channelsWhere(normalization, (channel) => scaleOf(normalization, channel) === 0 && normalization.beta![channel]! <= 0);
    const dead = channelsWhere(normalization, (channel) => isDead(normalization, channel, ratio));
    if (dead.length === 0) return undefined;
    const certain = never.length > 0 ? `, ${never.length} of them for certain (γ is 0 and β is not above 0)` : '';
    return {
      severity: dead.length >= asShare(warningFrom) * channels ? 'warning' : 'info',
      message: `${partOf(dead.length, channels)} channels have β ÷ |γ| below ${formatNumber(ratio)} before ${rectifierOf(context)}: they are practically always zero${certain}.`,
      advice: 'Prune them with the filters before and the inputs behind them: nothing changes. If they should live: lower the learning rate, take β out of the weight decay, or use a leaky activation.',
      evidence: { channels, dead: dead.length, neverActive: never.length, ratio, warningFrom: asShare(warningFrom), activation: rectifierOf(context), unitIndices: dead.slice(0, MAX_LISTED_UNITS), unitIndicesComplete: dead.length <= MAX_LISTED_UNITS },
    };
  },
});

/** A normalization without a scale has the scale 1. */
function scaleOf({ gamma }: Normalization, channel: number): number {
  return Math.abs(gamma?.[channel] ?? 1);
}

function isDead(normalization: Normalization, channel: number, ratio: number): boolean {
  const beta = normalization.beta![channel]!;
  const scale = scaleOf(normalization, channel);
  return scale === 0 ? beta <= 0 : beta / scale < ratio;
}

/** The name of the ReLU that is applied right to the normalization's output; undefined for anything else, a leaky one among them. */
function rectifierOf({ model, layer }: LayerContext): string | undefined {
  const { activation } = factsOf(model, layer);
  return activation?.kind === 'rectifier' && !activation.isNormalizedFirst ? activation.name : undefined;
}
