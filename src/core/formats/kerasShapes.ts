import { asArray, asNumber, asString, isObject, own, ownAny } from './jsonValues';

/** null stands for a dimension that is open until the model runs. */
export type Shape = readonly (number | null)[];

/** Deeper shapes are damage; TensorFlow.js computes with up to 6 dimensions. */
const MAX_RANK = 12;

/** Layers that leave the shape as it is. */
const SAME_SHAPE = new Set([
  'Activation', 'ActivityRegularization', 'AlphaDropout', 'BatchNormalization', 'Dropout', 'ELU', 'GaussianDropout', 'GaussianNoise', 'GroupNormalization',
  'LayerNormalization', 'LeakyReLU', 'Masking', 'Normalization', 'PReLU', 'RandomBrightness', 'RandomContrast', 'RandomFlip', 'RandomRotation',
  'RandomTranslation', 'RandomZoom', 'ReLU', 'Rescaling', 'Softmax', 'SpatialDropout1D', 'SpatialDropout2D', 'SpatialDropout3D', 'ThresholdedReLU',
  'UnitNormalization',
]);
const MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply', 'Subtract']);
const RECURRENT = new Set(['LSTM', 'GRU', 'SimpleRNN', 'CuDNNLSTM', 'CuDNNGRU']);

/** The shape that a layer's own configuration fixes: inputs, and the first layer of a Sequential. */
export function declaredInputShape(config: unknown): Shape | undefined {
  return shapeOf(ownAny(config, 'batch_input_shape', 'batchInputShape', 'batch_shape', 'batchShape'));
}

export function shapeOf(value: unknown): Shape | undefined {
  if (!Array.isArray(value) || value.length > MAX_RANK) return undefined;
  return value.every((d) => d === null || isSize(d)) ? (value as Shape) : undefined;
}

/**
 * Output shape of a layer for these input shapes, by the rules of Keras; undefined where they do not settle it (a class not
 * known here, open ranks, several outputs).
 */
export function outputShapeOf(className: string, config: unknown, inputs: readonly (Shape | undefined)[]): Shape | undefined {
  if (className === 'InputLayer') return declaredInputShape(config);
  const first = inputs[0];
  if (first === undefined || inputs.some((input) => input === undefined)) return undefined;
  if (MERGES.has(className)) return (inputs as readonly Shape[]).reduce<Shape | undefined>((a, b) => a && broadcast(a, b), first);
  if (className === 'Concatenate') return concatenate(inputs as readonly Shape[], asNumber(own(config, 'axis')) ?? -1);
  if (inputs.length > 1) return undefined;
  if (SAME_SHAPE.has(className)) return first;
  return checked(single(className, config, first));
}

function checked(shape: readonly (number | null | undefined)[] | undefined): Shape | undefined {
  return shape?.every((d): d is number | null => d === null || isSize(d)) ? shape : undefined;
}

type Draft = readonly (number | null | undefined)[] | undefined;

function single(className: string, config: unknown, input: Shape): Draft {
  const spatial = /^(.*?)([123])D(Transpose)?$/.exec(className);
  if (spatial) {
    const shape = spatialShape(spatial[1]! + (spatial[3] ?? ''), Number(spatial[2]), config, input);
    if (shape) return shape;
  }
  if (RECURRENT.has(className)) return recurrent(config, input);
  switch (className) {
    case 'Dense':
      return [...input.slice(0, -1), asNumber(own(config, 'units'))];
    case 'Flatten':
      return [input[0], product(input.slice(1))];
    case 'Reshape':
      return reshape(input, asArray(ownAny(config, 'target_shape', 'targetShape')));
    case 'Permute':
      return permute(input, asArray(own(config, 'dims')));
    case 'RepeatVector':
      return input.length === 2 ? [input[0], asNumber(own(config, 'n')), input[1]] : undefined;
    case 'Embedding':
      return embedding(config, input);
    default:
      return undefined;
  }
}

function embedding(config: unknown, input: Shape): Draft {
  const units = asNumber(ownAny(config, 'output_dim', 'outputDim'));
  const length = ownAny(config, 'input_length', 'inputLength');
  return isSize(length) && input.length === 2 ? [input[0], input[1] ?? length, units] : [...input, units];
}

function recurrent(config: unknown, input: Shape): Draft {
  if (input.length !== 3 || ownAny(config, 'return_state', 'returnState') === true) return undefined;
  const units = asNumber(own(config, 'units'));
  return ownAny(config, 'return_sequences', 'returnSequences') === true ? [input[0], input[1], units] : [input[0], units];
}

/** Convolutions, poolings, padding, cropping, upsampling: layers with 1 to 3 dimensions of space. */
function spatialShape(kind: string, rank: number, config: unknown, input: Shape): Draft {
  if (input.length !== rank + 2) return undefined;
  const channelsFirst = asString(ownAny(config, 'data_format', 'dataFormat')) === 'channels_first';
  const space = channelsFirst ? input.slice(2) : input.slice(1, -1);
  const channels = (channelsFirst ? input[1] : input.at(-1)) ?? null;
  const join = (newSpace: Draft, newChannels: number | null | undefined): Draft =>
    newSpace && (channelsFirst ? [input[0], newChannels, ...newSpace] : [input[0], ...newSpace, newChannels]);
  const filters = asNumber(own(config, 'filters'));
  switch (kind) {
    case 'Conv':
    case 'SeparableConv':
      return join(windows(space, config, 'kernel_size', 'kernelSize'), filters);
    case 'DepthwiseConv':
      return join(windows(space, config, 'kernel_size', 'kernelSize'), channels === null ? null : channels * (asNumber(ownAny(config, 'depth_multiplier', 'depthMultiplier')) ?? 1));
    case 'ConvTranspose':
      return join(transposed(space, config), filters);
    case 'MaxPooling':
    case 'AveragePooling':
      return join(windows(space, config, 'pool_size', 'poolSize'), channels);
    case 'GlobalMaxPooling':
    case 'GlobalAveragePooling':
      return ownAny(config, 'keepdims', 'keepDims') === true ? join(space.map(() => 1), channels) : [input[0], channels];
    case 'UpSampling':
      return join(scaled(space, own(config, 'size')), channels);
    case 'ZeroPadding':
      return join(padded(space, own(config, 'padding'), 1), channels);
    case 'Cropping':
      return join(padded(space, own(config, 'cropping'), -1), channels);
    default:
      return undefined;
  }
}

/** Sizes of a window that slides over each dimension (Keras conv_utils.conv_output_length). */
function windows(space: Shape, config: unknown, ...sizeKeys: readonly string[]): Draft {
  const size = perDimension(ownAny(config, ...sizeKeys), space.length);
  if (!size) return undefined;
  const given = ownAny(config, 'strides');
  const isPooling = sizeKeys[0] === 'pool_size';
  const strides = given === undefined ? (isPooling ? size : space.map(() => 1)) : perDimension(given, space.length);
  const dilation = perDimension(ownAny(config, 'dilation_rate', 'dilationRate') ?? 1, space.length);
  const padding = asString(own(config, 'padding')) ?? 'valid';
  if (!strides || !dilation) return undefined;
  return space.map((length, i) => {
    if (length === null) return null;
    if (padding === 'same' || padding === 'causal') return Math.ceil(length / strides[i]!);
    const reach = (size[i]! - 1) * dilation[i]! + 1;
    return padding === 'valid' ? Math.floor((length - reach) / strides[i]!) + 1 : undefined;
  });
}

/** Keras conv_utils.deconv_output_length without output_padding. */
function transposed(space: Shape, config: unknown): Draft {
  const size = perDimension(ownAny(config, 'kernel_size', 'kernelSize'), space.length);
  const strides = perDimension(own(config, 'strides') ?? 1, space.length);
  const outputPadding = ownAny(config, 'output_padding', 'outputPadding');
  const dilation = perDimension(ownAny(config, 'dilation_rate', 'dilationRate') ?? 1, space.length);
  if (!size || !strides || outputPadding !== undefined || !dilation?.every((rate) => rate === 1)) return undefined;
  const isSame = asString(own(config, 'padding')) === 'same';
  return space.map((length, i) => (length === null ? null : length * strides[i]! + (isSame ? 0 : Math.max(size[i]! - strides[i]!, 0))));
}

function scaled(space: Shape, size: unknown): Draft {
  const factors = perDimension(size, space.length);
  return factors && space.map((length, i) => (length === null ? null : length * factors[i]!));
}

/** `amount` is a number, one a dimension, or a pair a dimension. */
function padded(space: Shape, amount: unknown, sign: 1 | -1): Draft {
  const pairs = space.length === 1 && Array.isArray(amount) && amount.length === 2 ? [amount] : asArray(amount);
  return space.map((length, i) => {
    const own = typeof amount === 'number' ? amount : pairs[i];
    const total = typeof own === 'number' ? own * 2 : Array.isArray(own) && isSize(own[0]) && isSize(own[1]) ? own[0] + own[1] : undefined;
    if (total === undefined) return undefined;
    return length === null ? null : length + sign * total;
  });
}

function perDimension(value: unknown, rank: number): readonly number[] | undefined {
  if (isSize(value)) return Array.from({ length: rank }, () => value);
  const list = asArray(value);
  return list.length === rank && list.every(isSize) && list.every((size) => size > 0) ? (list) : undefined;
}

function product(dimensions: Shape): number | null {
  return dimensions.reduce<number | null>((a, b) => (a === null || b === null ? null : a * b), 1);
}

function reshape(input: Shape, target: readonly unknown[]): Draft {
  if (!target.every((d) => d === null || (typeof d === 'number' && Number.isInteger(d) && d >= -1))) return undefined;
  const open = target.filter((d) => d === -1 || d === null).length;
  const total = product(input.slice(1));
  if (open === 0) return [input[0], ...(target as readonly number[])];
  const rest = (target as readonly (number | null)[]).reduce<number>((a, d) => (d === -1 || d === null ? a : a * d), 1);
  const inferred = total === null || rest === 0 || total % rest !== 0 ? null : total / rest;
  return open > 1 ? undefined : [input[0], ...target.map((d) => (d === -1 || d === null ? inferred : (d as number)))];
}

function permute(input: Shape, dims: readonly unknown[]): Draft {
  if (dims.length !== input.length - 1) return undefined;
  return [input[0], ...dims.map((d) => (isSize(d) ? input[d] : undefined))];
}

/** Keras' merge layers: from the right, 1 stretches, an open dimension stays open. */
function broadcast(a: Shape, b: Shape): Shape | undefined {
  if (a.length !== b.length) return undefined;
  const result = a.map((x, i) => {
    const y = b[i] ?? null;
    if (x === y) return x;
    if (x === null || y === null) return null;
    return x === 1 ? y : y === 1 ? x : undefined;
  });
  return checked(result);
}

function concatenate(inputs: readonly Shape[], axis: number): Shape | undefined {
  const first = inputs[0]!;
  const at = axis < 0 ? axis + first.length : axis;
  if (!Number.isInteger(at) || at < 0 || at >= first.length || inputs.some((input) => input.length !== first.length)) return undefined;
  return first.map((dimension, i) => {
    const sizes = inputs.map((input) => input[i] ?? null);
    if (i !== at) return sizes.every((size) => size === dimension) ? dimension : (sizes.find((size) => size !== null) ?? null);
    return sizes.reduce<number | null>((a, b) => (a === null || b === null ? null : a + b), 0);
  });
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Both directions of a Bidirectional as its merge mode joins them. */
export function mergedShape(inner: Shape | undefined, mergeMode: unknown): Shape | undefined {
  if (!inner || mergeMode === null) return undefined;
  if (mergeMode !== undefined && mergeMode !== 'concat') return inner;
  const units = inner.at(-1);
  return units === undefined ? undefined : [...inner.slice(0, -1), units === null ? null : units * 2];
}

/** An Einsum or attention layer's build configuration names what went in. */
export function builtInputShape(buildConfig: unknown): Shape | undefined {
  return isObject(buildConfig) ? shapeOf(own(buildConfig, 'input_shape')) : undefined;
}
