import { formatInteger, formatShare } from '../numberText';
import type { Rule, Severity, TensorContext, Verdict } from './rule';
import { deadUnits, hasUnits, NEAR_DEAD_RATIO, unitEvidence } from './units';
import type { DeadUnits } from './units';
import { isFollowedByBatchNormalization, isMatrix, partOf } from './words';

/** Our own: one filter in ten is more than pruning by chance. */
const MANY_SHARE = 0.1;

/** Half of the units, by analogy with SageMaker Debugger's rule for dead ReLUs, which looks at activations. */
const MOST_SHARE = 0.5;

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
    const dead = isFollowedByBatchNormalization(context.model, context.layer) ? { ...found, near: [] } : found;
    if (dead.exact.length + dead.near.length === 0) return undefined;
    return {
      severity: severityFor(context, dead),
      message: messageFor(dead),
      advice: adviceFor(context, dead),
      evidence: { ...unitEvidence(dead), warningFrom: MANY_SHARE, errorFrom: MOST_SHARE },
    };
  },
};

/** A code that dequantizes to zero is less than half a step: near dead, whatever it was before quantization. */
function severityFor({ tensor }: TensorContext, { units, exact, near }: DeadUnits): Severity {
  const isExact = tensor.quantization?.scheme !== 'affine';
  if (isExact && exact.length / units > MOST_SHARE) return 'error';
  if ((exact.length + near.length) / units > MANY_SHARE) return 'warning';
  return isExact && exact.length > 0 ? 'warning' : 'info';
}

function messageFor({ units, exact, near }: DeadUnits): string {
  const zero = `${partOf(exact.length, units)} output units hold only zeros`;
  const small = `${partOf(near.length, units)} have no weight above ${formatShare(NEAR_DEAD_RATIO)} of the largest`;
  if (near.length === 0) return `${zero}.`;
  return exact.length === 0 ? `${partOf(near.length, units)} output units have no weight above ${formatShare(NEAR_DEAD_RATIO)} of the tensor's largest.` : `${zero}; ${small}.`;
}

function adviceFor({ layer, tensor }: TensorContext, { exact, near, units }: DeadUnits): string {
  const remove = `Removing ${exact.length + near.length === 1 ? 'it' : 'them'} leaves ${formatInteger(units - exact.length - near.length)} units and the same function up to a constant: make the layer narrower.`;
  if (exact.length === 0) return `Their outputs hardly depend on the input; a normalization or a large weight after them may make up for it. Set them to zero and measure. ${remove}`;
  if (tensor.quantization?.scheme === 'affine') return `After quantization nothing is left of these units; they were tiny before. ${remove}`;
  const cause = layer.activation?.toLowerCase() === 'relu' ? 'Often units whose ReLU never fired while weight decay went on.' : 'Often pruning, or weight decay on units that never fired.';
  return `${cause} ${remove} If they should live: lower the learning rate, use a leaky activation, and check the initialization.`;
}
