import type { PlainDtype } from '../../dtype';
import type { Fields } from './fields';

/** What an element is. */
export type Hdf5Type =
  | { readonly kind: 'numeric'; readonly dtype: PlainDtype; readonly bytes: number; readonly isBig: boolean; /** Of an array type: dimensions within an element. */ readonly dims: readonly number[] }
  | { readonly kind: 'opaque'; readonly bytes: number }
  | { readonly kind: 'text'; readonly bytes: number; readonly isVariable: boolean }
  /** `is` ends a sentence: "its elements are 128-bit floats". */
  | { readonly kind: 'other'; readonly bytes: number; readonly is: string };

/** Types within types; real ones have up to three levels. */
const MAX_DEPTH = 8;

/** A datatype message (HDF5 File Format Specification 3.0, IV.A.2.d). @throws FormatError where it ends early. */
export function readDatatype(fields: Fields, depth = 0): Hdf5Type {
  const first = fields.u8();
  const version = first >> 4;
  const bits = fields.uint(3);
  const bytes = fields.u32();
  if (depth > MAX_DEPTH) throw fields.damage('nests too deep');
  switch (first & 15) {
    case 0:
      return fixedPoint(fields, bits, bytes);
    case 1:
      return floatingPoint(fields, bits, bytes);
    case 3:
      return { kind: 'text', bytes, isVariable: false };
    case 5:
      return { kind: 'opaque', bytes };
    case 6:
      return compound(fields, version, bits & 0xffff, bytes, depth);
    case 8:
      return enumeration(fields, version, bits & 0xffff, depth);
    case 9:
      return (bits & 15) === 1 ? { kind: 'text', bytes, isVariable: true } : { kind: 'other', bytes, is: 'lists of varying length' };
    case 10:
      return arrayOf(fields, version, bytes, depth);
    default:
      return { kind: 'other', bytes, is: NAMES[first & 15] ?? 'of a type that HDF5 does not define' };
  }
}

const NAMES: Readonly<Record<number, string>> = { 2: 'times', 4: 'bit fields', 7: 'references to other objects', 11: 'complex numbers of HDF5 2.0' };

function numeric(dtype: PlainDtype, bytes: number, isBig: boolean): Hdf5Type {
  return { kind: 'numeric', dtype, bytes, isBig: isBig && bytes > 1, dims: [] };
}

function fixedPoint(fields: Fields, bits: number, bytes: number): Hdf5Type {
  const bitOffset = fields.u16();
  const precision = fields.u16();
  const isSigned = (bits & 8) !== 0;
  const isBig = (bits & 1) !== 0;
  if (bitOffset !== 0 || precision !== bytes * 8) return { kind: 'other', bytes, is: `integers of ${precision} bits in ${bytes} bytes` };
  switch (bytes) {
    case 1:
      return numeric(isSigned ? 'int8' : 'uint8', bytes, isBig);
    case 2:
      return numeric(isSigned ? 'int16' : 'uint16', bytes, isBig);
    case 4:
      return numeric(isSigned ? 'int32' : 'uint32', bytes, isBig);
    case 8:
      return numeric(isSigned ? 'int64' : 'uint64', bytes, isBig);
    default:
      return { kind: 'other', bytes, is: `integers of ${bytes} bytes` };
  }
}

/** By exponent and mantissa bits and exponent bias: IEEE 754, bfloat16, and the two float8 types of OCP. */
const FLOATS: Readonly<Record<string, PlainDtype>> = {
  '8:11:52:1023': 'float64',
  '4:8:23:127': 'float32',
  '2:5:10:15': 'float16',
  '2:8:7:127': 'bfloat16',
  '1:4:3:7': 'float8_e4m3fn',
  '1:5:2:15': 'float8_e5m2',
};

function floatingPoint(fields: Fields, bits: number, bytes: number): Hdf5Type {
  const isVax = (bits & 0x41) === 0x41;
  const sign = (bits >> 8) & 0xff;
  const bitOffset = fields.u16();
  const precision = fields.u16();
  const exponentAt = fields.u8();
  const exponent = fields.u8();
  const mantissaAt = fields.u8();
  const mantissa = fields.u8();
  const bias = fields.u32();
  const dtype = FLOATS[`${bytes}:${exponent}:${mantissa}:${bias}`];
  const isPacked = bitOffset === 0 && mantissaAt === 0 && exponentAt === mantissa && sign === mantissa + exponent && ((bits >> 4) & 3) === 2;
  if (dtype === undefined || isVax || !isPacked) return { kind: 'other', bytes, is: `floats of ${precision} bits with ${exponent} bits of exponent` };
  return numeric(dtype, bytes, (bits & 1) !== 0);
}

/** h5py stores a bool as an enumeration of FALSE and TRUE over int8. */
function enumeration(fields: Fields, version: number, members: number, depth: number): Hdf5Type {
  const base = readDatatype(fields, depth + 1);
  if (base.kind !== 'numeric' || members !== 2 || base.bytes !== 1) return base;
  const names = [memberName(fields, version), memberName(fields, version)];
  const values = [...fields.take(2)];
  const isBool = names.join() === 'FALSE,TRUE' && values[0] === 0 && values[1] === 1;
  return isBool ? { ...base, dtype: 'bool' } : base;
}

function memberName(fields: Fields, version: number): string {
  const begin = fields.offset;
  const end = fields.bytes.indexOf(0, begin);
  if (end < 0) throw fields.damage('has a name without an end');
  const name = new TextDecoder().decode(fields.bytes.subarray(begin, end));
  fields.skip(end + 1 - begin);
  // Before version 3 names are padded to a multiple of 8.
  if (version < 3) fields.skip(Math.min(fields.left, (8 - ((end + 1 - begin) % 8)) % 8));
  return name;
}

/** Complex numbers are compounds of two floats called r and i (h5py) or real and imag. All other compounds are tables. */
function compound(fields: Fields, version: number, members: number, bytes: number, depth: number): Hdf5Type {
  const table: Hdf5Type = { kind: 'other', bytes, is: `records of ${members} fields` };
  if (members !== 2) return table;
  const parts: { name: string; offset: number; type: Hdf5Type }[] = [];
  for (let i = 0; i < members; i++) {
    const name = memberName(fields, version);
    const offset = fields.uint(version < 3 ? 4 : byteWidth(bytes));
    // Version 1 has the dimensions of arrays here.
    if (version === 1) fields.skip(28);
    parts.push({ name, offset, type: readDatatype(fields, depth + 1) });
  }
  const names = parts.map(({ name }) => name.toLowerCase()).join();
  const [real, imaginary] = parts as [(typeof parts)[0], (typeof parts)[0]];
  if (!['r,i', 'real,imag', 're,im'].includes(names) || real.type.kind !== 'numeric' || imaginary.type.kind !== 'numeric') return table;
  const { dtype, isBig } = real.type;
  if (dtype !== imaginary.type.dtype || isBig !== imaginary.type.isBig || real.offset !== 0 || imaginary.offset * 2 !== bytes) return table;
  return dtype === 'float32' ? numeric('complex64', bytes, isBig) : { kind: 'other', bytes, is: `complex numbers of two ${dtype}` };
}

function byteWidth(value: number): number {
  return value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4;
}

function arrayOf(fields: Fields, version: number, bytes: number, depth: number): Hdf5Type {
  const rank = fields.u8();
  if (version < 3) fields.skip(3);
  const dims = Array.from({ length: rank }, () => fields.u32());
  if (version < 3) fields.skip(4 * rank);
  const base = readDatatype(fields, depth + 1);
  return base.kind === 'numeric' ? { ...base, dims: [...dims, ...base.dims] } : { kind: 'other', bytes, is: 'arrays of something that is no number' };
}
