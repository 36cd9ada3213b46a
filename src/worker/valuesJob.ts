import { blockOf, isNumeric } from '../core/dtype';
import { UnsupportedError } from '../core/errors';
import type { Tensor } from '../core/model';
import type { Values } from '../core/statistics/tensorStatistics';
import { planGrid } from '../core/values/grid';
import type { Grid, GridPlan, GridRequest, Pick } from '../core/values/grid';
import type { GridJob } from '../protocol/workerContract';
import { ElementCursor } from './elementCursor';
import { elementReader } from './elementReader';
import { cellOf, indexOf, walkGrid } from './gridWalk';
import type { TakeRun } from './gridWalk';
import { OpenFiles } from './jobFiles';
import { Pause } from './pause';

/** The values of a rectangle of a tensor, folded into cells. @throws HumanError where they cannot be read. */
export async function computeGrid({ files, tensor, request }: GridJob, signal: AbortSignal): Promise<Grid> {
  const plan = planGrid(tensor, request);
  const fold = new Fold(plan, request);
  await withCursor({ files: new OpenFiles(files), tensor, pause: new Pause(signal) }, (cursor) => walkGrid(cursor, plan.picks, fold.take));
  return fold.result();
}

export interface CursorOptions {
  readonly files: OpenFiles;
  readonly tensor: Tensor;
  readonly pause: Pause;
}

/** Opens the tensor's values, and looks in the end whether its files are still what they were. */
export async function withCursor(options: CursorOptions, use: (cursor: ElementCursor) => Promise<void>): Promise<void> {
  const { files, tensor, pause } = options;
  if (!isNumeric(tensor.dtype)) throw new UnsupportedError(`${tensor.name} holds text, not numbers: there are no values to show. Choose another tensor.`);
  try {
    const reader = elementReader({ files, tensor });
    try {
      await use(new ElementCursor(reader, tensor.elements, blockOf(tensor.dtype).elements, pause));
    } finally {
      reader.close();
    }
    files.verify(tensor);
  } finally {
    files.close();
  }
}

/** Cells as they fill. */
class Fold {
  readonly #plan: GridPlan;
  readonly #isMean: boolean;
  readonly #low: number;
  readonly #high: number;
  readonly #values: Float64Array;
  readonly #taken: Float64Array;
  readonly #places: Float64Array | undefined;
  readonly #counts: Float64Array | undefined;
  #elements = 0;
  #nan = 0;
  #infinite = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(plan: GridPlan, { reduction, range }: GridRequest) {
    this.#plan = plan;
    const cells = plan.tiles * plan.rows * plan.columns;
    this.#isMean = reduction === 'mean';
    this.#values = new Float64Array(cells);
    this.#taken = new Float64Array(cells);
    const isCoarse = plan.picks.some(({ cells: own, count }) => own !== count) || plan.rowStep > 1 || plan.columnStep > 1;
    this.#places = isCoarse && !this.#isMean ? new Float64Array(cells) : undefined;
    this.#low = range?.low ?? Infinity;
    this.#high = range?.high ?? -Infinity;
    this.#counts = range && new Float64Array(cells);
  }

  readonly take: TakeRun = (values, from, step, count, first, cell, places) => {
    const inner = this.#plan.picks.at(-1)!;
    for (let i = 0; i < count;) {
      const end = Math.min(count, endOfCell(inner, first + i) - first);
      this.#addRun(values, from + i * step, step, end - i, cell + cellOf(inner, first + i), first + i, places);
      i = end;
    }
    this.#elements += count;
  };

  /** All of one cell. */
  #addRun(values: Values, from: number, step: number, count: number, cell: number, innerPlace: number, places: readonly number[]): void {
    if (this.#counts) this.#counts[cell]! += countWithin(values, from, step, count, this.#low, this.#high);
    const known = this.#values[cell]!;
    // NaN counts as larger than all: a cell that holds one shows it.
    let largest = this.#taken[cell] === 0 ? -1 : Number.isNaN(known) ? Infinity : Math.abs(known);
    let best = -1;
    let sum = 0;
    let min = this.#min;
    let max = this.#max;
    for (let i = 0; i < count; i++) {
      const value = values[from + i * step]!;
      const magnitude = value < 0 ? -value : value;
      sum += value;
      if (magnitude <= Number.MAX_VALUE) {
        if (value < min) min = value;
        if (value > max) max = value;
      } else if (value === value) this.#infinite++;
      else this.#nan++;
      if (magnitude <= largest || (best >= 0 && Number.isNaN(values[from + best * step]!))) continue;
      if (largest === Infinity && Number.isNaN(known)) continue;
      best = i;
      largest = Number.isNaN(magnitude) ? Infinity : magnitude;
    }
    this.#min = min;
    this.#max = max;
    this.#taken[cell]! += count;
    if (this.#isMean) this.#values[cell] = known + sum;
    else if (best >= 0) {
      this.#values[cell] = values[from + best * step]!;
      if (this.#places) this.#places[cell] = this.#placeOf(innerPlace + best, places);
    }
  }

  /** Row and column of an element in the window. */
  #placeOf(innerPlace: number, places: readonly number[]): number {
    const { picks, rowPick, columnPick, windowColumns } = this.#plan;
    const within = (k: number): number => {
      if (k < 0) return 0;
      const pick = picks[k]!;
      return indexOf(pick, k === picks.length - 1 ? innerPlace : places[k]!) - pick.from;
    };
    return within(rowPick) * windowColumns + within(columnPick);
  }

  result(): Grid {
    const { tiles, rows, columns, rowStep, columnStep } = this.#plan;
    if (this.#isMean) this.#values.forEach((sum, cell) => (this.#values[cell] = sum / this.#taken[cell]!));
    return {
      tiles, rows, columns, rowStep, columnStep,
      values: this.#values,
      ...(this.#places && { places: this.#places }),
      ...(this.#counts && { counts: this.#counts }),
      elements: this.#elements,
      nan: this.#nan,
      infinite: this.#infinite,
      min: this.#min <= this.#max ? this.#min : null,
      max: this.#min <= this.#max ? this.#max : null,
    };
  }
}

/** The first place of the next cell. */
function endOfCell({ list, cells, count }: Pick, place: number): number {
  if (list || cells === count) return place + 1;
  const cell = Math.floor((place * cells) / count);
  return Math.ceil(((cell + 1) * count) / cells);
}

function countWithin(values: Values, from: number, step: number, count: number, low: number, high: number): number {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const value = values[from + i * step]!;
    if (value >= low && value <= high) found++;
  }
  return found;
}
