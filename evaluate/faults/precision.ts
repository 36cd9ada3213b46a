import { decodeFloat16 } from '../../src/core/statistics/decode';
import { replaceWeight } from '../savedModel';
import type { Fault } from './fault';
import { asBfloat16, halfBits, quantizedTensor, quantizedToUint8 } from './quantize';
import { changed, changedIn, isEmbedding, isKernel, isPlain, largestOf, LEAST_WEIGHTS, magnitudeAt, normal, sizeOf } from './tensors';

/** What happens to numbers in smaller types. */
export const PRECISION: readonly Fault[] = [
  {
    name: 'too large for float16', rule: 'float16-overflow', orRules: ['absurd-magnitude'], strengths: [7e4, 5e5], unit: '|w|',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength)),
  },
  {
    name: 'too small for float16', rule: 'float16-underflow', strengths: [2e-6, 1e-8], unit: 'size of a typical weight',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => {
      const factor = planting.strength / sizeOf(values);
      values.forEach((value, i) => (values[i] = value * factor));
    }),
  },
  {
    name: 'a weight too large for float8', rule: 'float8-overflow', orRules: ['extreme-spike'], strengths: [600, 5e3], unit: '|w|',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength)),
  },
  {
    name: 'a table too large for float8', rule: 'float8-overflow', strengths: [600, 5e3], unit: '|w|',
    fits: isEmbedding,
    plant: (planting) => changed(planting, (values) => {
      const factor = planting.strength / largestOf(values);
      values.forEach((value, i) => (values[i] = value * factor));
    }),
  },
  {
    name: 'bfloat16 stored as float32', rule: 'wasted-precision', strengths: [16], unit: 'bits of zero',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = asBfloat16(value)))),
  },
  {
    name: 'half floats stored as float32', rule: 'wasted-precision', strengths: [13], unit: 'bits of zero',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = decodeFloat16(halfBits(value))))),
  },
  {
    name: 'a range that int8 cannot divide', rule: 'int8-noise', orRules: ['extreme-spike', 'incoherence', 'channel-range-disparity'], strengths: [40, 48], unit: '× σ, one weight in two thousand',
    fits: (tensor, base) => isKernel(tensor, base) && tensor.elements >= 2000,
    plant: (planting) => changed(planting, (values) => {
      const size = sizeOf(values);
      for (let i = planting.random.integer(2000); i < values.length; i += 2000) values[i] = size * planting.strength;
    }),
  },
  {
    name: 'quantized beyond its range', rule: 'saturated-codes', least: 'warning', strengths: [0.9, 0.6], unit: 'quantile of |w| where codes end',
    fits: isKernel,
    plant: ({ base, tensor, strength }) => quantizedTensor(base.saved, tensor.name, (weight) => {
      const limit = magnitudeAt(new Float32Array(weight.bytes.slice().buffer), strength);
      return quantizedToUint8(weight, [-limit, limit]);
    }),
  },
  {
    name: 'quantized with too large a scale', rule: 'unused-levels', orRules: ['zero-flood', 'all-zero-tensor'], least: 'warning', strengths: [8, 20, 100], unit: '× the range',
    fits: isKernel,
    plant: ({ base, tensor, strength }) => quantizedTensor(base.saved, tensor.name, (weight) => {
      const limit = strength * largestOf(new Float32Array(weight.bytes.slice().buffer));
      return quantizedToUint8(weight, [-limit, limit]);
    }),
  },
  {
    name: 'broken quantization scale', rule: 'quantization-scale', least: 'error', strengths: [0, -1], unit: '× the scale',
    fits: (tensor) => isPlain(tensor) && tensor.elements >= LEAST_WEIGHTS,
    plant: ({ base, tensor, strength }) => replaceWeight(base.saved, tensor.name, (weight) => {
      const quantized = quantizedToUint8(weight);
      const { quantization } = quantized;
      return quantization?.dtype === 'uint8' ? { ...quantized, quantization: { ...quantization, scale: quantization.scale * strength } } : quantized;
    }),
  },
  {
    name: 'a model that quantizes badly', rule: 'quantization-robustness', strengths: [2.5, 3.5], unit: 'power of the weights',
    fits: (tensor, base) => isKernel(tensor, base) && base.model.tensors.filter((other) => isKernel(other, base)).length >= 4,
    plant: ({ base, strength, random }) => base.model.tensors.filter((tensor) => isKernel(tensor, base)).reduce((model, { name }) => changedIn(model, name, (values) => {
      const size = sizeOf(values);
      values.forEach((_, i) => (values[i] = size * Math.sign(normal(random)) * Math.abs(normal(random)) ** strength));
    }), base.saved),
    subjects: ({ base }) => [base.model.name],
  },
];
