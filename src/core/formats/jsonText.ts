import type { ByteSource } from '../byteSource';
import { FormatError, throwIfCancelled, UnsupportedError } from '../errors';
import { lfsPointerMessage, isLfsPointer } from './lfs';
import { parseJson } from './tolerantJson';

/**
 * The largest model.json in the wild are near 20 MB (graphs of many thousand nodes). Parsed JSON takes up to 20 times its text,
 * so that this bound keeps a worker near 1 GB at the very worst.
 */
export const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** One read. */
const CHUNK_BYTES = 4 * 1024 * 1024;

const MEBIBYTE = 1024 * 1024;

/**
 * The whole of a JSON file, parsed.
 * @throws UnsupportedError beyond MAX_JSON_BYTES; FormatError for broken JSON and Git LFS pointers; FileError from the source.
 */
export async function readJson(source: ByteSource, signal?: AbortSignal): Promise<unknown> {
  if (source.size > MAX_JSON_BYTES) {
    throw new UnsupportedError(
      `${source.name} holds ${(source.size / MEBIBYTE).toFixed(0)} MiB of JSON; Weightgram reads model descriptions up to ${MAX_JSON_BYTES / MEBIBYTE} MiB. ` +
        'Convert the model with its weights in binary shards beside the JSON file.',
    );
  }
  const text = await readText(source, signal);
  if (isLfsPointer(text)) throw new FormatError(lfsPointerMessage(source.name));
  if (text.trim() === '') throw new FormatError(`${source.name} is an empty file. Fetch it again, or save the model anew.`);
  return parseJson(text, source.name);
}

async function readText(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const decoder = new TextDecoder('utf-8');
  const parts: string[] = [];
  for (let offset = 0; offset < source.size; offset += CHUNK_BYTES) {
    throwIfCancelled(signal);
    const bytes = await source.read(offset, Math.min(CHUNK_BYTES, source.size - offset), signal);
    parts.push(decoder.decode(bytes, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join('');
}
