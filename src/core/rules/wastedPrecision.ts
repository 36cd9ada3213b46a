import { isWeight } from '../model';
import { formatBytes, formatInteger, formatShare } from '../numberText';
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

/**
 * Below, half floats are 0. From here to 2^-14 they have fewer bits than their mantissa, which the bins cannot show; but what
 * was cut to ten bits otherwise goes on below.
 */
const FLOAT16_SMALLEST = 2 ** -24;

/** Names that one sentence can carry. */
const MAX_NAMED = 3;
const MAX_LISTED = 32;

/** Up to this many are named one by one; more are one finding about the model. */
const MAX_ALONE = 3;

export const wastedPrecision = modelRule({
  id: 'wasted-precision',
  title: 'Wasted precision',
  severity: 'info',
  why: 'Numbers of 16 bits are stored in 32: the file could be half as large without changing a single weight.',
  whenNormal: 'A model that was trained or published in 16 bits and converted for a runtime that only reads float32.',
  // Our own.
  thresholds: { from: percent(10, 'Share of the bytes of all weights that lie in such tensors from which on more than three of them are worth a note.') },

  applies: ({ tensors }) => tensors.some(({ statistics }) => (statistics.unusedMantissaBits ?? 0) >= FLOAT16_UNUSED_BITS),

  check({ tensors }: ModelContext, { from }): readonly Verdict[] {
    const weights = tensors.filter(({ tensor }) => isWeight(tensor));
    const narrow = weights.filter((context) => narrowType(context) !== undefined);
    if (narrow.length <= MAX_ALONE) return narrow.map(aboutTensor);
    const share = sumOfBytes(narrow) / sumOfBytes(weights);
    return share < asShare(from) ? [] : [aboutModel(narrow, share, from)];
  },
});

function aboutTensor(context: TensorContext): Verdict {
  const { tensor, statistics } = context;
  const type = narrowType(context)!;
  return {
    subject: { kind: 'tensor', name: tensor.name },
    message: `The ${formatInteger(tensor.elements)} weights are stored as float32, and ${type} holds every one of them exactly (${formatInteger(statistics.unusedMantissaBits)} bits of each are always 0).`,
    advice: `Store the tensor as ${type}: ${formatBytes(tensor.bytes / 2)} less, without loss. If the others have all their digits, ask why this one was rounded.`,
    evidence: { unusedMantissaBits: statistics.unusedMantissaBits, bytes: tensor.bytes, type },
  };
}

function aboutModel(narrow: readonly TensorContext[], share: number, from: number): Verdict {
  const bytes = sumOfBytes(narrow);
  const types = [...new Set(narrow.map(narrowType))].join(' or ');
  return {
    message: `${formatInteger(narrow.length)} float32 tensors (${formatBytes(bytes)}, ${formatShare(share)} of the weights) hold only numbers that ${types} holds exactly: ${namesOf(narrow)}.`,
    advice: `Store them as ${types}: ${formatBytes(bytes / 2)} less, without loss. The digits beyond were lost before; an original in float32 may be more accurate.`,
    evidence: { tensors: narrow.length, bytes, share, names: narrow.slice(0, MAX_LISTED).map(({ tensor }) => tensor.name), from },
  };
}

/** The 16-bit type that holds every value; undefined where none does, or where little would be saved. */
function narrowType({ tensor, statistics }: TensorContext): 'bfloat16' | 'float16' | undefined {
  const { unusedMantissaBits: unused = 0, min, max, distribution } = statistics;
  if (tensor.dtype !== 'float32' || tensor.elements < MIN_ELEMENTS || min === max || unused < FLOAT16_UNUSED_BITS) return undefined;
  const fitsFloat16 = largestMagnitude(statistics) <= FLOAT16_LARGEST && countSmall(distribution, FLOAT16_SMALLEST) === 0;
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
