import { formatInteger, formatShare } from '../numberText';
import type { Rule, Severity, TensorContext, Verdict } from './rule';
import { deadUnits, hasUnits, NEAR_DEAD_RATIO, sharedDeath, unitEvidence } from './units';
import type { DeadUnits } from './units';
import { isDepthwise, isFollowedByBatchNormalization, isMatrix, partOf } from './words';

/** Of all units. Our own: leaving out fewer changes nothing that anybody would notice. */
const SOME_SHARE = 0.01;

/** Our own: the layer does next to nothing. */
const NEARLY_ALL_SHARE = 0.9;

/** Half of the units, by analogy with SageMaker Debugger's rule for dead ReLUs, which looks at activations. */
const MOST_SHARE = 0.5;

/** Zeros that quantization made of tiny weights are worth a look from one unit in ten on. Our own. */
const MANY_QUANTIZED_SHARE = 0.1;

export const deadOutputUnits: Rule = {
  id: 'dead-output-units',
  title: 'Dead output units',
  severity: 'warning',
  scope: 'tensor',
  why: 'A filter or unit without weights gives the same output for every input: its channel costs time and memory for nothing.',
  whenNormal: 'After structured pruning, and in known networks whose first filters died in training (MobileNet v1); small weights before a batch normalization are rescaled by it.',

  applies: (context) => isMatrix(context.tensor) && hasUnits(context, context.statistics.outputChannels),

  check(context): Verdict | undefined {
    const channels = context.statistics.outputChannels;
    if (!channels) return undefined;
    const found = deadUnits(context, channels);
    const isRescaled = found.near.length > 0 && isFollowedByBatchNormalization(context.model, context.layer);
    const dead = isRescaled ? { ...found, near: [] } : found;
    if (dead.exact.length + dead.near.length === 0) return undefined;
    return {
      severity: severityFor(context, dead),
      message: messageFor(dead),
      advice: adviceFor(context, dead),
      evidence: { ...unitEvidence(dead), warningFrom: SOME_SHARE, nearDeadWarningFrom: MOST_SHARE, errorFrom: NEARLY_ALL_SHARE },
    };
  },
};

function severityFor(context: TensorContext, dead: DeadUnits): Severity {
  const exact = dead.exact.length / dead.units;
  if (dead.exact.length > 0 && isDepthwise(context.tensor) && sharedDeath(context, dead)) return 'info';
  // A code that dequantizes to zero is less than half a step: tiny, whatever it was before quantization.
  const isQuantized = context.tensor.quantization?.scheme === 'affine';
  if (exact > NEARLY_ALL_SHARE) return 'error';
  if (exact >= (isQuantized ? MANY_QUANTIZED_SHARE : SOME_SHARE)) return 'warning';
  return exact + dead.near.length / dead.units > MOST_SHARE ? 'warning' : 'info';
}

function messageFor({ units, exact, near }: DeadUnits): string {
  const zero = `${partOf(exact.length, units)} output units hold only zeros`;
  const small = `${partOf(near.length, units)} have no weight above ${formatShare(NEAR_DEAD_RATIO)} of the largest`;
  if (near.length === 0) return `${zero}.`;
  return exact.length === 0 ? `${partOf(near.length, units)} output units have no weight above ${formatShare(NEAR_DEAD_RATIO)} of the tensor's largest.` : `${zero}; ${small}.`;
}

function adviceFor(context: TensorContext, dead: DeadUnits): string {
  const { layer, tensor } = context;
  const { exact, near, units } = dead;
  const source = isDepthwise(tensor) ? sharedDeath(context, dead) : undefined;
  if (source) return `The same units of ${source} are dead: these filters have nothing to work on. Remove both together.`;
  const remove = `Removing ${exact.length + near.length === 1 ? 'it' : 'them'} leaves ${formatInteger(units - exact.length - near.length)} units and the same function up to a constant: make the layer narrower.`;
  if (exact.length === 0) return `Their outputs hardly depend on the input; a normalization or a large weight after them may make up for it. Set them to zero and measure. ${remove}`;
  if (tensor.quantization?.scheme === 'affine') return `After quantization nothing is left of these units; they were tiny before. ${remove}`;
  const cause = layer.activation?.toLowerCase() === 'relu' ? 'Often units whose ReLU never fired while weight decay went on.' : 'Often pruning, or weight decay on units that never fired.';
  return `${cause} ${remove} If they should live: lower the learning rate, use a leaky activation, and check the initialization.`;
}
