import type { Pick } from '../core/values/grid';
import type { Values } from '../core/statistics/tensorStatistics';
import { LEAP_ELEMENTS } from './elementCursor';
import type { ElementCursor } from './elementCursor';

/** Takes `count` values, `step` apart, from `from` on. The first is the place `first` of the fastest pick; `cell` is what the other picks add. */
export type TakeRun = (values: Values, from: number, step: number, count: number, first: number, cell: number, places: readonly number[]) => void;

/** Goes through all picked elements in the order in which the file has them. `places` are those of the slower picks. */
export async function walkGrid(cursor: ElementCursor, picks: readonly Pick[], take: TakeRun): Promise<void> {
  const outer = picks.slice(0, -1);
  const inner = picks.at(-1)!;
  const places = outer.map(() => 0);
  // The fastest axis of the file: neighbours lie one element apart.
  const isTight = inner.list === undefined && inner.step === 1;
  const ahead = readAhead(outer, inner);
  for (;;) {
    let base = 0;
    let cell = 0;
    for (const [k, pick] of outer.entries()) {
      base += indexOf(pick, places[k]!) * pick.stride;
      cell += cellOf(pick, places[k]!);
    }
    for (let place = 0; place < inner.count;) {
      const at = base + indexOf(inner, place) * inner.stride;
      const wanted = isTight ? inner.count - place : 1;
      if (at < cursor.start || at >= cursor.end) await cursor.fill(at, Math.max(wanted, ahead));
      const step = isTight ? 1 : inner.step;
      const count = inner.list ? 1 : Math.min(inner.count - place, Math.ceil((cursor.end - at) / step));
      take(cursor.values, at - cursor.start, step, count, place, cell, places);
      place += count;
    }
    if (!advance(places, outer)) return;
  }
}

export function indexOf({ list, from, step }: Pick, place: number): number {
  return list ? list[place]! : from + place * step;
}

export function cellOf({ listCells, cells, count, cellStride }: Pick, place: number): number {
  if (listCells) return listCells[place]!;
  return cells === count ? place * cellStride : Math.floor((place * cells) / count) * cellStride;
}

/** Where the next element is near, a whole window is read; where it is far, no more than is needed. */
function readAhead(outer: readonly Pick[], inner: Pick): number {
  const innerSpan = inner.count > 1 ? indexOf(inner, inner.count - 1) - indexOf(inner, 0) + 1 : 1;
  if (inner.count > 1 && innerSpan / inner.count > LEAP_ELEMENTS) return 1;
  const next = [...outer].reverse().find(({ count }) => count > 1);
  const gap = next ? next.stride * (next.list ? (next.list.at(-1)! - next.list[0]!) / (next.count - 1) : next.step) - innerSpan : Infinity;
  return gap <= LEAP_ELEMENTS ? Infinity : innerSpan;
}

/** Like the wheels of a counter. */
function advance(places: number[], picks: readonly Pick[]): boolean {
  for (let k = picks.length - 1; k >= 0; k--) {
    if (++places[k]! < picks[k]!.count) return true;
    places[k] = 0;
  }
  return false;
}
