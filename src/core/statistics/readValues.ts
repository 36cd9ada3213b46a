import type { Analysis } from '../analysis';

/** Values that were read of those that an analysis is about. */
export interface ReadValues {
  readonly elements: number;
  readonly of: number;
  /** The largest of the tensors' 95 % bands around shares. */
  readonly shareError: number;
}

/** How much of a model was read; undefined where no tensor was sampled. */
export function readValues({ statistics }: Pick<Analysis, 'statistics'>): ReadValues | undefined {
  let elements = 0;
  let of = 0;
  let shareError = 0;
  let isSampled = false;
  for (const { count, sampled } of statistics.values()) {
    elements += count;
    of += sampled?.of ?? count;
    shareError = Math.max(shareError, sampled?.shareError ?? 0);
    isSampled ||= sampled !== undefined;
  }
  return isSampled ? { elements, of, shareError } : undefined;
}
