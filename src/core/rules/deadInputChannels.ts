import type { Rule, TensorContext, Verdict } from './rule';
import { deadUnits, hasUnits, unitEvidence } from './units';
import type { DeadUnits } from './units';
import { partOf } from './words';

/** Most of what comes in is thrown away. Our own. */
const MOST_SHARE = 0.5;

export const deadInputChannels: Rule = {
  id: 'dead-input-channels',
  title: 'Dead input channels',
  severity: 'info',
  scope: 'tensor',
  why: 'An input that no unit looks at was computed in vain; the layer before could leave it out.',
  whenNormal: 'Where the layer before has dead units, where the input has constant pixels or unused features, and after pruning.',

  // Rows of an embedding are words, not channels: an unused word is no fault of the layer.
  applies: (context) => isInputKernel(context) && hasUnits(context, context.statistics.inputChannels),

  check(context): Verdict | undefined {
    const channels = context.statistics.inputChannels;
    if (!channels) return undefined;
    // Inputs differ in scale: a small weight may sit on a large input. Only exact zeros say that an input is not used.
    const dead = { ...deadUnits(context, channels), near: [] };
    if (dead.exact.length === 0) return undefined;
    return {
      severity: dead.exact.length / dead.units > MOST_SHARE ? 'warning' : 'info',
      message: `${partOf(dead.exact.length, dead.units)} input channels have only zeros in this kernel.`,
      advice: adviceFor(context, dead),
      evidence: { ...unitEvidence(dead), warningFrom: MOST_SHARE },
    };
  },
};

function isInputKernel({ tensor }: TensorContext): boolean {
  // In a depthwise kernel input and output are the same axis, and the other rule has spoken.
  const isDepthwise = tensor.axes?.input !== undefined && tensor.axes.input === tensor.axes.output;
  return (tensor.role === 'kernel' || tensor.role === 'head') && !isDepthwise;
}

function adviceFor({ model, layer, peers }: TensorContext, dead: DeadUnits): string {
  const source = deadSource({ layer, peers }, dead);
  if (source) return `The same units of ${source} are dead: remove both sides together.`;
  const before = layer.inputs?.length === 1 && model.layers.some(({ name }) => name === layer.inputs?.[0]) ? layer.inputs[0] : 'the layer before';
  return `Nothing of these inputs is used. Look whether the same units of ${before} are dead, or these features are constant in the data; then leave them out.`;
}

/** The layer before, where every dead input is one of its dead outputs. */
function deadSource({ layer, peers }: Pick<TensorContext, 'layer' | 'peers'>, dead: DeadUnits): string | undefined {
  if (layer.inputs?.length !== 1) return undefined;
  const source = peers.find((peer) => peer.layer.name === layer.inputs?.[0] && peer.statistics.outputChannels?.maxAbs.length === dead.units);
  const outputs = source?.statistics.outputChannels;
  return outputs && dead.exact.every((unit) => outputs.maxAbs[unit] === 0) ? source.layer.name : undefined;
}
