import { formatNumber } from '../numberText';
import { kindOf, KIND_WORDS, medianOf } from './peers';
import type { Kind } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { spectralOf } from './spectral';
import { figure } from './thresholds';
import { isFollowedByBatchNormalization } from './words';

/** A median of fewer says nothing of what is usual. */
const MIN_PEERS = 3;

/** Where more than this share lies far above the median it is a mixture, as of fixed and trained filters, and no outlier. One always may. */
const MIXTURE_SHARE = 0.1;

export const spectralNormOutlier = tensorRule({
  id: 'spectral-norm-outlier',
  title: 'Spectral norm out of line',
  severity: 'warning',
  why: 'The spectral norm bounds how much a layer amplifies its input: one far above its peers makes the model sensitive to noise there, and often precedes a divergence.',
  whenNormal: 'Before a batch normalization, which takes the scale out (such kernels are left out), and in heads with large logits.',
  yieldsTo: ['absurd-magnitude', 'misread-bytes', 'extreme-spike', 'exploding-variance'],
  thresholds: {
    ratio: figure(10, '× the median', [1, 1e6], 'Spectral norm, beside the median of the layers of its kind whose spectrum is known, from which on it is a warning.'),
  },

  applies: (context) => spectralOf(context) !== undefined && !isNormalized(context),

  check(context: TensorContext, { ratio }): Verdict | undefined {
    const kind = kindOf(context.tensor, context.layer);
    if (!kind) return undefined;
    const norms = otherNorms(context, kind);
    if (norms.length < MIN_PEERS) return undefined;
    const median = medianOf(norms);
    const own = spectralOf(context)!.figures.spectralNorm;
    const others = norms.filter((norm) => norm >= ratio * median).length;
    if (own < ratio * median || others + 1 > Math.max(1, MIXTURE_SHARE * (norms.length + 1))) return undefined;
    return {
      message: `The spectral norm is ${formatNumber(own)}, ${formatNumber(own / median)} × the median of the ${norms.length} other ${KIND_WORDS[kind]} whose spectrum was computed.`,
      advice: 'Constrain it with spectral normalization, a max-norm constraint or weight decay, and look whether the loss jumped while this layer was trained.',
      evidence: { spectralNorm: own, median, ratio: own / median, peers: norms.length },
    };
  },
});

/** Spectral norms of the other layers of a kind, as far as somebody asked for them. */
function otherNorms(context: TensorContext, kind: Kind): number[] {
  return context.peers.flatMap((peer) => {
    if (peer === context || kindOf(peer.tensor, peer.layer) !== kind || isNormalized(peer)) return [];
    return spectralOf(peer)?.figures.spectralNorm ?? [];
  });
}

function isNormalized({ model, layer }: TensorContext): boolean {
  return isFollowedByBatchNormalization(model, layer);
}
