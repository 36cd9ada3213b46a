import type { ByteSource } from '../byteSource';
import { bytesPerElement } from '../dtype';
import type { PlainDtype } from '../dtype';
import type { Encoding, Quantization } from '../model';
import type { WeightDraft } from './assembleModel';
import { PickleBytes, PickleCall, PickleGlobal } from './pickleValues';
import type { PickleValue } from './pickleValues';
import { numpyArrayOf } from './pytorchNumpy';
import type { NumpyArray } from './pytorchNumpy';
import { storageReference } from './pytorchStorages';
import type { StorageReference, Storages } from './pytorchStorages';
import { asCount, asCounts, pathOf, torchTypeOf, UNTYPED } from './pytorchTypes';
import type { TorchType } from './pytorchTypes';
import { reachOf, rowMajorStrides, stridedLayout } from './stridedLayout';

/** A tensor before it has a name. `reason` says why it cannot be read: ends a sentence that begins with the name. */
export type FoundTensor = Omit<WeightDraft, 'name' | 'unreadable'> & { readonly reason?: string };

/** PyTorch itself has no more axes. */
const MAX_RANK = 64;
/** A view may be larger than what it shows: an expanded mask, a scalar as a matrix. Reading this many elements takes a second; nobody keeps weights so. */
export const MAX_REPEATED_ELEMENTS = 2 ** 28;
/** Tensors of tensors: a parameter of a subclass of a tensor. */
const MAX_WRAPPERS = 8;
/** Of a tensor quantized by channel: no layer has as many. */
const MAX_CHANNELS = 1 << 20;

export interface TensorContext {
  /** Index of the file that the storages lie in. */
  readonly file: number;
  /** Of the pickle: its short byte strings are places in it. Absent where it was unpacked from an archive. */
  readonly pickleFile?: number;
  /** Added to places of the pickle to have those of the file. */
  readonly pickleOffset: number;
  readonly storages: Storages;
  /** The opened file. */
  readonly source: ByteSource;
  readonly signal?: AbortSignal | undefined;
}

/** Only scales of channels have to be read: to wait for each of a hundred thousand tensors would take longer than all else. */
type MaybeLater<T> = T | Promise<T>;

/** What rebuilds a tensor (torch/_utils.py, torch/_tensor.py), by the name in pickles. */
const REBUILDERS: Readonly<Record<string, (args: readonly PickleValue[], context: TensorContext, depth: number) => MaybeLater<FoundTensor | undefined>>> = {
  'torch._utils._rebuild_tensor': ([storage, offset, size, stride], context) => viewOf({ storage, offset, size, stride }, context),
  'torch._utils._rebuild_tensor_v2': ([storage, offset, size, stride], context) => viewOf({ storage, offset, size, stride }, context),
  'torch._utils._rebuild_tensor_v3': ([storage, offset, size, stride, , , type], context) => viewOf({ storage, offset, size, stride, type }, context),
  'torch._utils._rebuild_qtensor': ([storage, offset, size, stride, quantizer], context, depth) => quantizedOf({ storage, offset, size, stride }, quantizer, context, depth),
  'torch._utils._rebuild_parameter': ([data], context, depth) => tensorWithin(data, context, depth),
  'torch._utils._rebuild_parameter_with_state': ([data], context, depth) => tensorWithin(data, context, depth),
  'torch._utils._rebuild_device_tensor_from_cpu_tensor': ([data], context, depth) => tensorWithin(data, context, depth),
  'torch._utils._rebuild_device_tensor_from_numpy': ([data], context, depth) => tensorWithin(data, context, depth),
  'torch._utils._rebuild_xla_tensor': ([data], context, depth) => tensorWithin(data, context, depth),
  'torch._tensor._rebuild_from_type': ([make, , args], context, depth) => tensorWithin(new PickleCall(make ?? null, args ?? []), context, depth),
  'torch._tensor._rebuild_from_type_v2': ([make, , args], context, depth) => tensorWithin(new PickleCall(make ?? null, args ?? []), context, depth),
  'torch._utils._rebuild_meta_tensor_no_storage': ([type, size]) => withoutValues(size, torchTypeOf(type), 'it is on the "meta" device and was saved without values. Save it from a model whose weights are loaded'),
  'torch._utils._rebuild_wrapper_subclass': ([, type, size]) => withoutValues(size, torchTypeOf(type), 'it is of a class that wraps other tensors and was saved without values of its own'),
  'torch._utils._rebuild_sparse_tensor': ([, data]) => withoutValues(Array.isArray(data) ? data[2] : undefined, undefined, 'it is a sparse tensor, which Weightgram lists and does not read. Save it with .to_dense()'),
  'torch._utils._rebuild_sparse_csr_tensor': ([, data]) => withoutValues(Array.isArray(data) ? data[3] : undefined, undefined, 'it is a sparse tensor, which Weightgram lists and does not read. Save it with .to_dense()'),
  'torch._utils._rebuild_nested_tensor': () => withoutValues([], undefined, 'it is a nested tensor, which Weightgram lists and does not read. Save its parts'),
};

/** Names that are understood because they rebuild tensors. */
export const REBUILDER_NAMES: readonly string[] = Object.keys(REBUILDERS);

/** Whether a value is a tensor or an array, readable or not. */
export function isTensor(value: PickleValue): value is PickleCall {
  if (!(value instanceof PickleCall)) return false;
  const path = pathOf(value.callee);
  if (path === undefined) return false;
  return Object.hasOwn(REBUILDERS, path) || (path.startsWith('numpy') && numpyArrayOf(value) !== undefined);
}

/** undefined where the arguments are not those of a tensor. */
export function tensorOf(call: PickleCall, context: TensorContext, depth = 0): MaybeLater<FoundTensor | undefined> {
  if (depth > MAX_WRAPPERS) return undefined;
  const path = pathOf(call.callee);
  if (path !== undefined && Object.hasOwn(REBUILDERS, path)) return Array.isArray(call.args) ? REBUILDERS[path]!(call.args, context, depth) : undefined;
  const array = numpyArrayOf(call);
  return array && arrayTensor(array, context);
}

function tensorWithin(value: PickleValue | undefined, context: TensorContext, depth: number): MaybeLater<FoundTensor | undefined> {
  return value instanceof PickleCall ? tensorOf(value, context, depth + 1) : undefined;
}

interface View {
  readonly storage: PickleValue | undefined;
  readonly offset: PickleValue | undefined;
  readonly size: PickleValue | undefined;
  readonly stride: PickleValue | undefined;
  readonly type?: PickleValue | undefined;
}

function viewOf(view: View, context: TensorContext, needsRowMajor = false): FoundTensor | undefined {
  const shape = shapeOf(view.size);
  if (!shape) return undefined;
  const storage = storageReference(view.storage);
  const named = torchTypeOf(view.type);
  const type = named ?? storage?.type;
  if (!storage || !type || type === UNTYPED) return unreadable(shape, type, 'its storage is of a type that Weightgram does not know. Save it as one of PyTorch\'s own types');
  if (!type.dtype) return unreadable(shape, type, `it is of type ${type.name}, which Weightgram lists and does not read`);
  return placed({ shape, type, dtype: type.dtype, storage, offset: view.offset, stride: view.stride, needsRowMajor }, context);
}

interface Placing {
  readonly shape: readonly number[];
  readonly type: TorchType;
  readonly dtype: PlainDtype;
  readonly storage: StorageReference;
  readonly offset: PickleValue | undefined;
  readonly stride: PickleValue | undefined;
  readonly needsRowMajor: boolean;
}

function placed({ shape, type, dtype, storage, offset, stride, needsRowMajor }: Placing, { storages }: TensorContext): FoundTensor {
  const strides = asCounts(stride);
  const first = asCount(offset);
  const refuse = (reason: string): FoundTensor => unreadable(shape, type, reason);
  if (!strides || strides.length !== shape.length || strides.some((step) => step < 0)) return refuse('its strides do not fit its shape. Save the model anew');
  if (first === undefined || first < 0 || storage.viewOffset < 0) return refuse('it begins before its storage. Save the model anew');
  const base = describeTensor(shape, type, dtype);
  const place = storages.place(storage);
  if (place.failure !== undefined) return refuse(place.failure);
  const width = bytesPerElement(dtype);
  const start = (first + storage.viewOffset * (storage.type.bytes / width)) * width;
  const reach = reachOf(shape, strides);
  const available = place.deflatedTo ?? place.segment.length;
  if (reach < 0) return { ...base, segments: [] };
  if (!Number.isSafeInteger(reach) || start + (reach + 1) * width > available) return refuse(`it reaches to byte ${start + (reach + 1) * width} of its storage, which has ${available}. Fetch the file again, or save the model anew`);
  if (base.elements > reach + 1 && base.elements > MAX_REPEATED_ELEMENTS) return refuse(`it shows the ${reach + 1} elements of its storage as ${base.elements}: more than Weightgram reads of a view that repeats itself. Save it with .clone()`);
  const layout = stridedLayout(shape, strides);
  const order = layout.kind === 'dense' && !needsRowMajor ? layout.order : undefined;
  const isStrided = layout.kind === 'strided' || layout.order !== order;
  if (place.deflatedTo !== undefined) {
    if (isStrided || order) return refuse('it is a view of a storage that is packed in the archive, which Weightgram does not read. Save it with .contiguous()');
    return { ...base, segments: [place.segment], encoding: { kind: 'deflate', skipBytes: start }, ...bigEndian(storages) };
  }
  const encoding: Encoding | undefined = isStrided ? { kind: 'strided', offset: 0, strides } : order && { kind: 'permuted', order };
  const { file, offset: storageOffset } = place.segment;
  return { ...base, segments: [{ file, offset: storageOffset + start, length: (reach + 1) * width }], ...(encoding && { encoding }), ...bigEndian(storages) };
}

function bigEndian({ byteOrder }: { readonly byteOrder?: 'big' }): { byteOrder?: 'big' } {
  return byteOrder ? { byteOrder } : {};
}

function shapeOf(size: PickleValue | undefined): readonly number[] | undefined {
  const shape = asCounts(size);
  if (!shape || shape.length > MAX_RANK || shape.some((length) => length < 0)) return undefined;
  // A product of huge sizes is no number of elements, even where another size is 0.
  return Number.isSafeInteger(elementsOf(shape)) && Number.isSafeInteger(16 * shape.reduce((product, length) => product * Math.max(1, length), 1)) ? shape : undefined;
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** `uint8` stands in where the type is unknown. */
function describeTensor(shape: readonly number[], type: TorchType | undefined, dtype: PlainDtype = type?.dtype ?? 'uint8'): Omit<FoundTensor, 'segments'> {
  const elements = elementsOf(shape);
  return { dtype, shape, elements, bytes: Math.ceil(elements * (type?.bytes ?? 1)) };
}

function unreadable(shape: readonly number[], type: TorchType | undefined, reason: string): FoundTensor {
  return { ...describeTensor(shape, type), segments: [], reason };
}

function withoutValues(size: PickleValue | undefined, type: TorchType | undefined, reason: string): FoundTensor | undefined {
  const shape = shapeOf(size);
  return shape && unreadable(shape, type, reason);
}

/** (torch.per_tensor_affine, scale, zero point) or (torch.per_channel_affine, scales, zero points, axis). */
async function quantizedOf(view: View, quantizer: PickleValue | undefined, context: TensorContext, depth: number): Promise<FoundTensor | undefined> {
  const [scheme, scale, zeroPoint, axis] = Array.isArray(quantizer) ? quantizer : [];
  const path = scheme instanceof PickleGlobal ? scheme.path : '';
  if (path === 'torch.per_tensor_affine' || path === 'torch.per_tensor_symmetric') {
    const found = viewOf(view, context);
    return found && scaled(found, perTensor(scale, zeroPoint));
  }
  const found = viewOf(view, context, true);
  if (!found || found.reason !== undefined) return found;
  if (!/^torch\.per_channel_(?:affine|symmetric|affine_float_qparams)$/.test(path)) return scaled(found, undefined);
  const scales = await numbersOf(scale, context, depth);
  const zeroPoints = await numbersOf(zeroPoint, context, depth);
  const channels = asCount(axis);
  const isSound = scales && zeroPoints && channels !== undefined && channels >= 0 && scales.length === found.shape[channels] && zeroPoints.length === scales.length;
  return scaled(found, isSound ? { scheme: 'perAxis', axis: channels, scales: scales.map(Math.fround), zeroPoints, originalDtype: 'float32' } : undefined);
}

/** PyTorch computes (code − zero point) × float32(scale) in float32: aten/src/ATen/native/quantized/AffineQuantizerBase.cpp, dequantize_val. */
function perTensor(scale: PickleValue | undefined, zeroPoint: PickleValue | undefined): Quantization | undefined {
  if (typeof scale !== 'number' || typeof zeroPoint !== 'number') return undefined;
  const single = Math.fround(scale);
  return { scheme: 'affine', scale: single, min: zeroPoint === 0 ? 0 : -zeroPoint * single, originalDtype: 'float32' };
}

function scaled(found: FoundTensor, quantization: Quantization | undefined): FoundTensor {
  if (found.reason !== undefined) return found;
  if (quantization) return { ...found, quantization };
  return { ...found, segments: [], reason: 'what its codes stand for is stored in a way that Weightgram does not know. Save it dequantized' };
}

/** The values of a short tensor or list. */
async function numbersOf(value: PickleValue | undefined, context: TensorContext, depth: number): Promise<number[] | undefined> {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number') ? (value) : undefined;
  const found = await tensorWithin(value, context, depth);
  const segment = found?.segments[0];
  if (!found || !segment || found.encoding || found.elements > MAX_CHANNELS || segment.file !== context.file) return undefined;
  const bytes = await context.source.read(segment.offset, segment.length, context.signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = found.byteOrder !== 'big';
  const width = bytesPerElement(found.dtype as PlainDtype);
  const at: Partial<Record<string, (offset: number) => number>> = {
    float64: (offset) => view.getFloat64(offset, isLittle),
    float32: (offset) => view.getFloat32(offset, isLittle),
    int64: (offset) => Number(view.getBigInt64(offset, isLittle)),
    int32: (offset) => view.getInt32(offset, isLittle),
  };
  const read = at[found.dtype];
  return read && Array.from({ length: found.elements }, (_, index) => read(index * width));
}

function arrayTensor({ shape: sizes, typeName, dtype, byteOrder, isFortran, data }: NumpyArray, { pickleFile, pickleOffset }: TensorContext): FoundTensor | undefined {
  const shape = shapeOf([...sizes]);
  if (!shape) return undefined;
  if (!dtype) return unreadable(shape, undefined, `it is an array of type ${typeName}, which Weightgram lists and does not read`);
  const base = describeTensor(shape, { name: dtype, bytes: bytesPerElement(dtype) }, dtype);
  const refuse = (reason: string): FoundTensor => ({ ...base, segments: [], reason });
  if (base.elements === 0) return { ...base, segments: [] };
  if (!data) return refuse('its values are written as text. Save it with pickle protocol 4, or with numpy.save');
  if (data.length !== base.bytes) return refuse(`it has ${data.length} bytes of values, and its shape takes ${base.bytes}. Save it anew`);
  const order = isFortran && shape.length > 1 ? { kind: 'permuted' as const, order: shape.map((_, axis) => shape.length - 1 - axis) } : undefined;
  const isHere = data instanceof PickleBytes && pickleFile !== undefined;
  if (isHere) return { ...base, segments: [{ file: pickleFile, offset: pickleOffset + data.offset, length: data.length }], ...(order && { encoding: order }), ...(byteOrder && { byteOrder }) };
  const bytes = data instanceof PickleBytes ? data.bytes : data;
  if (!bytes) return refuse('it is packed in the archive. Unpack the archive first');
  const rowMajor = inlineBytes(bytes, shape, dtype, order !== undefined, byteOrder === 'big');
  return { ...base, segments: [], encoding: { kind: 'inline', bytes: rowMajor } };
}

/** Row-major and little-endian. */
function inlineBytes(bytes: Uint8Array, shape: readonly number[], dtype: PlainDtype, isFortran: boolean, isBig: boolean): Uint8Array {
  const width = bytesPerElement(dtype);
  const part = dtype === 'complex64' ? 4 : width;
  const result = new Uint8Array(bytes.length);
  const strides = isFortran ? rowMajorStrides([...shape].reverse()).reverse() : rowMajorStrides(shape);
  const own = rowMajorStrides(shape);
  for (let element = 0; element * width < bytes.length; element++) {
    let at = 0;
    for (let axis = 0, rest = element; axis < shape.length; axis++) {
      at += Math.floor(rest / own[axis]!) * strides[axis]!;
      rest %= own[axis]!;
    }
    for (let byte = 0; byte < width; byte++) {
      const within = isBig ? part * Math.floor(byte / part) + (part - 1 - (byte % part)) : byte;
      result[element * width + byte] = bytes[at * width + within]!;
    }
  }
  return result;
}
