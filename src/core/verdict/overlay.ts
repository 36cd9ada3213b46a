import type { Family } from '../statistics/families';

export const OVERLAY_KINDS = ['initializer', 'normal', 'studentT', 'laplace', 'uniform'] as const;
export type OverlayKind = (typeof OVERLAY_KINDS)[number];

/** A distribution to hold a histogram against. Plain data, so that it crosses ports. */
export interface Overlay {
  readonly kind: OverlayKind;
  /** e.g. "Student t (ν 4.2)", "declared GlorotUniform". */
  readonly label: string;
  readonly family: Family;
  /** How many weights the curve stands for. */
  readonly weights: number;
  /** The exact zeros are no part of it. */
  readonly excludesZeros: boolean;
  /** Kolmogorov's: the largest difference of the two cumulative shares, 0..1. */
  readonly distance: number;
  /** The distance in a sentence. */
  readonly words: string;
}
