import { mergeChannels } from './channels';
import type { ChannelSums } from './channels';
import { mergeMoments, NO_MOMENTS } from './moments';
import type { Moments } from './moments';
import { mergeObservations } from './observe';
import type { Observations } from './observe';
import { mergeTables } from './table';
import type { Table } from './table';

/**
 * What is known of a run of elements of one tensor. Plain data: crosses ports, and merges with its neighbours in any split.
 */
export interface PartialStatistics {
  /** All elements, non-finite ones included. */
  readonly count: number;
  readonly table: Table;
  /** Absent where the table holds exact values, from which all of it follows. */
  readonly sums?: PartialSums;
  readonly outputChannels?: ChannelSums;
  readonly inputChannels?: ChannelSums;
  /** For tables of kind `values`, which hold finite ones only. */
  readonly nonFinite?: NonFinite;
  readonly observed?: Observations;
}

export interface NonFinite {
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
}

export interface PartialSums extends NonFinite {
  readonly moments: Moments;
  readonly zeros: number;
  /** Of finite values; Infinity and -Infinity where there are none. */
  readonly min: number;
  readonly max: number;
}

/** Parts of the same tensor, in any order. */
export function mergePartials(a: PartialStatistics, b: PartialStatistics): PartialStatistics {
  const outputChannels = mergeChannels(a.outputChannels, b.outputChannels);
  const inputChannels = mergeChannels(a.inputChannels, b.inputChannels);
  return {
    count: a.count + b.count,
    table: mergeTables(a.table, b.table),
    ...(a.sums && b.sums && { sums: mergeSums(a.sums, b.sums) }),
    ...(outputChannels && { outputChannels }),
    ...(inputChannels && { inputChannels }),
    ...(a.nonFinite && b.nonFinite && { nonFinite: mergeNonFinite(a.nonFinite, b.nonFinite) }),
    ...(a.observed && b.observed && { observed: mergeObservations(a.observed, b.observed) }),
  };
}

function mergeSums(a: PartialSums, b: PartialSums): PartialSums {
  return {
    ...mergeNonFinite(a, b),
    moments: mergeMoments(a.moments, b.moments),
    zeros: a.zeros + b.zeros,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

function mergeNonFinite(a: NonFinite, b: NonFinite): NonFinite {
  return {
    nan: a.nan + b.nan,
    positiveInfinity: a.positiveInfinity + b.positiveInfinity,
    negativeInfinity: a.negativeInfinity + b.negativeInfinity,
  };
}

/** Of a tensor without elements. */
export const EMPTY_PARTIAL: PartialStatistics = {
  count: 0,
  table: { kind: 'values', values: new Float32Array(0), counts: new Uint32Array(0) },
  nonFinite: { nan: 0, positiveInfinity: 0, negativeInfinity: 0 },
};

/** Sums of nothing, to merge into. */
export const NO_SUMS: PartialSums = {
  moments: NO_MOMENTS, zeros: 0, nan: 0, positiveInfinity: 0, negativeInfinity: 0, min: Infinity, max: -Infinity,
};
