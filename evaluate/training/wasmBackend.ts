import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { KernelConfig, NamedAttrMap, NamedTensorInfoMap, Tensor, Tensor4D, TensorInfo } from '@tensorflow/tfjs';

/**
 * TensorFlow.js on WebAssembly while `work` runs: ten times the speed of its plain JavaScript. Gradients that this backend lacks
 * are added from operations that it has. It is loaded only here, and left afterwards: once loaded it would be what everybody
 * else in the process is given, and it must be waited for.
 */
export async function onWasmBackend<T>(work: () => Promise<T>): Promise<T> {
  await tf.ready();
  const before = tf.getBackend();
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const folder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  setWasmPaths(`${path.join(folder, 'dist')}/`);
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend of TensorFlow.js cannot be started; run npm install.');
  for (const config of MISSING_KERNELS) if (!tf.getKernel(config.kernelName, 'wasm')) tf.registerKernel(config);
  try {
    return await work();
  } finally {
    await tf.setBackend(before);
  }
}

interface Geometry {
  readonly strides: readonly [number, number];
  readonly pad: 'same' | 'valid';
}

interface FilterGradient {
  readonly inputs: { readonly x: Tensor4D; readonly dy: Tensor4D };
  readonly attributes: Attributes & { readonly filterShape: Shape4 };
}

interface InputGradient {
  readonly inputs: { readonly dy: Tensor4D; readonly filter: Tensor4D };
  readonly attributes: Attributes & { readonly inputShape: Shape4 };
}

interface SegmentSum {
  readonly inputs: { readonly x: Tensor; readonly segmentIds: Tensor };
  readonly attributes: { readonly numSegments: number };
}

interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: Geometry['pad'];
}

const MISSING_KERNELS: readonly KernelConfig[] = [
  kernel<FilterGradient>('Conv2DBackpropFilter', ({ x, dy }, attributes) => convolutionFilterGradient(x, dy, attributes.filterShape, geometryOf(attributes))),
  kernel<FilterGradient>('DepthwiseConv2dNativeBackpropFilter', ({ x, dy }, attributes) => depthwiseFilterGradient(x, dy, attributes.filterShape, geometryOf(attributes))),
  kernel<InputGradient>('DepthwiseConv2dNativeBackpropInput', ({ dy, filter }, attributes) => depthwiseInputGradient(dy, filter, attributes.inputShape, geometryOf(attributes))),
  kernel<SegmentSum>('UnsortedSegmentSum', ({ x, segmentIds }, { numSegments }) => segmentSum(x, segmentIds, numSegments)),
];

type Shape4 = [number, number, number, number];
interface Signature {
  readonly inputs: object;
  readonly attributes: object;
}

/** A kernel made of other operations; what it is called with is known by its name. */
function kernel<S extends Signature>(kernelName: string, compute: (inputs: S['inputs'], attributes: S['attributes']) => Tensor): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }): TensorInfo => {
      const tensors = Object.entries(inputs).map(([name, info]) => [name, shared(info!)] as const);
      return shared(tf.tidy(() => compute(Object.fromEntries(tensors), attrs ?? {})));
    },
  };
}

/** One more tensor over the same data, which lives until both are disposed of. */
function shared(info: TensorInfo): Tensor {
  tf.backend().incRef(info.dataId);
  return tf.engine().makeTensorFromTensorInfo(info);
}

function geometryOf({ strides, pad }: Attributes): Geometry {
  return { strides: typeof strides === 'number' ? [strides, strides] : strides, pad };
}

/** The input as the filter sees it: padded as TensorFlow pads 'same', more at the end than at the beginning. */
function padded(x: Tensor4D, [, outHeight, outWidth]: readonly number[], [height, width]: readonly number[], { strides, pad }: Geometry): Tensor4D {
  if (pad === 'valid') return x;
  const [top, bottom] = padding(x.shape[1], outHeight!, height!, strides[0]);
  const [left, right] = padding(x.shape[2], outWidth!, width!, strides[1]);
  return pad4(x, [top, bottom], [left, right]);
}

function pad4(x: Tensor4D, rows: [number, number], columns: [number, number]): Tensor4D {
  return tf.pad<Tensor4D>(x, [[0, 0], rows, columns, [0, 0]]);
}

function padding(size: number, out: number, filter: number, stride: number): [number, number] {
  const total = Math.max(0, (out - 1) * stride + filter - size);
  return [total >> 1, total - (total >> 1)];
}

/** What one tap of the filter reads: [batch, out height, out width, channels]. */
function tap(x: Tensor4D, row: number, column: number, [batch, height, width]: readonly number[], [down, across]: readonly [number, number]): Tensor4D {
  const end = [batch!, row + (height! - 1) * down + 1, column + (width! - 1) * across + 1, x.shape[3]];
  return tf.stridedSlice(x, [0, row, column, 0], end, [1, down, across, 1]) as Tensor4D;
}

/** dL/dw for each tap: (what the tap read)ᵀ × dy over batch and places. */
function convolutionFilterGradient(x: Tensor4D, dy: Tensor4D, filterShape: Shape4, geometry: Geometry): Tensor {
  const [height, width, inputs, outputs] = filterShape;
  const source = padded(x, dy.shape, filterShape, geometry);
  const gradient = tf.reshape(dy, [-1, outputs]);
  const taps: Tensor[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      taps.push(tf.matMul(tf.reshape(tap(source, row, column, dy.shape, geometry.strides), [-1, inputs]), gradient, true, false));
    }
  }
  return tf.reshape(tf.concat(taps, 0), filterShape);
}

function depthwiseFilterGradient(x: Tensor4D, dy: Tensor4D, filterShape: Shape4, geometry: Geometry): Tensor {
  const [height, width, , multiplier] = filterShape;
  if (multiplier !== 1) throw new Error('the evaluation trains depthwise convolutions with a multiplier of 1 only');
  const source = padded(x, dy.shape, filterShape, geometry);
  const taps: Tensor[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) taps.push(tf.sum(tf.mul(tap(source, row, column, dy.shape, geometry.strides), dy), [0, 1, 2]));
  }
  return tf.reshape(tf.concat(taps, 0), filterShape);
}

/** Each tap gives its share of dy back to where it read. Strides of 1 only, which is all that the evaluation trains. */
function depthwiseInputGradient(dy: Tensor4D, filter: Tensor4D, inputShape: Shape4, geometry: Geometry): Tensor {
  const { strides, pad } = geometry;
  if (strides[0] !== 1 || strides[1] !== 1) throw new Error('the evaluation trains depthwise convolutions with strides of 1 only');
  const [height, width] = filter.shape;
  const [top, bottom] = pad === 'same' ? padding(inputShape[1], dy.shape[1], height, 1) : [0, 0];
  const [left, right] = pad === 'same' ? padding(inputShape[2], dy.shape[2], width, 1) : [0, 0];
  const shares: Tensor4D[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const weights = tf.reshape(tf.slice(filter, [row, column, 0, 0], [1, 1, -1, 1]), [1, 1, 1, -1]);
      shares.push(pad4(tf.mul(dy, weights), [row, height - 1 - row], [column, width - 1 - column]));
    }
  }
  const whole = tf.addN<Tensor4D>(shares);
  return tf.slice(whole, [0, top, left, 0], [inputShape[0], whole.shape[1] - top - bottom, whole.shape[2] - left - right, inputShape[3]]);
}

/** Rows of x added up by the segment that they belong to. */
function segmentSum(x: Tensor, segmentIds: Tensor, segments: number): Tensor {
  const ids = segmentIds.dataSync();
  const rows = x.dataSync();
  const width = x.size / ids.length;
  const sums = new Float32Array(segments * width);
  ids.forEach((id, row) => {
    for (let i = 0; i < width; i++) sums[id * width + i]! += rows[row * width + i]!;
  });
  return tf.tensor(sums, [segments, ...x.shape.slice(segmentIds.rank)]);
}

