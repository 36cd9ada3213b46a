import type { Counts, Values } from './tensorStatistics';

/**
 * How often what occurs, sparse and ascending by value or key. What a pass over the bytes leaves.
 * - `values`: every finite value itself, zeros included (small tensors).
 * - `codes`: stored codes of 8 or 16 bits, zeros and non-finite values included.
 * - `float32`: the upper 16 bits of float32 numbers; `float64`: the upper 19 bits of float64 numbers, the same 7 bits of
 *   mantissa. Finite values other than zero; subnormal numbers have the bins of a zero mantissa.
 */
export type Table =
  | { readonly kind: 'values'; readonly values: Values; readonly counts: Counts }
  | { readonly kind: KeyedTable; readonly keys: Keys; readonly counts: Counts };

export type KeyedTable = 'codes' | 'float32' | 'float64';
export type Keys = Uint8Array | Uint16Array | Uint32Array;

/** Float64 bits left of these are the key: sign, 11 bits of exponent, 7 of mantissa. Of the upper word, 13 bits remain. */
export const FLOAT64_KEY_SHIFT = 13;
export const FLOAT64_KEYS = 1 << (32 - FLOAT64_KEY_SHIFT);

/** Both of the same kind, as two parts of one tensor are. */
export function mergeTables(a: Table, b: Table): Table {
  if (a.kind === 'values' && b.kind === 'values') {
    const { keys, counts } = mergeSorted(a.values, b.values, a.counts, b.counts);
    return { kind: 'values', values: keys, counts };
  }
  if (a.kind === 'values' || b.kind === 'values' || a.kind !== b.kind) throw new Error(`tables of "${a.kind}" and "${b.kind}" do not merge`);
  return { kind: a.kind, ...mergeSorted(a.keys, b.keys, a.counts, b.counts) };
}

const LARGEST_UINT32 = 0xffffffff;

function mergeSorted<K extends Keys | Values>(a: K, b: K, countsOfA: Counts, countsOfB: Counts): { keys: K; counts: Counts } {
  const keys = new (wider(a, b).constructor as new (length: number) => K)(a.length + b.length);
  const counts = new Float64Array(a.length + b.length);
  let length = 0;
  let i = 0;
  let j = 0;
  let largest = 0;
  while (i < a.length || j < b.length) {
    const left = i < a.length ? a[i]! : Infinity;
    const right = j < b.length ? b[j]! : Infinity;
    const key = left <= right ? left : right;
    const count = (left === key ? countsOfA[i++]! : 0) + (right === key ? countsOfB[j++]! : 0);
    if (count > largest) largest = count;
    keys[length] = key;
    counts[length++] = count;
  }
  return { keys: keys.slice(0, length) as K, counts: largest > LARGEST_UINT32 ? counts.slice(0, length) : Uint32Array.from(counts.subarray(0, length)) };
}

function wider<K extends Keys | Values>(a: K, b: K): K {
  return a.BYTES_PER_ELEMENT >= b.BYTES_PER_ELEMENT ? a : b;
}

/** Distinct values and their counts. `sorted` is ascending and finite, -0 has become 0; it is worked in. */
export function runLengths(sorted: Values): { values: Values; counts: Uint32Array } {
  const counts = new Uint32Array(sorted.length);
  let length = 0;
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i]!;
    if (length === 0 || sorted[length - 1] !== value) sorted[length++] = value;
    counts[length - 1]!++;
  }
  return { values: compactValues(sorted.subarray(0, length)), counts: counts.slice(0, length) };
}

/** A copy, of half the memory where single precision holds all of them. */
export function compactValues(values: Values): Values {
  if (values instanceof Float32Array) return values.slice();
  for (let i = 0; i < values.length; i++) if (Math.fround(values[i]!) !== values[i]) return values.slice();
  return new Float32Array(values);
}
