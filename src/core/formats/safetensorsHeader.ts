import { visit } from 'jsonc-parser';
import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import { isObject, own, quote } from './jsonValues';
import { isLfsPointer, lfsPointerMessage, LFS_POINTER_BYTES } from './lfs';
import { parseJson } from './tolerantJson';

/** As the reference has it: safetensors/src/tensor.rs, MAX_HEADER_SIZE. A tensor takes about a hundred bytes. */
export const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

/** Broken JSON up to here is looked at again to say where it breaks, which takes a second from ten times as much on. */
const EXPLAINED_CHARACTERS = 4 * 1024 * 1024;

export interface SafetensorsHeader {
  /** By name, as declared: hostile until looked at. */
  readonly tensors: readonly (readonly [string, unknown])[];
  /** `__metadata__`: texts by name. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Of the byte in the file that the tensors' offsets count from. */
  readonly dataOffset: number;
  /** Names that stand in it more than once; of each the last counts. */
  readonly repeated: readonly string[];
}

/** A little-endian uint64, then a JSON object whose values tell types and places (https://github.com/huggingface/safetensors#format). */
export function isSafetensors(head: Uint8Array): boolean {
  if (head.length < LENGTH_BYTES + 2 || head[6] !== 0 || head[7] !== 0) return false;
  const text = new TextDecoder('latin1').decode(head.subarray(LENGTH_BYTES, LENGTH_BYTES + 4096));
  return /^\{\s*(?:"|\}\s*$)/.test(text) && (/"(?:dtype|__metadata__|data_offsets|shape)"/.test(text) || /^\{\s*\}/.test(text) || new TextDecoder('latin1').decode(head).includes('"data_offsets"'));
}

/**
 * Two reads: the length, and the JSON behind it.
 * @throws FormatError for a file that is cut or no safetensors; UnsupportedError above MAX_HEADER_BYTES.
 */
export async function readSafetensorsHeader(source: ByteSource, signal?: AbortSignal): Promise<SafetensorsHeader> {
  await refusePointer(source, signal);
  if (source.size < LENGTH_BYTES) throw damaged(source, `it has ${source.size} bytes, and the length of its header alone takes ${LENGTH_BYTES}`);
  const start = await source.read(0, LENGTH_BYTES, signal);
  const length = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(source.size - LENGTH_BYTES)) throw damaged(source, `its header should take ${length} bytes, and the file ends after ${source.size}`);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new UnsupportedError(`${source.name} has a header of ${length} bytes; safetensors allows ${MAX_HEADER_BYTES}. Save the model in several files.`);
  }
  const bytes = await source.read(LENGTH_BYTES, Number(length), signal);
  return parseHeader(source, new TextDecoder().decode(bytes), LENGTH_BYTES + bytes.length);
}

async function refusePointer(source: ByteSource, signal?: AbortSignal): Promise<void> {
  if (source.size > LFS_POINTER_BYTES) return;
  const text = new TextDecoder('latin1').decode(await source.read(0, source.size, signal));
  if (isLfsPointer(text)) throw new FormatError(lfsPointerMessage(source.name));
}

function parseHeader(source: ByteSource, text: string, dataOffset: number): SafetensorsHeader {
  const header = parse(source, text);
  if (!isObject(header)) throw damaged(source, 'its header is no JSON object');
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return { tensors, metadata: metadataOf(own(header, '__metadata__')), dataOffset, repeated: repeatedNames(text, tensors.length) };
}

function parse(source: ByteSource, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (text.length <= EXPLAINED_CHARACTERS) return parseJson(text, `the header of ${source.name}`);
    throw damaged(source, 'its header is no valid JSON');
  }
}

function metadataOf(value: unknown): Map<string, string> {
  if (!isObject(value)) return new Map();
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Parsing keeps the last of equal names: where there are more places than tensors, the text is looked through for which ones. */
function repeatedNames(text: string, tensors: number): string[] {
  let places = 0;
  for (let at = text.indexOf('"data_offsets"'); at >= 0; at = text.indexOf('"data_offsets"', at + 1)) places++;
  if (places <= tensors || text.length > EXPLAINED_CHARACTERS) return [];
  const seen = new Set<string>();
  const repeated = new Set<string>();
  let depth = 0;
  visit(text, {
    onObjectBegin: () => void depth++,
    onObjectEnd: () => void depth--,
    onObjectProperty: (name) => {
      if (depth !== 1) return;
      if (seen.has(name)) repeated.add(name);
      seen.add(name);
    },
  });
  return [...repeated];
}

/** "PyTorch, modelspec.title: …": what wrote the file, and the short texts that it keeps. */
export function safetensorsProducer(metadata: ReadonlyMap<string, string>): string | undefined {
  const format = metadata.get('format');
  const parts = format === undefined ? [] : [FRAMEWORKS[format] ?? format.slice(0, MAX_TEXT)];
  for (const [name, value] of metadata) {
    if (parts.length > MAX_TEXTS) break;
    if (name !== 'format' && value !== '' && value.length <= MAX_TEXT && name.length <= MAX_TEXT && !value.includes('\n')) parts.push(`${name}: ${value}`);
  }
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** Trainers keep a hundred settings here, some of them whole files. */
const MAX_TEXTS = 4;
const MAX_TEXT = 80;
const FRAMEWORKS: Readonly<Record<string, string>> = { pt: 'PyTorch', tf: 'TensorFlow', flax: 'Flax', jax: 'JAX', mlx: 'MLX', np: 'NumPy', numpy: 'NumPy' };

function damaged(source: ByteSource, what: string): FormatError {
  return new FormatError(`${source.name} is a damaged safetensors file: ${what}. It was only partly copied or is no safetensors file: fetch it again, or save the model anew.`);
}

export function repeatedMessage(source: ByteSource, names: readonly string[]): string {
  return `${source.name} names ${quote(names[0])}${names.length > 1 ? ` and ${names.length - 1} more tensors` : ''} more than once in its header; the last entry is shown`;
}
