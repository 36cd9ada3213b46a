import { formatInteger, formatNumber } from '../numberText';
import { KIND_WORDS, peerGroupOf, peerOf, robustZ, standsOut } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';

/** Vectors whose size means something by itself. Running variances follow the data. */
const JUDGED = new Set(['bias', 'normScale', 'normShift']);

/** An RMS below this changes no pre-activation of unit scale, however small the other vectors are. */
const LEAST_RMS = 1;

export const abnormalNorm = tensorRule({
  id: 'abnormal-norm',
  title: 'Abnormal norm',
  severity: 'info',
  why: 'A bias or normalization vector far larger than all others of the model shifts or scales its layer beyond what the weights do.',
  whenNormal: 'Biases of last layers that predict large numbers, and models converted from several networks.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'bias-outlier'],
  // weightlens: ±5 interquartile ranges of the L2 norm, within kernels, embeddings or adapters; here the RMS, within the role, in logarithms.
  thresholds: {
    zFrom: figure(5, 'robust σ', [1, 1000], 'Distance of ln(RMS) from the median of the vectors with the same role, in 1.4826 × their median absolute deviation.'),
    ratioFrom: figure(10, '× the median peer', [1, 1e9], 'The RMS must be this many times larger as well.'),
  },

  applies: ({ tensor }) => JUDGED.has(tensor.role),

  check(context: TensorContext, { zFrom, ratioFrom }): Verdict | undefined {
    const peer = peerOf(context);
    const group = peerGroupOf(context);
    if (!peer || !group || peer.scale < LEAST_RMS || !standsOut(peer, group, zFrom)) return undefined;
    const z = robustZ(peer, group);
    const ratio = peer.scale / group.medianScale;
    if (ratio < ratioFrom) return undefined;
    return {
      message: `The root mean square is ${formatNumber(peer.scale)}, ${formatNumber(ratio)} times the median of the ${formatInteger(group.size)} ${KIND_WORDS[group.kind]} of this model (${formatNumber(group.medianScale)}).`,
      advice: 'Look which units hold the large values. After a learning rate that was too high, or a scale applied twice, compare with an earlier checkpoint; normalize the inputs of the layer.',
      evidence: { rootMeanSquare: peer.scale, medianRootMeanSquare: group.medianScale, ratio, robustZ: z, peers: group.size, zFrom, ratioFrom },
    };
  },
});
