import { formatInteger, formatNumber, formatShare } from '../numberText';
import type { Sampled } from './evenSample';

/** For a row: "sampled, 2 %". */
export function sampledShort({ elements, of }: Pick<Sampled, 'elements' | 'of'>): string {
  return `sampled, ${formatShare(elements / of)} read`;
}

/** Beside figures: what they are from, and how far they may be off. */
export function sampledLong({ elements, of, shareError, meanError }: Sampled): string {
  const mean = meanError === null ? '' : `, the mean to ± ${formatNumber(meanError)}`;
  return `Sampled: ${formatInteger(elements)} of ${formatInteger(of)} values were read (${formatShare(elements / of)}), spread evenly. Shares are good to ± ${formatShare(shareError)}${mean} (95 %); the extremes are those of the values that were read.`;
}
