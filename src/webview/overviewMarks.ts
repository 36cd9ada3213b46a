import type { Role } from '../core/model';
import { SEVERITIES } from '../core/rules/rule';
import type { Severity } from '../core/rules/rule';
import { QUANTILES } from '../core/statistics/tensorStatistics';

/** Where p0.1, p5, p25, p50, p75, p95 and p99.9 stand in QUANTILES. */
export const P001 = 0;
export const P05 = 2;
export const P25 = 3;
export const P50 = 4;
export const P75 = 5;
export const P95 = 6;
export const P999 = 8;


/** Finer columns are a grey mush: neighbours then share one. */
const MIN_COLUMN_PX = 2;

/** One column: a layer's main weight, or one tensor. */
export interface Column {
  readonly name: string;
  readonly role: Role | undefined;
  readonly severity: Severity | null;
  /** Share near zero, 0..1; null while unknown. */
  readonly nearZero: number | null;
  /** In the order of QUANTILES; undefined while the tensor is not done. */
  readonly quantiles: readonly (number | null)[] | undefined;
  /** Smallest and largest finite weight; null where there is none. */
  readonly extremes: readonly [number | null, number | null];
  /** For the hover, below the name. */
  readonly words: string;
}

/** One column, or several neighbours in one place. */
export interface Mark {
  readonly x: number;
  readonly column: Column;
}

/** How many neighbours share one mark, where a column of its own would be finer than a pixel or two. */
export function joinedColumns(columnPx: number): number {
  return columnPx >= MIN_COLUMN_PX ? 1 : Math.ceil(MIN_COLUMN_PX / columnPx);
}

export function marksOf(columns: readonly Column[], [low, high]: readonly [number, number], joined: number): Mark[] {
  const first = Math.max(0, Math.floor(low / joined) * joined);
  const last = Math.min(columns.length - 1, Math.ceil(high));
  const marks: Mark[] = [];
  for (let i = first; i <= last; i += joined) {
    const group = columns.slice(i, Math.min(i + joined, columns.length));
    marks.push({ x: i + (group.length - 1) / 2, column: group.length === 1 ? group[0]! : joinColumns(group) });
  }
  return marks;
}

/** Range and severity of the group are its extremes, so that the odd layer is still seen; the bands are its medians. */
export function joinColumns(group: readonly Column[]): Column {
  const all = (pick: (column: Column) => number | null | undefined): number[] => group.map(pick).filter((value): value is number => typeof value === 'number').sort((a, b) => a - b);
  const quantile = (q: number): number | null => {
    const values = all((column) => column.quantiles?.[q]);
    return (q === P001 ? values[0] : q === P999 ? values.at(-1) : values[values.length >> 1]) ?? null;
  };
  const done = group.some((column) => column.quantiles);
  const nearZero = all((column) => column.nearZero);
  return {
    name: `${group[0]!.name} … ${group.at(-1)!.name}`,
    role: group[0]!.role,
    severity: SEVERITIES.find((severity) => group.some((column) => column.severity === severity)) ?? null,
    nearZero: nearZero.at(-1) ?? null,
    quantiles: done ? Array.from({ length: QUANTILES.length }, (_, q) => quantile(q)) : undefined,
    extremes: [all((column) => column.extremes[0])[0] ?? null, all((column) => column.extremes[1]).at(-1) ?? null],
    words: '',
  };
}
