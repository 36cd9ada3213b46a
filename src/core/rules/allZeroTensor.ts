import { formatInteger, formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { Severity, TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isAllZero } from './units';
import { isMatrix } from './words';

/** A single zero in a graph is a number that somebody wrote, not a trained weight. */
const MIN_OTHER_ELEMENTS = 16;

export const allZeroTensor = tensorRule({
  id: 'all-zero-tensor',
  title: 'All-zero tensor',
  severity: 'error',
  why: 'A kernel of zeros passes nothing on: its layer gives the same output for every input.',
  whenNormal: 'Biases and batch-norm shifts begin at zero and may stay there; the second matrix of an untrained LoRA adapter is zero.',
  yieldsTo: ['misread-bytes', 'zero-residual-scale', 'untrained-adapter'],
  thresholds: {
    // aprender's rule F-DATA-QUALITY-003.
    zeroNorm: figure(1e-6, '‖w‖₂', [0, 1], 'Norm of a whole kernel below which it is zero in effect.'),
  },

  applies: (context, { zeroNorm }) => severityFor(context) !== undefined && isZeroInEffect(context, zeroNorm),

  check(context, { zeroNorm }): Verdict | undefined {
    const severity = isNothingToDo(context, zeroNorm) ? 'info' : severityFor(context);
    if (!severity) return undefined;
    const { statistics } = context;
    const what = isAllZero(statistics)
      ? statistics.count === 1 ? 'Its only value is exactly zero.' : `All ${formatInteger(statistics.count)} values are exactly zero.`
      : `The whole tensor has a norm of ${formatNumber(statistics.l2Norm)}: zero in effect (${formatInteger(statistics.zeros)} of ${formatInteger(statistics.count)} values are exactly zero).`;
    return {
      severity,
      message: what,
      advice: adviceFor(context),
      evidence: { count: statistics.count, zeros: statistics.zeros, l2Norm: statistics.l2Norm, zeroNorm },
    };
  },
});

function isZeroInEffect({ tensor, statistics }: TensorContext, zeroNorm: number): boolean {
  if (statistics.count === 0 || statistics.nan + statistics.positiveInfinity + statistics.negativeInfinity > 0) return false;
  return isAllZero(statistics) || (isMatrix(tensor) && (statistics.l2Norm ?? Infinity) < zeroNorm);
}

/** undefined where zeros say nothing: running means begin at zero, constants and optimizer state are no weights. */
function severityFor({ tensor, statistics }: TensorContext): Severity | undefined {
  switch (tensor.role) {
    case 'kernel':
    case 'embedding':
    case 'head':
      // A quantizer writes a scale for what it saw: the zeros were there before, and no copy lost the data.
      return tensor.quantization?.scheme === 'affine' ? 'warning' : 'error';
    case 'adapter':
    case 'normScale':
      return 'warning';
    case 'bias':
    case 'normShift':
    case 'runningVariance':
      return 'info';
    case 'other':
      return statistics.count >= MIN_OTHER_ELEMENTS ? 'info' : undefined;
    case 'runningMean':
    case 'constant':
    case 'optimizer':
    case 'quantization':
      return undefined;
  }
}

/** The second kernel of a separable convolution gets nothing but zeros from the first: one fault, told once. */
function isNothingToDo({ tensor, statistics, peers }: TensorContext, zeroNorm: number): boolean {
  if (tensor.role !== 'kernel' || tensor.quantization?.scheme !== 'affine' || !isAllZero(statistics)) return false;
  const first = peers.find((peer) => peer.tensor.layer === tensor.layer && peer.tensor.role === 'kernel');
  return first !== undefined && first.tensor !== tensor && isZeroInEffect(first, zeroNorm);
}

function adviceFor({ tensor, layer }: TensorContext): string {
  switch (tensor.role) {
    case 'bias':
      return 'Expected of a bias that was never trained, or of one that a batch normalization after it makes useless; leave it out (use_bias=False) in the latter case.';
    case 'normShift':
      return 'A shift begins at zero: expected in a frozen or fresh layer. If the layer was trained, check that it is trainable.';
    case 'normScale':
      return 'This branch contributes nothing. Residual blocks are often begun so; after training it should have moved, so check that the layer is trainable.';
    case 'runningVariance':
      return 'The layer divides by the square root of its epsilon alone. Check that the statistics were saved, and that training ran in training mode.';
    case 'adapter':
      return 'The second matrix of an adapter begins at zero: this one is untrained and changes nothing.';
    default:
      return layer.trainable === false
        ? 'The layer is frozen at zero: load its weights, or remove the layer.'
        : 'A conversion that lost the data, or a layer that was pruned or regularized away. Compare with the original file; if it is zero there too, the layer can be removed.';
  }
}
