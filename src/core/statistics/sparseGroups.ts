import { joinPieces } from './pieces';
import type { TensorStatistics } from './tensorStatistics';
import type { UnitSamples } from './unitSamples';

/** Sparsity by groups leaves half of the weights; below this share of zeros it is not looked for. */
export const LEAST_SPARSITY = 0.4;

const GROUP = 4;

/** Of the kept weights, those groups of four neighbours along the inputs that hold two zeros or more; undefined where inputs do not come in fours. */
export function sparseGroups({ plan, pieces }: UnitSamples): TensorStatistics['sparseGroups'] {
  const { units, weights, begins, steps, groups } = plan;
  const values = groups.length > 0 ? joinPieces(pieces, weights.length * units) : undefined;
  if (!values) return undefined;
  let atLeastHalfZero = 0;
  for (let unit = 0; unit < units; unit++) {
    for (let group = 0; group < groups.length; group += GROUP) {
      let zeros = 0;
      for (let i = group; i < group + GROUP; i++) if (values[begins[groups[i]!]! + unit * steps[groups[i]!]!] === 0) zeros++;
      if (2 * zeros >= GROUP) atLeastHalfZero++;
    }
  }
  return { groups: (units * groups.length) / GROUP, atLeastHalfZero };
}
