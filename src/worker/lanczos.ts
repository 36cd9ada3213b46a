import type { MatrixLayout } from '../core/linearAlgebra/matrixLayout';
import { seededRandom } from '../core/seededRandom';
import { tridiagonalEigenvalues } from '../core/linearAlgebra/tridiagonal';
import type { Breath } from '../core/linearAlgebra/tridiagonal';
import { sizeOfBlock } from './linearModule';
import type { LinearMemory } from './linearModule';

/** Values are looked at after this many steps more. */
const STEPS_A_LOOK = 16;

/** Eigenvalues that a look changes by less than this share are settled: singular values by half of it, well below the promised 1e-4. */
const SETTLED = 1e-6;

/** A direction shorter than this share of the matrix is rounding: what was found so far is closed in itself. */
const CLOSED = 1e-13;

/** Elements that are multiplied between two looks whether to go on: some milliseconds. */
const BREATH_ELEMENTS = 4 << 20;

/** Rows that are used for both products while they are in the cache. */
const ROWS_AT_ONCE = 16;

const SEED = 1;

export interface LanczosOptions {
  readonly memory: LinearMemory;
  /** Of the float32 elements. */
  readonly matrix: number;
  readonly layout: MatrixLayout;
  /** How many singular values. */
  readonly top: number;
  readonly mostSteps: number;
  readonly breathe: Breath;
  /** 0..1 */
  readonly onProgress?: (share: number) => void;
}

/** The matrix as blocks of rows, and which of its sides the vectors of the iteration have. */
interface Operator {
  readonly blocks: number;
  readonly rows: number;
  readonly columns: number;
  /** Vectors have the columns' length: A is used as AᵀA, else as AAᵀ. */
  readonly alongColumns: boolean;
  readonly order: number;
}

function operatorOf(layout: MatrixLayout): Operator {
  const { outer, units, inner } = layout;
  if (inner === 1) {
    const alongColumns = units <= outer;
    return { blocks: 1, rows: outer, columns: units, alongColumns, order: Math.min(outer, units) };
  }
  const alongColumns = outer === 1 && inner < units;
  return { blocks: outer, rows: units, columns: inner, alongColumns, order: alongColumns ? inner : units };
}

/** Bytes that topSingularValues allocates beside the matrix. */
export function lanczosBytes(layout: MatrixLayout, mostSteps: number): number {
  const { order, columns } = operatorOf(layout);
  const steps = Math.min(mostSteps, order);
  return sizeOfBlock(8 * Math.max(columns, ROWS_AT_ONCE)) + (steps + 2) * sizeOfBlock(8 * order);
}

/**
 * The largest singular values, descending: Lanczos's iteration on A·Aᵀ or Aᵀ·A, whichever is smaller, with every vector made
 * orthogonal to all before it, twice (Golub & Van Loan, Matrix Computations, 10.1 and 10.3). Where the iteration closes in
 * itself it goes on from a new direction, so that values that occur several times are found as often.
 */
export async function topSingularValues(options: LanczosOptions): Promise<Float64Array> {
  const { layout, top, breathe, onProgress } = options;
  const operator = operatorOf(layout);
  const { order } = operator;
  const steps = Math.min(options.mostSteps, order);
  const iteration = new Iteration(options, operator, steps);
  await iteration.begin();
  let before: Float64Array | undefined;
  for (let step = 1; step <= steps; step++) {
    await iteration.step();
    onProgress?.(step / steps);
    if (step < steps && (step < 2 * top || step % STEPS_A_LOOK !== 0)) continue;
    const found = await iteration.values(top);
    if (step === steps || (before && isSettled(before, found))) return found.map((value) => Math.sqrt(Math.max(0, value)));
    before = found;
    await breathe();
  }
  return new Float64Array(0);

  function isSettled(old: Float64Array, now: Float64Array): boolean {
    const scale = (now[0] ?? 0) * order * Number.EPSILON;
    return now.every((value, i) => Math.abs(value - (old[i] ?? 0)) <= SETTLED * value + scale);
  }
}

/** The basis as it grows, and the tridiagonal matrix on it. */
class Iteration {
  readonly #options: LanczosOptions;
  readonly #operator: Operator;
  readonly #stride: number;
  readonly #basis: number;
  readonly #product: number;
  readonly #scratch: number;
  readonly #random = seededRandom(SEED);
  readonly #diagonal: number[] = [];
  readonly #beside: number[] = [];

  constructor(options: LanczosOptions, operator: Operator, steps: number) {
    const { memory } = options;
    this.#options = options;
    this.#operator = operator;
    this.#stride = sizeOfBlock(8 * operator.order);
    this.#scratch = memory.allocate(8 * Math.max(operator.columns, ROWS_AT_ONCE));
    this.#basis = memory.allocate((steps + 1) * this.#stride);
    this.#product = memory.allocate(this.#stride);
  }

  /** Before the first step. */
  async begin(): Promise<void> {
    await this.#newDirection(0);
  }

  async step(): Promise<void> {
    const { memory: { exports } } = this.#options;
    const { order } = this.#operator;
    const at = this.#diagonal.length;
    const vector = this.#basis + at * this.#stride;
    await this.#multiply(vector, this.#product);
    this.#diagonal.push(exports.dot(this.#product, vector, order));
    for (let turn = 0; turn < 2; turn++) await this.#orthogonalize(this.#product, at + 1);
    const norm = Math.sqrt(exports.dot(this.#product, this.#product, order));
    const isClosed = norm <= CLOSED * Math.max(...this.#diagonal);
    this.#beside.push(isClosed ? 0 : norm);
    if (!isClosed) exports.scaleInto(vector + this.#stride, this.#product, 1 / norm, order);
    else if (at + 1 < order) await this.#newDirection(at + 1);
    await this.#options.breathe();
  }

  /** The largest eigenvalues so far, descending. */
  async values(count: number): Promise<Float64Array> {
    const size = this.#diagonal.length;
    const all = await tridiagonalEigenvalues(Float64Array.from(this.#diagonal), Float64Array.from(this.#beside.slice(0, size - 1)), this.#options.breathe);
    return all.reverse().slice(0, count);
  }

  async #newDirection(at: number): Promise<void> {
    const { memory } = this.#options;
    const { order } = this.#operator;
    const address = this.#basis + at * this.#stride;
    const values = memory.doubles(address, order);
    for (let i = 0; i < order; i++) values[i] = this.#random() - 0.5;
    for (let turn = 0; turn < 2; turn++) await this.#orthogonalize(address, at);
    const norm = Math.sqrt(memory.exports.dot(address, address, order));
    memory.exports.scaleInto(address, address, 1 / norm, order);
  }

  /** Against the first `vectors` of the basis, some at a time. */
  async #orthogonalize(address: number, vectors: number): Promise<void> {
    const { memory: { exports }, breathe } = this.#options;
    const { order } = this.#operator;
    const atOnce = Math.max(1, Math.floor(BREATH_ELEMENTS / order));
    for (let first = 0; first < vectors; first += atOnce) {
      exports.orthogonalize(address, this.#basis + first * this.#stride, this.#stride, Math.min(atOnce, vectors - first), order);
      await breathe();
    }
  }

  async #multiply(vector: number, product: number): Promise<void> {
    const { memory, matrix } = this.#options;
    const { blocks, rows, columns, alongColumns, order } = this.#operator;
    memory.doubles(product, order).fill(0);
    for (let block = 0; block < blocks; block++) {
      const at = matrix + block * rows * columns * 4;
      if (alongColumns) await this.#multiplyColumns(at, vector, product);
      else await this.#multiplyRows(at, vector, product);
    }
  }

  /** product += Bᵀ·(B·vector), some rows at a time. */
  async #multiplyColumns(at: number, vector: number, product: number): Promise<void> {
    const { memory: { exports }, breathe } = this.#options;
    const { rows, columns } = this.#operator;
    const scratch = this.#options.memory.doubles(this.#scratch, ROWS_AT_ONCE);
    let multiplied = 0;
    for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - row);
      scratch.fill(0);
      exports.addRowsTimes(at + row * columns * 4, count, columns, vector, this.#scratch);
      exports.addRowsTransposedTimes(at + row * columns * 4, count, columns, this.#scratch, product);
      multiplied += count * columns;
      if (multiplied < BREATH_ELEMENTS) continue;
      multiplied = 0;
      await breathe();
    }
  }

  /** product += B·(Bᵀ·vector): a walk down and a walk up. */
  async #multiplyRows(at: number, vector: number, product: number): Promise<void> {
    const { memory: { exports }, breathe } = this.#options;
    const { rows, columns } = this.#operator;
    this.#options.memory.doubles(this.#scratch, columns).fill(0);
    const step = Math.max(1, Math.floor(BREATH_ELEMENTS / columns));
    for (let row = 0; row < rows; row += step) {
      exports.addRowsTransposedTimes(at + row * columns * 4, Math.min(step, rows - row), columns, vector + row * 8, this.#scratch);
      await breathe();
    }
    for (let row = 0; row < rows; row += step) {
      exports.addRowsTimes(at + row * columns * 4, Math.min(step, rows - row), columns, this.#scratch, product + row * 8);
      await breathe();
    }
  }
}
