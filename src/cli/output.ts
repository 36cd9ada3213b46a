/** The reader of our output has gone: `weightgram … | head` is no error. */
export function exitQuietlyOnClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Resolves when the text has left the process: pipes are written asynchronously, and exiting early would cut it. */
export function writeAll(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Arrays of plain numbers, which JSON.stringify spreads over a line each. Strings hold no raw line breaks in JSON. */
const SPREAD_ARRAY = /\[\n\s+([^[\]{}"]*?)\n\s+\]/g;

/** JSON with an indent of two for people and diffs, its arrays of numbers on one line. */
export function readableJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(SPREAD_ARRAY, (_, inner: string) => `[${inner.replace(/,\n\s+/g, ', ')}]`)}\n`;
}
