import { replaceWeight, valuesOf, withValues } from '../savedModel';
import type { Fault } from './fault';
import { changed, damaged, isKernel, isPlain, LEAST_WEIGHTS, someOf } from './tensors';
import { halfBits } from './quantize';

const HALF = 0.5;

/** Damage to the numbers or to the file: in copies, conversions, and memory. */
export const CORRUPTION: readonly Fault[] = [
  {
    name: 'not a number', rule: 'non-finite-values', least: 'error', strengths: [1, 20], unit: 'values',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => someOf(planting.random, planting.strength, values.length).forEach((index) => (values[index] = NaN))),
  },
  {
    name: 'infinity', rule: 'non-finite-values', least: 'error', strengths: [1, 20], unit: 'values',
    fits: isPlain,
    plant: (planting) => changed(planting, (values) => someOf(planting.random, planting.strength, values.length).forEach((index, i) => (values[index] = i % 2 ? -Infinity : Infinity))),
  },
  {
    name: 'zeroed tensor', rule: 'all-zero-tensor', least: 'error', strengths: [1], unit: 'tensor',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.fill(0)),
  },
  {
    name: 'constant tensor', rule: 'constant-tensor', least: 'warning', strengths: [0.01, 1], unit: 'value',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.fill(planting.strength)),
  },
  {
    name: 'absurd weight', rule: 'absurd-magnitude', orRules: ['misread-bytes'], least: 'error', strengths: [2e6, 1e13, 1e35], unit: '|w|',
    // What normalizations count of the data may be large.
    fits: (tensor) => isPlain(tensor) && tensor.role !== 'runningMean' && tensor.role !== 'runningVariance',
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength)),
  },
  {
    name: 'absurd scale', rule: 'absurd-magnitude', orRules: ['misread-bytes'], least: 'error', strengths: [1e8, 1e20], unit: '×',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = value * planting.strength))),
  },
  {
    name: 'shifted values', rule: 'abnormal-mean', least: 'warning', strengths: [15, 150], unit: 'added',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = value + planting.strength))),
  },
  {
    name: 'swapped byte order', rule: 'misread-bytes', least: 'error', strengths: [4], unit: 'bytes a word',
    fits: isKernel,
    plant: (planting) => damaged(planting, (bytes) => {
      for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
      return bytes;
    }),
  },
  {
    name: 'shifted offset', rule: 'misread-bytes', least: 'error', strengths: [1, 2, 3], unit: 'bytes',
    fits: isKernel,
    plant: (planting) => damaged(planting, (bytes) => {
      const last = bytes.slice(-planting.strength);
      bytes.copyWithin(planting.strength, 0);
      bytes.set(last);
      return bytes;
    }),
  },
  {
    name: 'half floats read as float32', rule: 'misread-bytes', least: 'error', strengths: [2], unit: 'bytes a weight',
    fits: isKernel,
    plant: ({ base, tensor }) => replaceWeight(base.saved, tensor.name, (weight) => {
      const halves = Uint16Array.from(valuesOf(weight), halfBits);
      // As many float32 words as there are weights: the second half is what follows in the file, here the same again.
      return { ...weight, bytes: Uint8Array.from([...new Uint8Array(halves.buffer), ...new Uint8Array(halves.buffer)]) };
    }),
  },
  {
    name: 'interrupted copy', rule: 'zero-run', orRules: ['all-zero-tensor'], least: 'warning', strengths: [0.5, 0.8], unit: 'of the tensor lost',
    // A run is known to 16 KiB: it takes a tensor of some such steps to hold one.
    fits: (tensor, base) => isKernel(tensor, base) && tensor.bytes * HALF > 2 * 16 * 1024,
    plant: (planting) => damaged(planting, (bytes) => bytes.fill(0, Math.round(bytes.length * (1 - planting.strength)))),
  },
  {
    name: 'zeros all over', rule: 'zero-flood', orRules: ['zero-run'], least: 'warning', strengths: [0.9, 0.98], unit: 'of the weights',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => values.forEach((_, i) => { if (planting.random.chance(planting.strength)) values[i] = 0; })),
  },
  {
    name: 'two tensors with one content', rule: 'identical-tensors', least: 'warning', strengths: [1], unit: 'copy',
    fits: (tensor, base) => isKernel(tensor, base) && twinOf(base.model.tensors, tensor) !== undefined,
    plant: ({ base, tensor }) => {
      const twin = twinOf(base.model.tensors, tensor)!;
      const source = base.saved.weights.find(({ name }) => name === twin.name)!;
      return withValues(base.saved, tensor.name, valuesOf(source));
    },
    subjects: ({ base, tensor }) => [tensor.name, twinOf(base.model.tensors, tensor)!.name],
  },
  {
    name: 'missing end of the file', rule: 'unreadable-tensor', least: 'error', strengths: [1, 100], unit: 'bytes',
    fits: (tensor, base) => tensor.name === base.saved.weights.at(-1)?.name,
    plant: ({ base, strength }) => ({ ...base.saved, extraBytes: -strength }),
  },
  {
    name: 'bytes left over', rule: 'inconsistent-data', least: 'warning', strengths: [4, 1000], unit: 'bytes',
    fits: (tensor, base) => tensor.name === base.saved.weights.at(-1)?.name,
    plant: ({ base, strength }) => ({ ...base.saved, extraBytes: strength }),
  },
];

function twinOf<T extends { readonly name: string; readonly shape: readonly number[]; readonly role: string; readonly elements: number }>(tensors: readonly T[], tensor: T): T | undefined {
  return tensors.find((other) => other.name !== tensor.name && other.role === tensor.role && other.elements >= LEAST_WEIGHTS && String(other.shape) === String(tensor.shape));
}
