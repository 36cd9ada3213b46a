import { isWeight } from '../model';
import { formatBytes, formatInteger, formatShare, plural } from '../numberText';
import { modelRule } from './rule';
import type { ModelContext, TensorContext, Verdict } from './rule';
import { countSmall } from './tails';
import { asShare, percent } from './thresholds';
import { largestMagnitude } from './units';

/** Small and constant tensors save nothing. */
const MIN_ELEMENTS = 512;

/** Mantissa bits that float32 has and bfloat16 (7) or float16 (10) has not. */
const BFLOAT16_UNUSED_BITS = 16;
const FLOAT16_UNUSED_BITS = 13;

const FLOAT16_LARGEST = 65_504;

/** Below, half floats have fewer bits than their mantissa. */
const FLOAT16_SMALLEST_NORMAL = 2 ** -14;

/** Names that one sentence can carry. */
const MAX_NAMED = 3;
const MAX_LISTED = 32;

export const wastedPrecision = modelRule({
  id: 'wasted-precision',
  title: 'Wasted precision',
  severity: 'info',
  why: 'Numbers of 16 bits are stored in 32: the file could be half as large without changing a single weight.',
  whenNormal: 'A model that was trained or published in 16 bits and converted for a runtime that only reads float32.',
  // Our own.
  thresholds: { from: percent(10, 'Share of the bytes of all weights that lie in such tensors from which on it is worth a note.') },

  applies: ({ tensors }) => tensors.some(({ statistics }) => (statistics.unusedMantissaBits ?? 0) >= FLOAT16_UNUSED_BITS),

  check({ tensors }: ModelContext, { from }): Verdict | undefined {
    const weights = tensors.filter(({ tensor }) => isWeight(tensor));
    const narrow = weights.filter((context) => narrowType(context) !== undefined);
    const bytes = sumOfBytes(narrow);
    const share = bytes / Math.max(1, sumOfBytes(weights));
    if (narrow.length === 0 || share < asShare(from)) return undefined;
    const types = new Set(narrow.map(narrowType));
    return {
      message: `${plural(narrow.length, 'float32 tensor')} (${formatBytes(bytes)}, ${formatShare(share)} of the weights) ${narrow.length === 1 ? 'holds' : 'hold'} only numbers that ${[...types].join(' or ')} holds exactly: ${namesOf(narrow)}.`,
      advice: `Store ${narrow.length === 1 ? 'it' : 'them'} as ${[...types].join(' or ')}: ${formatBytes(bytes / 2)} less, without loss. The digits beyond were lost before; an original in float32 may be more accurate.`,
      evidence: { tensors: narrow.length, bytes, share, names: narrow.slice(0, MAX_LISTED).map(({ tensor }) => tensor.name), from },
    };
  },
});

/** The 16-bit type that holds every value; undefined where none does, or where little would be saved. */
function narrowType({ tensor, statistics }: TensorContext): 'bfloat16' | 'float16' | undefined {
  const { unusedMantissaBits: unused = 0, min, max, distribution } = statistics;
  if (tensor.dtype !== 'float32' || tensor.elements < MIN_ELEMENTS || min === max || unused < FLOAT16_UNUSED_BITS) return undefined;
  const fitsFloat16 = largestMagnitude(statistics) <= FLOAT16_LARGEST && countSmall(distribution, FLOAT16_SMALLEST_NORMAL) === 0;
  if (fitsFloat16) return 'float16';
  return unused >= BFLOAT16_UNUSED_BITS ? 'bfloat16' : undefined;
}

function sumOfBytes(contexts: readonly TensorContext[]): number {
  return contexts.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
}

function namesOf(contexts: readonly TensorContext[]): string {
  const named = contexts.slice(0, MAX_NAMED).map(({ tensor }) => tensor.name);
  const more = contexts.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${formatInteger(more)} more` : named.join(', ');
}
