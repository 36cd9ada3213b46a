import type { Threshold } from './rule';

/** A share in percent: 0–100. */
export function percent(value: number, description: string): Threshold {
  return { default: value, unit: '%', description, minimum: 0, maximum: 100 };
}

/** A figure of its own unit that only its rule knows, e.g. '× the median'. */
export function figure(value: number, unit: string, range: readonly [minimum: number, maximum: number], description: string): Threshold {
  return { default: value, unit, description, minimum: range[0], maximum: range[1] };
}

/** What a percent threshold means beside a share of 0..1. */
export function asShare(percentage: number): number {
  return percentage / 100;
}
