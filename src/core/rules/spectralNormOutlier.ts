import { formatNumber } from '../numberText';
import { kindOf, KIND_WORDS, medianOf } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { spectralOf } from './spectral';
import { figure } from './thresholds';
import { isFollowedByBatchNormalization } from './words';

/** A median of fewer says nothing of what is usual. */
const MIN_PEERS = 3;

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
    const norms = context.peers.flatMap((peer) => (peer !== context && kindOf(peer.tensor, peer.layer) === kind && !isNormalized(peer) ? [spectralOf(peer)?.figures.spectralNorm ?? []].flat() : []));
    if (norms.length < MIN_PEERS) return undefined;
    const median = medianOf(norms);
    const own = spectralOf(context)!.figures.spectralNorm;
    if (own < ratio * median) return undefined;
    return {
      message: `The spectral norm is ${formatNumber(own)}, ${formatNumber(own / median)} × the median of the ${norms.length} other ${KIND_WORDS[kind]} whose spectrum was computed.`,
      advice: 'Constrain it with spectral normalization, a max-norm constraint or weight decay, and look whether the loss jumped while this layer was trained.',
      evidence: { spectralNorm: own, median, ratio: own / median, peers: norms.length },
    };
  },
});

function isNormalized({ model, layer }: TensorContext): boolean {
  return isFollowedByBatchNormalization(model, layer);
}
