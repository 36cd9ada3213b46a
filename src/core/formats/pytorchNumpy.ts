import { isPlain } from '../dtype';
import type { PlainDtype } from '../dtype';
import { PickleBytes, PickleCall } from './pickleValues';
import type { PickleValue } from './pickleValues';
import { asCounts, pathOf } from './pytorchTypes';

/** An array of numpy as pickles hold it. */
export interface NumpyArray {
  readonly shape: readonly number[];
  /** Its own name where `dtype` is absent. */
  readonly typeName: string;
  readonly dtype?: PlainDtype;
  readonly byteOrder?: 'big';
  readonly isFortran: boolean;
  /** Where the values lie, or they themselves. Absent where they are written as text, and more than a few. */
  readonly data?: PickleBytes | Uint8Array;
}

const CODES: Readonly<Record<string, PlainDtype>> = {
  f2: 'float16', f4: 'float32', f8: 'float64', i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64', u1: 'uint8', u2: 'uint16', u4: 'uint32', u8: 'uint64',
  b1: 'bool', c8: 'complex64',
};

/** Of functions and methods of numpy and numpy 2, which moved them. */
const RECONSTRUCT = /^numpy\.(?:_?core)\.multiarray\._reconstruct$/;
const FROM_BUFFER = /^numpy\.(?:_?core)\.numeric\._frombuffer$/;

/** undefined for what is no array. */
export function numpyArrayOf(call: PickleCall): NumpyArray | undefined {
  const callee = pathOf(call.callee);
  if (callee === undefined) return undefined;
  // __setstate__((version, shape, dtype, is Fortran, data)): numpy/core/src/multiarray/methods.c, array_setstate.
  if (RECONSTRUCT.test(callee) && Array.isArray(call.state) && call.state.length === 5) {
    const [, shape, dtype, isFortran, data] = call.state;
    return arrayOf(shape, dtype, isFortran === true, data);
  }
  // _frombuffer(buffer, dtype, shape, order): protocol 5.
  if (FROM_BUFFER.test(callee) && Array.isArray(call.args)) {
    const [data, dtype, shape, order] = call.args;
    return arrayOf(shape, dtype, order === 'F', data);
  }
  return undefined;
}

function arrayOf(shapeValue: PickleValue | undefined, dtypeValue: PickleValue | undefined, isFortran: boolean, dataValue: PickleValue | undefined): NumpyArray | undefined {
  const shape = asCounts(shapeValue);
  if (!shape || shape.some((size) => size < 0)) return undefined;
  const data = bytesOf(dataValue);
  return { shape, isFortran, ...typeOf(dtypeValue), ...(data && { data }) };
}

/** numpy.dtype('f4', False, True) and its state (3, '<', …): numpy/core/src/multiarray/descriptor.c, arraydescr_setstate. */
function typeOf(value: PickleValue | undefined): Pick<NumpyArray, 'typeName' | 'dtype' | 'byteOrder'> {
  const code = value instanceof PickleCall && Array.isArray(value.args) && typeof value.args[0] === 'string' ? value.args[0] : undefined;
  if (code === undefined) return { typeName: 'of a type of its own' };
  const state = value instanceof PickleCall && Array.isArray(value.state) ? value.state : [];
  const hasFields = state.length > 4 && (state[3] !== null || state[4] !== null) && state[3] !== undefined;
  const named = code.replace(/^[<>|=]/, '');
  const dtype = Object.hasOwn(CODES, named) ? CODES[named] : isPlain(named as PlainDtype) ? (named as PlainDtype) : undefined;
  if (!dtype || hasFields) return { typeName: code };
  return { typeName: code, dtype, ...((state[1] === '>' || code.startsWith('>')) && { byteOrder: 'big' as const }) };
}

function bytesOf(value: PickleValue | undefined): PickleBytes | Uint8Array | undefined {
  if (value instanceof PickleBytes) return value;
  if (typeof value === 'string') return latin1Bytes(value);
  if (value instanceof PickleCall && Array.isArray(value.args)) {
    const callee = pathOf(value.callee);
    const [inner] = value.args;
    // Up to protocol 2, Python 3 writes bytes as text: _codecs.encode('…', 'latin1').
    if (callee === '_codecs.encode' && typeof inner === 'string') return latin1Bytes(inner);
    if (callee === 'builtins.bytearray' || callee === 'builtins.bytes' || callee === '__builtin__.bytearray') return bytesOf(inner ?? '');
  }
  return undefined;
}

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
