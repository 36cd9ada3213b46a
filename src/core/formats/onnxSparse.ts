import { isNumeric, storedBytes } from '../dtype';
import { HumanError } from '../errors';
import { quote } from './jsonValues';
import type { OnnxPlacer, PlacedValues } from './onnxStorage';
import type { OnnxSparseTensor } from './onnxTensor';
import { packedVarints } from './protobufWire';

/** Places of values travel with the model to the workers: 8 bytes each, up to 32 MiB a tensor. Of coordinates each one counts. */
export const MAX_PLACES = 4 * 1024 * 1024;
/** Zeros between them are looked at as well: some seconds' worth. A few bytes could declare more than could ever be counted. */
const MAX_ELEMENTS = 2 ** 32;

/**
 * A SparseTensorProto: values [NNZ], and where they go in the tensor of `dims`: flat places [NNZ], or coordinates [NNZ, rank],
 * in ascending order (onnx.proto). All other elements are zero.
 */
export async function placeSparse(placer: OnnxPlacer, name: string, { values, indices, dims }: OnnxSparseTensor): Promise<PlacedValues> {
  const elements = dims.reduce((product, size) => product * size, 1);
  const placed = await placer.tensor(name, values);
  if (placed.unreadable !== undefined || !isNumeric(placed.dtype)) return placed;
  const bytes = storedBytes(placed.dtype, elements);
  const refused = (reason: string): PlacedValues => ({ ...placed, segments: [], unreadable: `${placer.file.source.name}: ${quote(name)} ${reason}.` });
  if (!dims.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(bytes)) return refused(`has the shape ${quote(dims.join(' × '))}, which no tensor can have. Export the model anew`);
  const whole = { ...placed, shape: dims, elements, bytes };
  const unreadable = (reason: string): PlacedValues => ({ ...whole, segments: [], unreadable: `${placer.file.source.name}: ${quote(name)} ${reason}.` });
  if (elements > MAX_ELEMENTS) return unreadable(`is sparse with ${elements} elements; up to ${MAX_ELEMENTS} are read`);
  if (placed.encoding) return unreadable('is sparse with its values as variable-length numbers, which Weightgram does not read. Export the model with raw data');
  const coordinates = placed.elements * (indices.dims[1] ?? 1);
  if (coordinates > MAX_PLACES) return unreadable(`is sparse with ${coordinates} coordinates of its values; up to ${MAX_PLACES} are read. Export the model with dense weights`);
  try {
    const places = await readPlaces(placer, name, placed.elements, { values, indices, dims });
    if (typeof places === 'string') return unreadable(`${places}. Export the model anew`);
    return { ...whole, encoding: { kind: 'sparse', indices: places } };
  } catch (error) {
    if (!(error instanceof HumanError) || error.code === 'cancelled') throw error;
    return unreadable(`is sparse, and its places cannot be read: ${error.message}`);
  }
}

async function readPlaces(placer: OnnxPlacer, name: string, count: number, { indices, dims }: OnnxSparseTensor): Promise<Float64Array | string> {
  const isFlat = indices.dims.length === 1;
  const width = isFlat ? 1 : dims.length;
  if (indices.dims[0] !== count || (!isFlat && (indices.dims.length !== 2 || indices.dims[1] !== width))) return `has ${count} values and places of the shape ${quote(indices.dims.join(' × '))}`;
  const placed = await placer.tensor(`${name} (places)`, indices);
  if (placed.unreadable !== undefined) return `has places that cannot be read: ${placed.unreadable.replace(/\.$/, '')}`;
  if (placed.dtype !== 'int64') return `has places of type ${placed.dtype}, and not int64`;
  const numbers = integers(await placer.read(placed.segments), placed.encoding?.kind === 'varints', count * width);
  if (!numbers) return 'has places that cannot be read';
  const places = new Float64Array(count);
  const elements = dims.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    let flat = 0;
    for (let axis = 0; axis < width; axis++) {
      const at = numbers[i * width + axis]!;
      if (!(at >= 0 && at < (isFlat ? elements : dims[axis]!))) return `has a value at ${at} of axis ${axis}, beyond its shape`;
      flat = isFlat ? at : flat * dims[axis]! + at;
    }
    if (i > 0 && flat <= places[i - 1]!) return 'has places that do not ascend';
    places[i] = flat;
  }
  return places;
}

function integers(bytes: Uint8Array, isVarints: boolean, count: number): ArrayLike<number> | undefined {
  if (isVarints) {
    const values = packedVarints(bytes, count);
    return values?.length === count ? values : undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: count }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}
