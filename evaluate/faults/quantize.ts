import { replaceWeight, valuesOf } from '../savedModel';
import type { SavedModel, SavedWeight } from '../savedModel';

const CODES = 255;

/**
 * As the TensorFlow.js converter quantizes (quantization.py): the range is widened to hold zero, and moved so that zero is a
 * code of its own.
 * @param range replaces the least and the greatest weight.
 */
export function quantizedToUint8(weight: SavedWeight, range?: readonly [number, number]): SavedWeight {
  const values = valuesOf(weight);
  const low = Math.min(0, range?.[0] ?? values.reduce((a, b) => Math.min(a, b), 0));
  const high = Math.max(0, range?.[1] ?? values.reduce((a, b) => Math.max(a, b), 0));
  const scale = (high - low) / CODES || 1;
  const min = -Math.round(-low / scale) * scale;
  const bytes = Uint8Array.from(values, (value) => Math.min(CODES, Math.max(0, Math.round((value - min) / scale))));
  return { name: weight.name, shape: weight.shape, bytes, quantization: { dtype: 'uint8', scale, min } };
}

export function quantizedToFloat16(weight: SavedWeight): SavedWeight {
  const halves = Uint16Array.from(valuesOf(weight), halfBits);
  return { name: weight.name, shape: weight.shape, bytes: new Uint8Array(halves.buffer), quantization: { dtype: 'float16' } };
}

/** Every weight, as the converter does where it is told no names. */
export function quantizedModel(model: SavedModel, quantize: (weight: SavedWeight) => SavedWeight): SavedModel {
  return { ...model, weights: model.weights.map(quantize) };
}

export function quantizedTensor(model: SavedModel, name: string, quantize: (weight: SavedWeight) => SavedWeight): SavedModel {
  return replaceWeight(model, name, quantize);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The nearest half float, ties to even; infinity beyond 65504. */
export function halfBits(value: number): number {
  single[0] = value;
  const bits = singleBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(single[0]);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundHalfToEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const fraction = roundHalfToEven((magnitude / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction);
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** float32 with the lower 16 bits cleared: what was bfloat16 once. */
export function asBfloat16(value: number): number {
  single[0] = value;
  singleBits[0] = singleBits[0]! & 0xffff0000;
  return single[0];
}
