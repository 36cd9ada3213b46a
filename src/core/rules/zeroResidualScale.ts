import { topologyOf } from '../layerTopology';
import type { Layer, Model } from '../model';
import { formatInteger } from '../numberText';
import { initializationOf, KS_DISTANCE } from './initialization';
import { tensorsOfLayer } from './layerGroups';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { isAllZero } from './units';

/** Between the last normalization of a branch and the sum: an activation, a dropout. */
const MAX_HOPS = 3;

export const zeroResidualScale = tensorRule({
  id: 'zero-residual-scale',
  title: 'Residual branch switched off',
  severity: 'warning',
  why: 'A residual branch whose last scale γ starts at zero adds nothing until training moves it. Still zero afterwards, the whole branch is dead weight.',
  whenNormal: 'Before training, where γ of the last normalization is set to zero on purpose (zero-init residual).',

  applies: (context) => context.tensor.role === 'normScale' && isAllZero(context.statistics) && endsBranch(context.model, context.layer) && initializationOf(context.peers, KS_DISTANCE).looksTrained,

  check(context: TensorContext): Verdict {
    const { layer, peers, statistics } = context;
    const beta = tensorsOfLayer(peers, layer).find(({ tensor }) => tensor.role === 'normShift');
    const shifts = beta !== undefined && !isAllZero(beta.statistics);
    return {
      message: `All ${formatInteger(statistics.count)} scales γ of the last normalization of a residual branch are zero: the branch adds ${shifts ? 'the constant β' : 'nothing'}.`,
      advice: 'Other layers were trained. Check that γ is in the list of trained weights and not kept at zero by weight decay, or leave the branch out.',
      evidence: { channels: statistics.count, shiftMoved: shifts },
    };
  },
});

/** Whether a layer's output goes into a sum, with at most an activation or a dropout between. */
function endsBranch(model: Model, layer: Layer): boolean {
  const { consumers, hasKernel } = topologyOf(model);
  let at: Layer | undefined = layer;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const next: readonly Layer[] | undefined = consumers.get(at);
    at = next?.length === 1 ? next[0] : undefined;
    if (!at || hasKernel.has(at)) return false;
    if (at.className === 'Add') return true;
  }
  return false;
}
