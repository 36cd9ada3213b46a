import { formatBytes, formatShare, plural } from '../numberText';
import type { TensorStatistics, ZeroRun } from '../statistics/tensorStatistics';
import { ZERO_RUN_STEP_BYTES } from '../statistics/tensorStatistics';
import { isWeight } from '../model';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { SPARSE_SHARE } from './sparsity';
import { asShare, figure, percent } from './thresholds';
import { deadUnits, hasUnits, isAllZero, sharedDeath } from './units';

const MEBIBYTE = 1024 * 1024;

export const zeroRun = tensorRule({
  id: 'zero-run',
  title: 'Run of zeros',
  severity: 'warning',
  why: 'A long run of zero bytes amid weights is what an interrupted copy or download leaves: this part of the layer is lost.',
  whenNormal: 'Rows that were never trained (an unused part of a vocabulary, inputs whose units are dead); what is sparse all over is passed over.',
  yieldsTo: ['all-zero-tensor'],
  thresholds: {
    warningFrom: percent(10, 'Length of the run, as a share of the tensor\'s bytes, from which on it is a warning.'),
    warningFromMebibytes: figure(1, 'MiB', [0, 1e6], 'Length of the run beyond which it is a warning, whatever its share.'),
    errorFrom: percent(50, 'Share of the tensor\'s bytes from which on most of it is lost: an error.'),
  },

  applies: ({ tensor, statistics }) => statistics.longestZeroRun !== undefined && isWeight(tensor) && tensor.bytes > 0 && !isAllZero(statistics),

  check(context, limits): Verdict | undefined {
    const run = context.statistics.longestZeroRun;
    const { bytes } = context.tensor;
    if (!run) return undefined;
    const share = run.bytes / bytes;
    if (share <= asShare(limits.warningFrom) && run.bytes <= limits.warningFromMebibytes * MEBIBYTE) return undefined;
    if (isSparseElsewhere(context, run) || isByUnits(context, run)) return undefined;
    const isTail = reachesEnd(context, run);
    return {
      severity: share >= asShare(limits.errorFrom) ? 'error' : 'warning',
      message: `${isTail ? 'The tensor ends in' : 'Amid the data is'} a run of ${formatBytes(run.bytes)} of zeros (${formatShare(share)} of it)${isTail ? '' : `, ${formatBytes(run.offset)} from its start`}.`,
      advice: isTail ? tailAdvice(context) : 'A block of the file was never written, as when a copy or download was interrupted and resumed. Copy the file again and compare checksums. If the original is the same, these rows were never trained.',
      evidence: { offset: run.offset, bytes: run.bytes, share, isTail, stepBytes: ZERO_RUN_STEP_BYTES, warningFrom: asShare(limits.warningFrom), errorFrom: asShare(limits.errorFrom) },
    };
  },
});

function reachesEnd({ tensor }: TensorContext, { offset, bytes }: ZeroRun): boolean {
  return offset + bytes > tensor.bytes - ZERO_RUN_STEP_BYTES;
}

/** Where half of what lies outside of the run is zero too, the run is no accident but sparsity. */
function isSparseElsewhere(context: TensorContext, run: ZeroRun): boolean {
  const { tensor, statistics } = context;
  const inside = Math.min(statistics.count, Math.floor((run.bytes / tensor.bytes) * statistics.count));
  const outside = statistics.count - inside;
  return outside <= 0 || (zeroCodes(context) - inside) / outside >= SPARSE_SHARE;
}

/** Elements whose bytes are all zero: of affine quantization the code 0, which stands for `min`. */
function zeroCodes({ tensor, statistics }: TensorContext): number {
  if (tensor.quantization?.scheme !== 'affine') return statistics.zeros;
  const { lower, counts } = statistics.distribution;
  return counts[lower.indexOf(Math.fround(tensor.quantization.min))] ?? 0;
}

/**
 * Inputs that are dead because the units which make them are, and rows of an embedding that lie amid others or are few:
 * their own rules speak of them.
 */
function isByUnits(context: TensorContext, run: ZeroRun): boolean {
  const channels = context.statistics.inputChannels;
  if (!hasUnits(context, channels)) return false;
  const dead = deadUnits(context, channels);
  if (dead.exact.length === 0) return false;
  if (context.tensor.role !== 'embedding') return sharedDeath(context, dead) !== undefined;
  const rowBytes = context.tensor.bytes / dead.units;
  const isWholeRows = dead.exact.length * rowBytes >= run.bytes - 2 * ZERO_RUN_STEP_BYTES - 2 * rowBytes;
  return isWholeRows && !(reachesEnd(context, run) && run.bytes / context.tensor.bytes >= LOST_TAIL_SHARE);
}

/** Vocabularies are padded at their end, but not by as much. Our own. */
const LOST_TAIL_SHARE = 0.1;

function tailAdvice(context: TensorContext): string {
  const behind = zeroTensorsBehind(context);
  const rest = behind > 0 ? ` ${plural(behind, 'tensor')} behind it in the file ${behind === 1 ? 'holds' : 'hold'} nothing but zeros as well.` : '';
  return `The mark of an interrupted copy or download: the file has its full length, and its end was never written.${rest} Copy or download the file again and compare checksums.`;
}

/** Tensors that lie in the same file directly behind this one and are all zero: how far the damage reaches. */
function zeroTensorsBehind({ tensor, peers }: TensorContext): number {
  const last = tensor.segments.at(-1);
  if (!last) return 0;
  const behind = peers
    .flatMap((peer) => {
      const first = peer.tensor.segments[0];
      return first?.file === last.file && first.offset >= last.offset + last.length ? [{ offset: first.offset, isZero: isZeroBytes(peer.statistics) }] : [];
    })
    .sort((a, b) => a.offset - b.offset);
  const alive = behind.findIndex(({ isZero }) => !isZero);
  return alive < 0 ? behind.length : alive;
}

function isZeroBytes(statistics: TensorStatistics): boolean {
  return statistics.count > 0 && isAllZero(statistics);
}
