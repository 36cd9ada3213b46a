import type { Tensor } from '../../src/core/model';
import type { Random } from '../../test/support/random';
import { valuesOf, weightOf } from '../savedModel';
import type { Base, Fault } from './fault';
import { changed, isKernel, isNormalized, layerOf, normal, sizeOf } from './tensors';

function shortSide(tensor: Tensor): number {
  const columns = tensor.shape.at(-1)!;
  return Math.min(columns, tensor.elements / columns);
}

function isMatrixOf(least: number): (tensor: Tensor, base: Base) => boolean {
  return (tensor, base) => isKernel(tensor, base) && shortSide(tensor) >= least;
}

/** Kernels of as many dimensions whose scale means something: what a rule compares. */
function unnormalizedLike(base: Base, tensor: Tensor): Tensor[] {
  return base.model.tensors.filter((other) => isKernel(other, base) && other.shape.length === tensor.shape.length && !isNormalized(base, layerOf(base, other)));
}

/** What only singular values show. */
export const SPECTRAL: readonly Fault[] = [
  {
    name: 'rank lost', rule: 'rank-loss', orRules: ['low-effective-rank', 'low-stable-rank'], strengths: [0.25, 0.1], unit: 'of the rank left',
    needsSpectrum: true, fits: isMatrixOf(16),
    plant: (planting) => changed(planting, (values) => fillLowRank(planting.random, values, planting.tensor, Math.max(1, Math.round(planting.strength * shortSide(planting.tensor))), 0)),
  },
  {
    name: 'one direction only', rule: 'low-stable-rank', orRules: ['low-effective-rank', 'rank-loss'], strengths: [0.02], unit: 'noise beside it',
    needsSpectrum: true, fits: isMatrixOf(16),
    plant: (planting) => changed(planting, (values) => fillLowRank(planting.random, values, planting.tensor, 1, planting.strength)),
  },
  {
    name: 'few directions', rule: 'low-effective-rank', orRules: ['low-stable-rank', 'rank-loss', 'duplicate-units'], strengths: [0.001], unit: 'noise beside two directions',
    needsSpectrum: true, fits: isMatrixOf(48),
    plant: (planting) => changed(planting, (values) => fillLowRank(planting.random, values, planting.tensor, 2, planting.strength)),
  },
  {
    name: 'like chance', rule: 'random-spectrum', orRules: ['at-initialization'], strengths: [1], unit: 'size',
    needsSpectrum: true, fits: isMatrixOf(50),
    plant: (planting) => changed(planting, (values) => {
      const size = sizeOf(values);
      values.forEach((_, i) => (values[i] = size * normal(planting.random)));
    }),
  },
  {
    name: 'eigenvalues with too heavy a tail', rule: 'spectral-alpha', strengths: [1.5, 1.7], unit: 'alpha',
    needsSpectrum: true, fits: isMatrixOf(60),
    plant: (planting) => changed(planting, (values) => fillPowerLaw(planting.random, values, planting.tensor.shape.at(-1)!, planting.strength)),
  },
  {
    name: 'single element that carries the spectrum', rule: 'correlation-trap', orRules: ['extreme-spike', 'incoherence'], strengths: [40], unit: 'σ',
    needsSpectrum: true, fits: isMatrixOf(50),
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength * sizeOf(values))),
  },
  {
    name: 'one direction far too strong', rule: 'spectral-norm-outlier', orRules: ['exploding-variance', 'low-stable-rank'], strengths: [15, 25], unit: '× the largest norm of its kind',
    needsSpectrum: true, fits: (tensor, base) => isMatrixOf(16)(tensor, base) && !isNormalized(base, layerOf(base, tensor)) && unnormalizedLike(base, tensor).length >= 4,
    plant: (planting) => changed(planting, (values) => {
      const { base, tensor, strength, random } = planting;
      const norms = unnormalizedLike(base, tensor).map(({ name, shape }) => spectralNorm(valuesOf(weightOf(base.saved, name)), shape.at(-1)!));
      addDirection(random, values, tensor.shape.at(-1)!, strength * Math.max(...norms));
    }),
  },
  {
    name: 'recurrent kernel still orthogonal', rule: 'orthogonal-at-initialization', orRules: ['at-initialization'], strengths: [1], unit: 'layer',
    needsSpectrum: true, fits: (tensor, base) => isKernel(tensor, base) && /recurrent_kernel$/.test(tensor.name),
    plant: (planting) => changed(planting, (values) => values.set(orthogonal(planting.random, planting.tensor.shape[0]!, planting.tensor.shape[1]!))),
  },
  {
    name: 'filters of one kind', rule: 'low-filter-diversity', orRules: ['low-stable-rank', 'duplicate-units'], strengths: [0.02], unit: 'variety beside one filter',
    needsSpectrum: true, fits: (tensor, base) => isKernel(tensor, base) && tensor.shape.length === 4 && tensor.shape[0] === 3 && tensor.shape[1] === 3,
    plant: (planting) => changed(planting, (values) => {
      const slices = values.length / 9;
      const pattern = Array.from({ length: 9 }, () => normal(planting.random));
      const gains = Array.from({ length: slices }, () => normal(planting.random) * 0.1);
      values.forEach((_, i) => (values[i] = gains[i % slices]! * (pattern[Math.floor(i / slices)]! + planting.strength * normal(planting.random))));
    }),
  },
];

/** A product of two thin matrices with some noise, as large as the tensor was. */
function fillLowRank(random: Random, values: Float32Array, tensor: Tensor, rank: number, noise: number): void {
  const columns = tensor.shape.at(-1)!;
  const rows = values.length / columns;
  const size = sizeOf(values);
  const left = Array.from({ length: rows * rank }, () => normal(random));
  const right = Array.from({ length: columns * rank }, () => normal(random));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += left[row * rank + k]! * right[column * rank + k]!;
      values[row * columns + column] = size * (sum / Math.sqrt(rank) + noise * normal(random));
    }
  }
}

/** Orthonormal rows (Gram and Schmidt), rows ≤ columns. */
function orthogonal(random: Random, rows: number, columns: number): Float32Array {
  const basis: number[][] = [];
  while (basis.length < rows) {
    const vector = Array.from({ length: columns }, () => normal(random));
    for (const other of basis) {
      const along = vector.reduce((sum, x, i) => sum + x * other[i]!, 0);
      vector.forEach((_, i) => (vector[i]! -= along * other[i]!));
    }
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    basis.push(vector.map((x) => x / length));
  }
  return Float32Array.from(basis.flat());
}

const POWER_STEPS = 30;

/** Of a matrix by rows, by power iteration: within a few percent, which is all that a fault needs. */
function spectralNorm(values: Float32Array, columns: number): number {
  const rows = values.length / columns;
  let vector = Array.from({ length: columns }, (_, i) => 1 + (i % 3));
  let norm = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    const image = Array.from({ length: rows }, (_, row) => vector.reduce((sum, x, column) => sum + x * values[row * columns + column]!, 0));
    const back = Array.from({ length: columns }, (_, column) => image.reduce((sum, y, row) => sum + y * values[row * columns + column]!, 0));
    const length = Math.hypot(...back) || 1;
    norm = Math.sqrt(length / (Math.hypot(...vector) || 1));
    vector = back.map((x) => x / length);
  }
  return norm;
}

/** Adds a matrix of rank one with this norm. */
function addDirection(random: Random, values: Float32Array, columns: number, norm: number): void {
  const rows = values.length / columns;
  const left = Array.from({ length: rows }, () => normal(random));
  const right = Array.from({ length: columns }, () => normal(random));
  const factor = norm / (Math.hypot(...left) * Math.hypot(...right));
  values.forEach((value, i) => (values[i] = value + factor * left[Math.floor(i / columns)]! * right[i % columns]!));
}

/** Eigenvalues λᵢ ∝ i^(−1/(α−1)) are what a power law with the density exponent α gives in order. */
function fillPowerLaw(random: Random, values: Float32Array, columns: number, alpha: number): void {
  const rows = values.length / columns;
  const rank = Math.min(rows, columns);
  const size = sizeOf(values);
  const left = orthogonal(random, rank, rows);
  const right = orthogonal(random, rank, columns);
  const singular = Array.from({ length: rank }, (_, i) => (i + 1) ** (-0.5 / (alpha - 1)));
  const factor = (size * Math.sqrt(values.length)) / Math.hypot(...singular);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      values[row * columns + column] = factor * singular.reduce((sum, s, k) => sum + s * left[k * rows + row]! * right[k * columns + column]!, 0);
    }
  }
}
