import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { deadUnits, hasUnits, sharedDeath, unitEvidence } from './units';
import { isDepthwise, partOf } from './words';

export const deadInputChannels = tensorRule({
  id: 'dead-input-channels',
  title: 'Dead input channels',
  severity: 'info',
  why: 'An input that no unit looks at was computed in vain; the layer before could leave it out.',
  whenNormal: 'Where the layer before has dead units, where the input has constant pixels or unused features, and after pruning.',
  yieldsTo: ['zero-run', 'misread-bytes'],
  // Our own: leaving out fewer changes nothing that anybody would notice, and over half most of what comes in is thrown away.
  thresholds: {
    infoFrom: percent(1, 'Share of the input channels that are dead from which on a note is made.'),
    warningFrom: percent(50, 'Share beyond which it is a warning, unless the units that make these inputs are dead too.'),
  },

  // Rows of an embedding are words, not channels: an unused word is no fault of the layer.
  applies: (context) => isInputKernel(context) && hasUnits(context, context.statistics.inputChannels),

  check(context, limits): Verdict | undefined {
    const channels = context.statistics.inputChannels;
    if (!channels) return undefined;
    // Inputs differ in scale: a small weight may sit on a large input. Only exact zeros say that an input is not used.
    const dead = { ...deadUnits(context, channels), near: [] };
    if (dead.exact.length < asShare(limits.infoFrom) * dead.units || dead.exact.length === 0) return undefined;
    const source = sharedDeath(context, dead);
    return {
      severity: dead.exact.length / dead.units > asShare(limits.warningFrom) && !source ? 'warning' : 'info',
      message: `${partOf(dead.exact.length, dead.units)} input channels have only zeros in this kernel.`,
      advice: adviceFor(context, source),
      evidence: { ...unitEvidence(dead), infoFrom: asShare(limits.infoFrom), warningFrom: asShare(limits.warningFrom) },
    };
  },
});

function isInputKernel({ tensor }: TensorContext): boolean {
  return (tensor.role === 'kernel' || tensor.role === 'head') && !isDepthwise(tensor);
}

function adviceFor({ layer }: TensorContext, source: string | undefined): string {
  if (source) return `The same units of ${source} are dead: nothing comes in there. Remove both sides together.`;
  const before = layer.inputs?.length === 1 ? layer.inputs[0] : 'the layer before';
  return `Nothing of these inputs is used. Look whether the same units of ${before} are dead, or these features are constant in the data; then leave them out.`;
}
