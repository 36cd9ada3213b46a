import type { Dtype } from './dtype';

/** What a tensor is for. The report's `role`. */
export const ROLES = [
  'kernel', 'bias', 'normScale', 'normShift', 'runningMean', 'runningVariance', 'embedding', 'head',
  'adapter', 'quantization', 'optimizer', 'constant', 'other',
] as const;
export type Role = (typeof ROLES)[number];

/** Constants only carry shapes or indices, and optimizer state is not the model: neither counts as weights. */
export function isWeight(tensor: Tensor): boolean {
  return tensor.role !== 'constant' && tensor.role !== 'optimizer' && tensor.role !== 'quantization' && tensor.dtype !== 'string';
}

/** One file of a model. `path` is absolute; `sizeBytes` and `modifiedMs` make the content stamp. */
export interface ModelFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** A run of a tensor's bytes in one file. A tensor that straddles shards has several, in order. */
export interface Segment {
  /** Index into Model.files. */
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * What stored codes stand for; statistics are always of the real values.
 * `affine`: float32(code × scale + min), rounded to an integer where `originalDtype` is int32 (TensorFlow.js; a zero point z is min = -z × scale).
 * `perAxis`: float32((code − zeroPoint) × scale), with a scale for each index of `axis`.
 * `perBlock`: the same, with a scale for each run of `blockSize` elements along `axis`; scales in row-major order.
 * `float16` stores half floats of what was float32.
 */
export type Quantization =
  | { readonly scheme: 'affine'; readonly scale: number; readonly min: number; readonly originalDtype: 'float32' | 'int32' }
  | { readonly scheme: 'perAxis'; readonly axis: number; readonly scales: readonly number[]; readonly zeroPoints?: readonly number[]; readonly originalDtype: 'float32' }
  | { readonly scheme: 'perBlock'; readonly axis: number; readonly blockSize: number; readonly scales: readonly number[]; readonly zeroPoints?: readonly number[]; readonly originalDtype: 'float32' }
  | { readonly scheme: 'float16'; readonly originalDtype: 'float32' };

/** What HDF5 did to a chunk, in the order in which it was applied. */
export type ChunkFilter = 'shuffle' | 'deflate' | 'lzf' | 'fletcher32';

/**
 * How the bytes of the segments become elements in row-major order, where it is not simply one after another.
 * Plain data: decoders live with the workers (src/worker/decoders/).
 */
export type Encoding =
  /** In row-major order of the axes in this order: transposed and Fortran-ordered arrays. order[0] is the axis that varies slowest. */
  | { readonly kind: 'permuted'; readonly order: readonly number[] }
  /** A view: element (i, j, …) lies at offset + i × strides[0] + j × strides[1] + …, counted in elements. */
  | { readonly kind: 'strided'; readonly offset: number; readonly strides: readonly number[] }
  /** One segment, a raw deflate stream (RFC 1951); the tensor begins `skipBytes` into what it unpacks to, in the order of axes that `permuted` has too. */
  | { readonly kind: 'deflate'; readonly skipBytes: number; readonly order?: readonly number[] }
  /** HDF5 chunks: a segment each, in row-major order of their grid. One without bytes was never written and holds `fill` (one element, as stored; zeros where absent). `filterMasks`: bit i set where filter i was left out of that chunk. */
  | { readonly kind: 'chunked'; readonly chunkShape: readonly number[]; readonly filters: readonly ChunkFilter[]; readonly filterMasks?: readonly number[]; readonly fill?: Uint8Array }
  /** The values themselves, few: little-endian, one after another. No segments. */
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  /** The first values, few, as `inline` has them; the last of them fills the rest of the tensor. */
  | { readonly kind: 'filled'; readonly bytes: Uint8Array }
  /** Protobuf varints, one an element: a packed field that is not of fixed width. */
  | { readonly kind: 'varints' }
  /** `segments` hold the values; `indices` say where in the flat tensor each of them goes. All else is zero. */
  | { readonly kind: 'sparse'; readonly indices: Float64Array };

/** Which axes of a kernel's shape count its units. Indices into `shape`. */
export interface UnitAxes {
  /** Filters of a convolution, units of a dense layer. */
  readonly output?: number;
  /** Input channels. */
  readonly input?: number;
}

export interface Tensor {
  /** Unique within the model, as the file names it. */
  readonly name: string;
  /** Index into Model.layers. */
  readonly layer: number;
  readonly role: Role;
  /** As stored: the code type where values are quantized. */
  readonly dtype: Dtype;
  readonly quantization?: Quantization;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly elements: number;
  /** As stored, before any compression. */
  readonly bytes: number;
  /** Empty where `unreadable` says why, for tensors without elements, and where `encoding` holds the values itself. */
  readonly segments: readonly Segment[];
  /** Absent where the segments hold the elements one after another, in row-major order. */
  readonly encoding?: Encoding;
  /** Little-endian where absent. */
  readonly byteOrder?: 'big';
  readonly axes?: UnitAxes;
  /** Why the bytes cannot be read: names the file and the remedy. */
  readonly unreadable?: string;
}

/** An initializer, regularizer or constraint as the file declares it, e.g. { name: 'L2', config: { l2: 0.01 } }. */
export interface Declared {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Layer {
  /** Unique within the model. Nested models join their names with '/'. */
  readonly name: string;
  /** e.g. Conv2D; absent where the file does not say. */
  readonly className?: string;
  /** Indices into Model.tensors, in file order. */
  readonly tensors: readonly number[];
  /** null stands for an unknown dimension; absent where it does not follow. */
  readonly outputShape?: readonly (number | null)[];
  readonly activation?: string;
  /** By the weight they are for: kernel, bias, gamma, ... */
  readonly initializers?: Readonly<Record<string, Declared>>;
  readonly regularizers?: Readonly<Record<string, Declared>>;
  readonly constraints?: Readonly<Record<string, Declared>>;
  readonly dtype?: string;
  readonly trainable?: boolean;
  /** Names of the layers whose output this one takes; absent where the file has no topology. */
  readonly inputs?: readonly string[];
  /** Everything else the config says, for hovers (numbers, strings, booleans, short arrays). */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Something wrong with the file that does not stop the rest from being read. Becomes a finding. */
export interface Problem {
  /** What a rule of its own says: `unsafe` is code that the file would run in another program. Absent for all else. */
  readonly kind?: 'unsafe';
  /** What is wrong, naming the file. */
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
  /** Index into Model.tensors; absent where it is about the model. */
  readonly tensor?: number;
}

/** Headers only: no weight has been read. Plain data, so that it crosses ports. */
export interface Model {
  /** File name, no folder. */
  readonly name: string;
  /** Absolute path of the file that was opened: files[0]. */
  readonly path: string;
  /** Registry id of the format, e.g. tfjs-layers. */
  readonly format: string;
  /** For people, e.g. "TensorFlow.js layers model". */
  readonly formatTitle: string;
  readonly producer?: string;
  readonly files: readonly ModelFile[];
  /** All files together. */
  readonly bytes: number;
  /** In model order. Includes layers without weights only where the topology has them. */
  readonly layers: readonly Layer[];
  readonly tensors: readonly Tensor[];
  /** Elements of all weight tensors (isWeight). */
  readonly parameters: number;
  readonly problems: readonly Problem[];
}
