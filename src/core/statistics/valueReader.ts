import type { Tensor } from '../model';
import { codeDecoder, decodeValues, floatsByCode } from './decode';

/** Single values out of a chunk's bytes, without decoding all of them. Numbered from the chunk's first element. */
export interface ValueReader {
  at(element: number): number;
  /** Elements `from` <= i < `to` become target[place], target[place + 1], ... */
  copy(from: number, to: number, target: Float32Array, place: number): void;
}

/** As decodeValues: `bytes` begin at a multiple of 8 of their buffer. */
export function valueReader(bytes: Uint8Array, tensor: Pick<Tensor, 'dtype' | 'quantization'>): ValueReader {
  switch (tensor.dtype) {
    case 'float32': {
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
      return { at: (element) => values[element]!, copy: (from, to, target, place) => target.set(values.subarray(from, to), place) };
    }
    case 'float16': {
      const codes = halves(bytes);
      const floats = floatsByCode(tensor.dtype)!;
      const copy = (from: number, to: number, target: Float32Array, place: number): void => {
        for (let i = from, at = place; i < to; i++, at++) target[at] = floats[codes[i]!]!;
      };
      return { at: (element) => floats[codes[element]!]!, copy };
    }
    case 'bfloat16': {
      // A bfloat16 number is the upper half of a float32.
      const codes = halves(bytes);
      const copy = (from: number, to: number, target: Float32Array, place: number): void => {
        const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
        for (let i = from, at = place; i < to; i++, at++) words[at] = codes[i]! << 16;
      };
      return decodedBy(codeDecoder(tensor), codes, copy);
    }
    case 'int8':
    case 'uint8':
    case 'bool':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2fnuz':
    case 'float8_e8m0fnu':
      return decodedBy(codeDecoder(tensor), bytes);
    case 'int16':
    case 'uint16':
      return decodedBy(codeDecoder(tensor), halves(bytes));
    case 'float64':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
    case 'complex64':
      return decodedAtOnce(bytes, tensor);
    default:
      throw new Error(`${tensor.dtype} is not delivered as it is stored`);
  }
}

function halves(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
}

function decodedBy(decode: (code: number) => number, codes: Uint8Array | Uint16Array, faster?: ValueReader['copy']): ValueReader {
  const copy = (from: number, to: number, target: Float32Array, place: number): void => {
    for (let i = from, at = place; i < to; i++, at++) target[at] = decode(codes[i]!);
  };
  return { at: (element) => decode(codes[element]!), copy: faster ?? copy };
}

/** The rare types. */
function decodedAtOnce(bytes: Uint8Array, tensor: Pick<Tensor, 'dtype' | 'quantization'>): ValueReader {
  const values = decodeValues(bytes, bytes.length / (tensor.dtype === 'int32' || tensor.dtype === 'uint32' ? 4 : 8), tensor);
  return { at: (element) => values[element]!, copy: (from, to, target, place) => target.set(values.subarray(from, to), place) };
}
