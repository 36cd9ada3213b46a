import { formatBytes, formatShare } from '../core/numberText';
import { plainSpaces } from './terminal';

/** Twelve pictures a second are smooth enough, and cost nothing. */
const INTERVAL_MS = 80;

const BAR_CELLS = 30;

/** Erases the line and goes to its beginning. */
const CLEAR_LINE = '\r\u001b[2K';

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A line on a terminal that is gone when the work is done; nothing at all where nobody looks. */
export class ProgressBar {
  readonly #stream: Stream;
  readonly #now: () => number;
  #drawnMs = -Infinity;
  #isShown = false;

  constructor(stream: Stream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  update(doneBytes: number, totalBytes: number): void {
    if (!this.#stream.isTTY || this.#now() - this.#drawnMs < INTERVAL_MS) return;
    this.#drawnMs = this.#now();
    this.#isShown = true;
    const share = totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 0;
    const full = Math.round(share * BAR_CELLS);
    const text = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${formatShare(share)} of ${formatBytes(totalBytes)}`;
    this.#stream.write(CLEAR_LINE + plainSpaces(text));
  }

  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#stream.write(CLEAR_LINE);
  }
}
