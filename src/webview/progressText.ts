import { formatInteger, plural } from '../core/numberText';
import type { Progress } from '../protocol/pageContract';

export function progressShare(progress: Progress): number {
  switch (progress.kind) {
    case 'running':
      return progress.totalBytes > 0 ? Math.min(1, progress.doneBytes / progress.totalBytes) : 0;
    case 'done':
      return 1;
    case 'cancelled':
    case 'failed':
      return 0;
  }
}

export function progressWords(progress: Progress): string {
  switch (progress.kind) {
    case 'running':
      return `${formatInteger(progress.doneTensors)} of ${plural(progress.totalTensors, 'tensor')}`;
    case 'done':
      return progress.fromCache ? 'From the cache' : `Analyzed in ${duration(progress.elapsedMs)}`;
    case 'cancelled':
      return 'Cancelled';
    case 'failed':
      return progress.message;
  }
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}\u2009ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}\u2009s`;
}
