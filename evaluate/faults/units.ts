import { valuesOf, weightOf } from '../savedModel';
import type { Base, Fault } from './fault';
import type { Tensor } from '../../src/core/model';
import { changed, changeUnits, isEmbedding, isHead, isKernel, isNormalized, largestOf, layerOf, magnitudeAt, someOf, unitIndices } from './tensors';

/** Fewer weights a unit say nothing of how alike two of them are. */
const LEAST_UNIT_WEIGHTS = 27;

function unitCount({ shape, axes }: Tensor, axis: 'input' | 'output' = 'output'): number {
  return shape[axes![axis]!]!;
}

function unitWeights(tensor: Tensor, axis: 'input' | 'output' = 'output'): number {
  return tensor.elements / unitCount(tensor, axis);
}

function hasManyUnits(tensor: Tensor, base: Base): boolean {
  return isKernel(tensor, base) && unitCount(tensor) >= 8 && unitWeights(tensor) >= LEAST_UNIT_WEIGHTS;
}

/** Units without a use: dead, twins, all but dead. */
export const UNITS: readonly Fault[] = [
  {
    name: 'dead filters', rule: 'dead-output-units', least: 'warning', strengths: [0.1, 0.3, 0.7], unit: 'of the units',
    fits: (tensor, base) => isKernel(tensor, base) && unitCount(tensor) >= 8,
    plant: (planting) => changeUnits(planting, 'output', Math.ceil(planting.strength * unitCount(planting.tensor)), () => 0),
  },
  {
    name: 'dead inputs', rule: 'dead-input-channels', orRules: ['zero-run'], strengths: [0.15, 0.6], unit: 'of the inputs',
    fits: (tensor, base) => isKernel(tensor, base) && unitCount(tensor, 'input') >= 8,
    plant: (planting) => changeUnits(planting, 'input', Math.ceil(planting.strength * unitCount(planting.tensor, 'input')), () => 0),
  },
  {
    name: 'filters all but dead', rule: 'dead-output-units', least: 'info', strengths: [0.6], unit: 'of the units at a thousandth',
    fits: (tensor, base) => hasManyUnits(tensor, base) && !isNormalized(base, layerOf(base, tensor)),
    plant: (planting) => changeUnits(planting, 'output', Math.ceil(planting.strength * unitCount(planting.tensor)), (old) => old * 1e-3),
  },
  {
    name: 'weak units', rule: 'weak-units', orRules: ['dead-output-units'], strengths: [0.03, 0.02], unit: '× the norm',
    fits: (tensor, base) => hasManyUnits(tensor, base) && !isNormalized(base, layerOf(base, tensor)),
    plant: (planting) => changeUnits(planting, 'output', 2, (old) => old * planting.strength),
  },
  {
    name: 'a few twins', rule: 'duplicate-units', strengths: [2, 6], unit: 'units',
    fits: hasManyUnits,
    plant: (planting) => withTwins(planting, planting.strength),
  },
  {
    name: 'many twins', rule: 'duplicate-units', least: 'warning', strengths: [0.4, 0.8], unit: 'of the units',
    fits: (tensor, base) => hasManyUnits(tensor, base) && unitCount(tensor) >= 12,
    plant: (planting) => withTwins(planting, Math.round(planting.strength * unitCount(planting.tensor))),
  },
  {
    name: 'pruned two of four', rule: 'structured-sparsity', strengths: [2], unit: 'zeros of four',
    fits: (tensor, base) => isKernel(tensor, base) && unitWeights(tensor) >= LEAST_UNIT_WEIGHTS && unitCount(tensor, 'input') % 4 === 0,
    plant: (planting) => changed(planting, (values) => pruneTwoOfFour(values, planting.tensor)),
  },
  {
    name: 'pruned by magnitude', rule: 'exact-sparsity', orRules: ['zero-flood', 'structured-sparsity'], strengths: [0.6, 0.7], unit: 'of the weights',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => {
      const limit = magnitudeAt(values, planting.strength);
      values.forEach((value, i) => { if (Math.abs(value) < limit) values[i] = 0; });
    }),
  },
  {
    name: 'most weights near zero', rule: 'near-zero-mass', strengths: [0.7], unit: 'of the weights at a thousandth of the largest',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => shrinkMost(planting.random, values, planting.strength)),
  },
  {
    name: 'nearly all weights near zero', rule: 'near-zero-mass', least: 'warning', strengths: [0.95], unit: 'of the weights at a thousandth of the largest',
    fits: (tensor, base) => isKernel(tensor, base) && !isNormalized(base, layerOf(base, tensor)),
    plant: (planting) => changed(planting, (values) => shrinkMost(planting.random, values, planting.strength)),
  },
  {
    name: 'dead rows', rule: 'dead-rows', least: 'warning', strengths: [0.05, 0.2], unit: 'of the rows',
    fits: isEmbedding,
    plant: (planting) => changed(planting, (values) => {
      const rows = planting.tensor.shape[0]!;
      const dead = someOf(planting.random, Math.ceil(planting.strength * rows) + 1, rows - 2).map((row) => row + 1);
      for (const row of dead) for (const index of unitIndices(planting.tensor, 0, row)) values[index] = 0;
    }),
  },
  {
    name: 'tokens never trained', rule: 'under-trained-tokens', strengths: [0.02, 0.1], unit: 'of the rows',
    fits: (tensor) => isEmbedding(tensor) && tensor.shape[0]! >= 1000,
    plant: (planting) => changed(planting, (values) => {
      const rows = planting.tensor.shape[0]!;
      for (const row of someOf(planting.random, Math.ceil(planting.strength * rows), rows)) for (const index of unitIndices(planting.tensor, 0, row)) values[index]! *= 0.1;
    }),
  },
  {
    name: 'a dead head unit', rule: 'dead-output-units', least: 'warning', strengths: [1, 2], unit: 'units',
    fits: (tensor, base) => isKernel(tensor, base) && isHead(base, tensor) && unitCount(tensor) >= 8,
    plant: (planting) => changeUnits(planting, 'output', planting.strength, () => 0),
  },
];

/** Makes units into copies of others, by a factor of their own. */
function withTwins(planting: Parameters<Fault['plant']>[0], count: number): ReturnType<Fault['plant']> {
  const { tensor, random, base } = planting;
  const axis = tensor.axes!.output!;
  const units = someOf(random, Math.max(2, count), tensor.shape[axis]!);
  const original = valuesOf(weightOf(base.saved, tensor.name));
  return changed(planting, (values) => {
    for (let pair = 0; pair + 1 < units.length; pair += 2) {
      const from = unitIndices(tensor, axis, units[pair]!);
      const to = unitIndices(tensor, axis, units[pair + 1]!);
      const factor = 0.5 + random.next();
      to.forEach((index, i) => (values[index] = original[from[i]!]! * factor));
    }
  });
}

function pruneTwoOfFour(values: Float32Array, tensor: Tensor): void {
  const { input, output } = tensor.axes!;
  const inputs = tensor.shape[input!]!;
  const inner = tensor.shape.slice(input! + 1).reduce((product, size) => product * size, 1);
  if (output! < input!) throw new Error(`${tensor.name} has its inputs last`);
  const outer = values.length / inputs / inner;
  for (let block = 0; block < outer; block++) {
    for (let place = 0; place < inner; place++) {
      for (let first = 0; first < inputs; first += 4) {
        const group = [0, 1, 2, 3].map((i) => (block * inputs + first + i) * inner + place).sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!));
        values[group[0]!] = values[group[1]!] = 0;
      }
    }
  }
}

function shrinkMost(random: Parameters<Fault['plant']>[0]['random'], values: Float32Array, share: number): void {
  const small = largestOf(values) * 1e-3;
  values.forEach((_, i) => { if (random.chance(share)) values[i] = (random.next() * 2 - 1) * small; });
}
