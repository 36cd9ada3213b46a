import { bytesPerElement } from '../dtype';
import type { Dtype, PlainDtype } from '../dtype';
import { quote } from './jsonValues';
import { parsePythonLiteral } from './pythonLiteral';
import type { PythonLiteral } from './pythonLiteral';

/** NumPy pads headers to a multiple of 64 bytes; 128 is the least, and nearly all. */
export const USUAL_HEADER_BYTES = 256;
/** Longer ones name the fields of structured arrays, which are not read; NumPy itself refuses headers beyond 10,000 characters. */
export const MAX_NPY_HEADER_BYTES = 64 * 1024;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's own limit since 2.0. */
const MAX_RANK = 64;

/** What the header of a .npy file says (numpy/lib/format.py). */
export interface NpyArray {
  readonly dtype: Dtype;
  readonly byteOrder?: 'big';
  readonly shape: readonly number[];
  readonly elements: number;
  /** Of the elements; NaN where a type's size is not known. */
  readonly bytes: number;
  readonly isFortran: boolean;
  readonly headerBytes: number;
  /** Why its values are not read. */
  readonly refusal?: string;
}

/** `needs` is how many bytes of the file tell; `flaw` says what is wrong, and ends a sentence. */
export type NpyHead = NpyArray | { readonly needs: number } | { readonly flaw: string };

export function isNpy(head: Uint8Array): boolean {
  return MAGIC.every((byte, i) => head[i] === byte);
}

/** Versions 1.0 to 3.0. @param head the first bytes of the file. */
export function parseNpyHead(head: Uint8Array): NpyHead {
  if (head.length < 12) return { needs: 12 };
  if (!isNpy(head)) return { flaw: 'it does not begin as a .npy file does' };
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = head[6]!;
  if (version < 1 || version > 3) return { flaw: `it is of version ${version}.${head[7]} of the .npy format, and Weightgram reads 1 to 3` };
  const prefix = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (prefix + length > MAX_NPY_HEADER_BYTES) return { flaw: `its header takes ${length} bytes, as only those of arrays with very many fields do; up to ${MAX_NPY_HEADER_BYTES} are read` };
  if (prefix + length > head.length) return { needs: prefix + length };
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(head.subarray(prefix, prefix + length));
  const header = usualHeader(text) ?? parsePythonLiteral(text);
  if (!(header instanceof Map)) return { flaw: 'its header is no Python dictionary' };
  return arrayOf(header as ReadonlyMap<string, PythonLiteral>, prefix + length);
}

/** As numpy writes it, without a parser: an archive may have a hundred thousand. */
function usualHeader(text: string): Map<string, PythonLiteral> | undefined {
  const match = /^\{'descr': '([^'\\]+)', 'fortran_order': (True|False), 'shape': \((\d+(?:, \d+)*)?,?\), \}\s*$/.exec(text);
  if (!match) return undefined;
  return new Map<string, PythonLiteral>([['descr', match[1]!], ['fortran_order', match[2] === 'True'], ['shape', match[3] === undefined ? [] : match[3].split(', ').map(Number)]]);
}

function arrayOf(header: ReadonlyMap<string, PythonLiteral>, headerBytes: number): NpyHead {
  const shape = header.get('shape');
  const isFortran = header.get('fortran_order');
  const descr = header.get('descr');
  if (typeof isFortran !== 'boolean') return { flaw: 'its header does not tell the order of its axes' };
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)) return { flaw: 'its header tells no shape' };
  const elements = (shape as number[]).reduce((product, size) => product * size, 1);
  const type = typeOf(descr);
  const bytes = elements * type.itemBytes;
  if (!Number.isSafeInteger(elements) || (!Number.isNaN(bytes) && !Number.isSafeInteger(bytes))) return { flaw: `its shape [${shape.join(', ')}] has more elements than any file can hold` };
  const { dtype, byteOrder, refusal } = type;
  return { dtype, ...(byteOrder && { byteOrder }), ...(refusal !== undefined && { refusal }), shape: shape as number[], elements, bytes, isFortran, headerBytes };
}

interface NpyType extends Pick<NpyArray, 'dtype' | 'byteOrder' | 'refusal'> {
  readonly itemBytes: number;
}

const TYPES: Readonly<Record<string, PlainDtype>> = {
  b1: 'bool', '?': 'bool', i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64', u1: 'uint8', u2: 'uint16', u4: 'uint32', u8: 'uint64',
  f2: 'float16', f4: 'float32', f8: 'float64', c8: 'complex64',
};

/** By NumPy's array interface: byte order, kind, bytes. */
function typeOf(descr: PythonLiteral | undefined): NpyType {
  if (typeof descr !== 'string') return refused('it is a structured array, whose elements are records of several fields: save each field as an array of its own');
  const match = /^([<>|=])?([a-zA-Z?])(\d{0,9})/.exec(descr);
  const [, order, kind = '', size = ''] = match ?? [];
  const key = kind + size;
  const dtype = Object.hasOwn(TYPES, key) ? TYPES[key] : undefined;
  if (dtype !== undefined) {
    const itemBytes = bytesPerElement(dtype);
    return { dtype, itemBytes, ...(order === '>' && itemBytes > 1 && { byteOrder: 'big' as const }) };
  }
  switch (kind) {
    case 'O':
      return refused('it holds Python objects, which NumPy stores as a pickle: loading it can run any program, and Weightgram runs none. Save the arrays in it by themselves');
    case 'U':
    case 'S':
    case 'a':
      return { dtype: 'string', itemBytes: Number(size) * (kind === 'U' ? 4 : 1) };
    case 'V':
      return refused(`it holds ${size} raw bytes an element and not what they mean: NumPy forgets types such as bfloat16 and float8. Save it as float32, or as safetensors`, Number(size));
    case 'c':
      return refused(`it holds complex numbers of ${Number(size) * 8} bits, and Weightgram reads those of 64. Save it as complex64, or real and imaginary parts by themselves`, Number(size));
    case 'f':
      return refused(`it holds floats of ${Number(size) * 8} bits, whose form differs from machine to machine. Save it as float64`, Number(size));
    case 'm':
    case 'M':
      return refused('it holds dates or durations, not numbers');
    default:
      return refused(`its type ${quote(descr)} is not known to Weightgram. Save it as float32`);
  }
}

/** What stands in for a type that is none of ours says nothing: the tensor is unreadable. */
function refused(refusal: string, itemBytes = NaN): NpyType {
  return { dtype: 'uint8', itemBytes, refusal };
}
