import type { PartialStatistics } from './partial';

/** How one run of a tensor's elements is counted. The chunk's bytes lie in the kernel's input. */
export interface PartScanner {
  /** Takes the next `count` elements. */
  take(count: number): void;
  result(): PartialStatistics;
}
