import { bytesPerElement } from '../dtype';
import type { PlainDtype } from '../dtype';
import type { Quantization, Tensor } from '../model';
import { decodeFloat8 } from './float8';
import type { Values } from './tensorStatistics';

let halfFloats: Float32Array | undefined;
let brainFloats: Float32Array | undefined;

/** Every half float by its code: a look at 256 KiB is ten times as fast as arithmetic. Made when first asked for. */
function allFloat16(): Float32Array {
  return (halfFloats ??= Float32Array.from({ length: 1 << 16 }, (_, code) => halfFloat(code)));
}

function allBfloat16(): Float32Array {
  return (brainFloats ??= Float32Array.from({ length: 1 << 16 }, (_, code) => decodeBfloat16(code)));
}

/** Every value of a 16-bit floating-point type by its code; undefined for other types. */
export function floatsByCode(dtype: Tensor['dtype']): Float32Array | undefined {
  if (dtype === 'float16') return allFloat16();
  return dtype === 'bfloat16' ? allBfloat16() : undefined;
}

export function decodeFloat16(bits: number): number {
  return allFloat16()[bits]!;
}

/** 16 bits: 1 sign, 5 exponent, 10 mantissa (IEEE 754 binary16). */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return mantissa ? NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** The upper half of a float32. */
export function decodeBfloat16(bits: number): number {
  word[0] = bits << 16;
  return single[0]!;
}

/** How many bits a stored code has, where a table of all codes is the way to count them. */
export function codeBits(dtype: PlainDtype): 8 | 16 | undefined {
  switch (dtype) {
    case 'int8':
    case 'uint8':
    case 'bool':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2fnuz':
    case 'float8_e8m0fnu':
      return 8;
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
      return 16;
    case 'float32':
    case 'float64':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
    case 'complex64':
      return undefined;
  }
}

/** What a stored code of 8 or 16 bits stands for: the real value, dequantized. */
export function codeDecoder({ dtype, quantization }: Pick<Tensor, 'dtype' | 'quantization'>): (code: number) => number {
  const plain = plainCode(dtype);
  return quantization?.scheme === 'affine' ? (code) => dequantize(plain(code), quantization) : plain;
}

type Float8 = Parameters<typeof decodeFloat8>[0];

const float8Tables = new Map<Float8, Float64Array>();

/** Powers of two for each of millions of elements took longer than everything else about them. */
function float8Decoder(dtype: Float8): (code: number) => number {
  let table = float8Tables.get(dtype);
  if (!table) float8Tables.set(dtype, (table = Float64Array.from({ length: 256 }, (_, code) => decodeFloat8(dtype, code))));
  const values = table;
  return (code) => values[code]!;
}

function plainCode(dtype: Tensor['dtype']): (code: number) => number {
  switch (dtype) {
    case 'float16':
      return decodeFloat16;
    case 'bfloat16':
      return decodeBfloat16;
    case 'int8':
      return (code) => (code << 24) >> 24;
    case 'int16':
      return (code) => (code << 16) >> 16;
    case 'bool':
      return (code) => (code === 0 ? 0 : 1);
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2fnuz':
    case 'float8_e8m0fnu':
      return float8Decoder(dtype);
    default:
      return (code) => code;
  }
}

/** As TensorFlow.js does: float64 arithmetic, then float32 or, for integers, rounded. */
function dequantize(code: number, { scale, min, originalDtype }: Extract<Quantization, { scheme: 'affine' }>): number {
  const value = code * scale + min;
  return originalDtype === 'int32' ? Math.round(value) : Math.fround(value);
}

/**
 * The real values of `count` elements. `bytes` begins at a multiple of 8 of its buffer.
 * int64 and uint64 become the nearest float64; of complex64 numbers the magnitude is taken.
 */
export function decodeValues(bytes: Uint8Array, count: number, tensor: Pick<Tensor, 'dtype' | 'quantization'>): Values {
  const dtype = tensor.dtype as PlainDtype;
  const { buffer, byteOffset } = bytes;
  if (bytes.length < count * bytesPerElement(dtype)) throw new RangeError('fewer bytes than elements');
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, count);
    case 'float64':
      return new Float64Array(buffer, byteOffset, count);
    case 'int32':
      return dequantized(new Int32Array(buffer, byteOffset, count), tensor.quantization);
    case 'uint32':
      return dequantized(new Uint32Array(buffer, byteOffset, count), tensor.quantization);
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, count), Number);
    case 'complex64':
      return magnitudes(new Float32Array(buffer, byteOffset, 2 * count));
    case 'int8':
    case 'uint8':
    case 'bool':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2fnuz':
    case 'float8_e8m0fnu':
      return decoded(bytes.subarray(0, count), codeDecoder(tensor));
    case 'float16':
      return lookedUp(new Uint16Array(buffer, byteOffset, count), allFloat16());
    case 'bfloat16':
      return lookedUp(new Uint16Array(buffer, byteOffset, count), allBfloat16());
    case 'int16':
    case 'uint16':
      return decoded(new Uint16Array(buffer, byteOffset, count), codeDecoder(tensor));
  }
}

function lookedUp(codes: Uint16Array, values: Float32Array): Float32Array {
  const result = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) result[i] = values[codes[i]!]!;
  return result;
}

/** A loop: Float64Array.from goes through an iterator, and took ten times as long. */
function decoded(codes: Uint8Array | Uint16Array, decode: (code: number) => number): Float64Array {
  const result = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) result[i] = decode(codes[i]!);
  return result;
}

function dequantized(codes: Int32Array | Uint32Array, quantization: Quantization | undefined): Float64Array {
  return quantization?.scheme === 'affine' ? Float64Array.from(codes, (code) => dequantize(code, quantization)) : Float64Array.from(codes);
}

/** |z| of interleaved real and imaginary parts, whose squares neither overflow nor vanish in float64. NaN where either is. */
function magnitudes(parts: Float32Array): Float64Array {
  const result = new Float64Array(parts.length / 2);
  for (let i = 0; i < result.length; i++) {
    const real = parts[2 * i]!;
    const imaginary = parts[2 * i + 1]!;
    result[i] = Number.isNaN(real) || Number.isNaN(imaginary) ? NaN : Math.sqrt(real * real + imaginary * imaginary);
  }
  return result;
}
