import { formatInteger } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { isAllZero } from './units';
import { MAX_LISTED_UNITS, partOf } from './words';

/** Rows that stand for padding: 0 in Keras (mask_zero), 1 in fairseq and its descendants. */
const PADDING_ROWS = 2;

export const deadRows = tensorRule({
  id: 'dead-rows',
  title: 'Dead embedding rows',
  severity: 'warning',
  why: 'A token whose row is zero has no meaning to the model: every such token looks like any other.',
  whenNormal: 'The row of the padding token, and rows at the end that only round the size of the vocabulary up.',
  yieldsTo: ['zero-run', 'all-zero-tensor', 'misread-bytes'],
  thresholds: {
    // aprender's rule F-DATA-QUALITY-007.
    zeroNorm: figure(1e-6, '‖row‖₂', [0, 1], 'Norm below which a row is zero in effect.'),
    warningFrom: percent(5, 'Share of dead rows amid the vocabulary from which on it is a warning; fewer are a note.'),
  },

  applies: (context) => rowNorms(context) !== undefined && !isAllZero(context.statistics),

  check(context, { zeroNorm, warningFrom }): Verdict | undefined {
    const norms = rowNorms(context);
    if (!norms) return undefined;
    const dead: number[] = [];
    for (let row = 0; row < norms.length; row++) if (norms[row]! < zeroNorm) dead.push(row);
    // Rows of nothing but NaN have no norm either.
    if (dead.length === 0 || isOnlyPadding(dead) || hasNonFinite(context)) return undefined;
    const atEnd = trailing(dead, norms.length);
    const amid = dead.length - atEnd;
    return {
      severity: amid >= asShare(warningFrom) * norms.length ? 'warning' : 'info',
      message: `${partOf(dead.length, norms.length)} rows of the embedding are zero${atEnd === dead.length ? ', all of them at its end' : ''}.`,
      advice: amid === 0
        ? `The last ${formatInteger(atEnd)} rows seem to round the vocabulary up. Check that no token has such a number.`
        : 'Check which tokens these are: unused ones can leave the vocabulary; used ones were lost in a conversion or never trained.',
      evidence: { rows: norms.length, dead: dead.length, atEnd, zeroNorm, warningFrom: asShare(warningFrom), unitIndices: dead.slice(0, MAX_LISTED_UNITS), unitIndicesComplete: dead.length <= MAX_LISTED_UNITS },
    };
  },
});

/** One row a token. The units of a head are judged by the rule for dead output units. */
function rowNorms({ tensor, statistics }: TensorContext): Float32Array | undefined {
  return tensor.role === 'embedding' && statistics.inputChannels?.axis === 0 ? statistics.inputChannels.l2Norm : undefined;
}

function isOnlyPadding(dead: readonly number[]): boolean {
  return dead.length === 1 && dead[0]! < PADDING_ROWS;
}

function hasNonFinite({ statistics }: TensorContext): boolean {
  return statistics.nan + statistics.positiveInfinity + statistics.negativeInfinity > 0;
}

/** How many of these ascending rows are the last ones, without a gap. */
function trailing(dead: readonly number[], rows: number): number {
  let count = 0;
  while (count < dead.length && dead[dead.length - 1 - count] === rows - 1 - count) count++;
  return count;
}
