import { factsOf } from '../layerFacts';
import { formatInteger, formatShare } from '../numberText';
import { tensorRule } from './rule';
import type { Limits, Severity, TensorContext, Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { deadReader, deadUnits, hasUnits, NEAR_DEAD_RATIO, sharedDeath, unitEvidence } from './units';
import type { DeadUnits } from './units';
import { isDepthwise, isFollowedByBatchNormalization, isMatrix, partOf } from './words';

export const deadOutputUnits = tensorRule({
  id: 'dead-output-units',
  title: 'Dead output units',
  severity: 'warning',
  why: 'A filter or unit without weights gives the same output for every input: its channel costs time and memory for nothing.',
  whenNormal: 'After structured pruning, and in known networks whose first filters died in training (MobileNet v1); small weights before a batch normalization are rescaled by it.',
  yieldsTo: ['zero-run', 'misread-bytes'],
  thresholds: {
    warningFrom: percent(5, 'Share of units of nothing but zeros from which on it is a warning, unless what reads them is dead too; fewer are a note.'),
    quantizedWarningFrom: percent(10, 'The same where affine quantization rounds tiny weights to zero.'),
    // Half, by analogy with SageMaker Debugger's rule for dead ReLUs, which looks at activations.
    nearDeadWarningFrom: percent(50, 'Share of dead and near-dead units together beyond which it is a warning.'),
    errorFrom: percent(90, 'Share of units of nothing but zeros beyond which the layer does next to nothing: an error.'),
  },

  applies: (context) => isMatrix(context.tensor) && hasUnits(context, context.statistics.outputChannels),

  check(context, limits): Verdict | undefined {
    const channels = context.statistics.outputChannels;
    if (!channels) return undefined;
    const found = deadUnits(context, channels);
    // Both sides of a channel died together: training or pruning did that, and no damage.
    const reader = deadReader(context, found);
    const isRescaled = found.near.length > 0 && isFollowedByBatchNormalization(context.model, context.layer);
    const dead = isRescaled ? { ...found, near: [] } : found;
    if (dead.exact.length + dead.near.length === 0) return undefined;
    return {
      severity: severityFor(context, reader === undefined ? dead : { ...dead, exact: [] }, limits),
      message: messageFor(dead),
      advice: adviceFor(context, dead, reader),
      evidence: { ...unitEvidence(dead), ...(reader !== undefined && { reader }), warningFrom: asShare(limits.warningFrom), nearDeadWarningFrom: asShare(limits.nearDeadWarningFrom), errorFrom: asShare(limits.errorFrom) },
    };
  },
});

type UnitLimits = Limits<'warningFrom' | 'quantizedWarningFrom' | 'nearDeadWarningFrom' | 'errorFrom'>;

function severityFor(context: TensorContext, dead: DeadUnits, limits: UnitLimits): Severity {
  const exact = dead.exact.length / dead.units;
  // What a head's unit stands for, a class or a word, is never answered.
  if (dead.exact.length > 0 && exact <= asShare(limits.errorFrom) && isHead(context)) return 'warning';
  if (dead.exact.length > 0 && isDepthwise(context.tensor) && sharedDeath(context, dead)) return 'info';
  // A code that dequantizes to zero is less than half a step: tiny, whatever it was before quantization.
  const isQuantized = context.tensor.quantization?.scheme === 'affine';
  if (exact > asShare(limits.errorFrom)) return 'error';
  if (exact >= asShare(isQuantized ? limits.quantizedWarningFrom : limits.warningFrom)) return 'warning';
  return exact + dead.near.length / dead.units > asShare(limits.nearDeadWarningFrom) ? 'warning' : 'info';
}

/** Units that each answer something by themselves: of the last dense layer or 1×1 convolution, not the channels of a picture. */
function isHead({ model, layer, tensor }: TensorContext): boolean {
  const isDense = tensor.shape.slice(0, -2).every((size) => size === 1);
  return tensor.role === 'head' || (isDense && tensor.role === 'kernel' && factsOf(model, layer).isHead);
}

function messageFor({ units, exact, near }: DeadUnits): string {
  const zero = `${partOf(exact.length, units)} output units hold only zeros`;
  const small = `${partOf(near.length, units)} have no weight above ${formatShare(NEAR_DEAD_RATIO)} of the largest`;
  if (near.length === 0) return `${zero}.`;
  return exact.length === 0 ? `${partOf(near.length, units)} output units have no weight above ${formatShare(NEAR_DEAD_RATIO)} of the tensor's largest.` : `${zero}; ${small}.`;
}

function adviceFor(context: TensorContext, dead: DeadUnits, reader: string | undefined): string {
  const { layer, tensor } = context;
  const { exact, near, units } = dead;
  const source = isDepthwise(tensor) ? sharedDeath(context, dead) : undefined;
  if (source) return `The same units of ${source} are dead: these filters have nothing to work on. Remove both together.`;
  if (reader !== undefined) return `${reader} has only zeros for most of them as well: both sides died together, as units do whose ReLU never fires while weight decay goes on, or by pruning. Remove them on both sides.`;
  const remove = `Removing ${exact.length + near.length === 1 ? 'it' : 'them'} leaves ${formatInteger(units - exact.length - near.length)} units and the same function up to a constant: make the layer narrower.`;
  if (exact.length === 0) return `Their outputs hardly depend on the input; a normalization or a large weight after them may make up for it. Set them to zero and measure. ${remove}`;
  if (tensor.quantization?.scheme === 'affine') return `After quantization nothing is left of these units; they were tiny before. ${remove}`;
  const cause = layer.activation?.toLowerCase() === 'relu' ? 'Often units whose ReLU never fired while weight decay went on.' : 'Often pruning, or weight decay on units that never fired.';
  return `${cause} ${remove} If they should live: lower the learning rate, use a leaky activation, and check the initialization.`;
}
