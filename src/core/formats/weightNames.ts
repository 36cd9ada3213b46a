import type { Role, UnitAxes } from '../model';
import type { WeightSpec } from './tfjsManifest';

/** A weight's name taken apart: `block_1_conv/kernel_1:0` has the scope `block_1_conv` and the base `kernel`. */
export interface NameParts {
  /** '' where the name has none. */
  readonly scope: string;
  /** Lower case, without the output index and the counter that makes names unique. */
  readonly base: string;
}

export function splitName(name: string): NameParts {
  const bare = name.replace(/ \(\d{1,9}\)$/, '').replace(/:\d{1,9}$/, '');
  const separator = bare.includes('/') ? '/' : '.';
  const cut = bare.lastIndexOf(separator);
  const last = cut < 0 ? bare : bare.slice(cut + 1);
  return { scope: cut < 0 ? '' : bare.slice(0, cut), base: last.replace(/(?<=[a-z])_\d{1,9}$/i, '').toLowerCase() };
}

/** Base names of Keras, TensorFlow's slim and contrib, TensorFlow.js users' own manifests, and PyTorch exports. */
const ROLE_BY_BASE: Readonly<Record<string, Role>> = {
  kernel: 'kernel', weights: 'kernel', weight: 'kernel', filters: 'kernel', filter: 'kernel', w: 'kernel',
  depthwise_kernel: 'kernel', pointwise_kernel: 'kernel', recurrent_kernel: 'kernel', input_kernel: 'kernel',
  depthwise_filter: 'kernel', pointwise_filter: 'kernel', depthwise_weights: 'kernel', pointwise_weights: 'kernel',
  fc: 'kernel', dense: 'kernel', conv2d_weights: 'kernel', convolution_weights: 'kernel', depthwise_weights_bn: 'kernel',
  bias: 'bias', biases: 'bias', b: 'bias', recurrent_bias: 'bias', bias_weights: 'bias', conv2d_bn_offset: 'bias',
  convolution_bn_offset: 'bias', depthwise_bn_offset: 'bias',
  gamma: 'normScale', beta: 'normShift',
  moving_mean: 'runningMean', moving_variance: 'runningVariance', running_mean: 'runningMean', running_var: 'runningVariance',
  embeddings: 'embedding', embedding: 'embedding', embedding_weights: 'embedding', position_embeddings: 'embedding',
  lora_a: 'adapter', lora_b: 'adapter',
};

const LAYER_NAMES = new Set(['fc', 'dense']);

const NORM_SCOPE = /(?:^|[/._])(?:scale|bn|batch_?norm\w*|layer_?norm\w*|group_?norm\w*|instance_?norm\w*|norm\w*|ln_?\w{0,3})$/i;
const EMBEDDING_SCOPE = /(?:^|[/._])\w*embed(?:ding)?s?\w*$/i;
const OPTIMIZER_NAME = /(?:^|\/)(?:training|optimizer|Adam\w*|RMSprop|Adagrad|Adadelta|SGD|Nadam|Ftrl)\//i;

export function isOptimizerName(name: string): boolean {
  return OPTIMIZER_NAME.test(name);
}

/**
 * A guess from the name alone, `other` where it says nothing.
 * One-dimensional "weights" of something called scale or norm are a norm's scale, and its biases the shift.
 */
export function roleByName(spec: Pick<WeightSpec, 'name' | 'shape'> & { readonly isOptimizer?: boolean }): Role {
  if (spec.isOptimizer || isOptimizerName(spec.name)) return 'optimizer';
  const { scope, base } = splitName(spec.name);
  const named = Object.hasOwn(ROLE_BY_BASE, base) ? ROLE_BY_BASE[base]! : 'other';
  // A variable called as its layer is: `fc` holds the kernel where it is a matrix.
  const role = LAYER_NAMES.has(base) && spec.shape.length < 2 ? 'other' : named;
  if (spec.shape.length <= 1 && NORM_SCOPE.test(scope)) {
    if (role === 'kernel') return 'normScale';
    if (role === 'bias') return 'normShift';
  }
  if (role === 'kernel' && spec.shape.length === 2 && (base === 'weight' || base === 'weights') && EMBEDDING_SCOPE.test(scope)) return 'embedding';
  return role;
}

/** Types that carry indices, sizes and flags; what a network learns is stored as fractions. */
export function isIndexType(spec: Pick<WeightSpec, 'declaredDtype'>): boolean {
  return /^(?:u?int(?:16|32|64)|bool|string)$/.test(spec.declaredDtype);
}

/**
 * Unit axes of a kernel as TensorFlow lays it out: input channels, then output units, at the end of the shape; a depthwise
 * filter [height, width, channels, multiplier] has one filter a channel where the multiplier is 1, and otherwise no single
 * axis counts its filters.
 */
export function axesOf(role: Role, base: string, shape: readonly number[]): UnitAxes | undefined {
  const rank = shape.length;
  if (role === 'embedding') return rank === 2 ? { output: 1, input: 0 } : undefined;
  if (role !== 'kernel' || rank < 2 || rank > 5) return undefined;
  if (base.startsWith('depthwise')) return depthwiseAxes(shape);
  return { output: rank - 1, input: rank - 2 };
}

export function depthwiseAxes(shape: readonly number[]): UnitAxes | undefined {
  const rank = shape.length;
  if (rank < 3) return undefined;
  return shape[rank - 1] === 1 ? { output: rank - 2 } : { input: rank - 2 };
}
