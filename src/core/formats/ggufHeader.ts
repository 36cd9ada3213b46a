import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import { GgufCursor } from './ggufCursor';
import { readMetadata } from './ggufMetadata';
import type { Metadata } from './ggufMetadata';
import { quote } from './jsonValues';

/** "GGUF", whatever the byte order. */
export const GGUF_MAGIC = [0x47, 0x47, 0x55, 0x46] as const;

const MAGIC_AND_VERSION_BYTES = 8;
const COUNTS_BYTES = 16;

/**
 * The longest vocabularies make headers of some 30 MB. The whole of this is walked through in half a second, and a file whose
 * arrays claim more is none that anybody means.
 */
const MOST_HEADER_BYTES = 256 * 1024 * 1024;

/** ggml's limit is 63 bytes, which programs with their own builds exceed. */
const MOST_NAME_BYTES = 1024;

/** ggml has 4; a few more are listed. */
const MOST_DIMENSIONS = 8;

/** A name's length, no dimensions, a type and an offset. */
const SMALLEST_INFO_BYTES = 8 + 4 + 4 + 8;

const DEFAULT_ALIGNMENT = 32;

/** A tensor as the header declares it. Numbers beyond 2^53 are not exact, and no file has them. */
export interface TensorInfo {
  readonly name: string;
  /** As ggml counts them: the axis whose elements lie side by side first. */
  readonly dimensions: readonly number[];
  readonly type: number;
  /** From the begin of the data. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly isLittle: boolean;
  readonly metadata: Metadata;
  /** Keys that came more than once. */
  readonly repeatedKeys: readonly string[];
  readonly tensors: readonly TensorInfo[];
  readonly alignment: number;
  /** Where the data begins. */
  readonly dataOffset: number;
}

/**
 * Reads what comes before the data (docs/gguf.md of ggml).
 * @throws FormatError where it is damaged, UnsupportedError for a version that is not read.
 */
export async function readHeader(source: ByteSource, signal?: AbortSignal): Promise<GgufHeader> {
  const { version, isLittle } = await readVersion(source, signal);
  const cursor = new GgufCursor(source, { offset: MAGIC_AND_VERSION_BYTES, end: MOST_HEADER_BYTES, isLittle, signal });
  await cursor.need(COUNTS_BYTES, 'the number of its tensors');
  const tensorCount = cursor.u64();
  const entryCount = cursor.u64();
  if (tensorCount * SMALLEST_INFO_BYTES > cursor.left) {
    throw new FormatError(`${source.name} is damaged: its header declares ${tensorCount} tensors, more than it has room for. Fetch it again, or convert the model anew.`);
  }
  const repeatedKeys: string[] = [];
  const metadata = await readMetadata(cursor, entryCount, (key) => repeatedKeys.push(key));
  const tensors = await readInfos(cursor, tensorCount);
  const alignment = alignmentOf(source, metadata);
  return { version, isLittle, metadata, repeatedKeys, tensors, alignment, dataOffset: Math.ceil(cursor.offset / alignment) * alignment };
}

/** Both byte orders have the same magic bytes: it is the version, a small number, that tells them apart. */
async function readVersion(source: ByteSource, signal: AbortSignal | undefined): Promise<{ version: number; isLittle: boolean }> {
  if (source.size < MAGIC_AND_VERSION_BYTES + COUNTS_BYTES) {
    throw new FormatError(`${source.name} is damaged: it is ${source.size} bytes long, and the header of a GGUF file alone is longer. Fetch it again, or convert the model anew.`);
  }
  const head = await source.read(0, MAGIC_AND_VERSION_BYTES, signal);
  if (GGUF_MAGIC.some((byte, i) => head[i] !== byte)) throw new FormatError(`${source.name} does not begin with "GGUF", as a GGUF file does. Fetch it again, or convert the model anew.`);
  const view = new DataView(head.buffer, head.byteOffset);
  const isLittle = (view.getUint32(4, true) & 0xffff) !== 0;
  const version = view.getUint32(4, isLittle);
  if (version === 2 || version === 3) return { version, isLittle };
  if (version === 1) {
    throw new UnsupportedError(`${source.name} is a GGUF file of version 1, which was written in August 2023 only, with lengths of 32 bits, and which llama.cpp does not read any more either. Convert the model anew with a current convert_hf_to_gguf.py.`);
  }
  if (version > 3 && version < 100) {
    throw new UnsupportedError(`${source.name} is a GGUF file of version ${version}, and Weightgram reads versions 2 and 3. Look for an update of Weightgram, or convert the model with a program that writes version 3.`);
  }
  throw new FormatError(`${source.name} is damaged: it says that it is a GGUF file of version ${version}, and there are versions up to 3. Fetch it again, or convert the model anew.`);
}

const utf8 = new TextDecoder();

/** Of the longest info that is read. */
const MOST_INFO_BYTES = 8 + MOST_NAME_BYTES + 4 + 8 * MOST_DIMENSIONS + 4 + 8;

async function readInfos(cursor: GgufCursor, count: number): Promise<TensorInfo[]> {
  const infos: TensorInfo[] = [];
  for (let i = 0; i < count; i++) {
    // A promise for each of 100,000 tensors would take longer than all else.
    if (!cursor.has(MOST_INFO_BYTES)) await cursor.need(Math.min(MOST_INFO_BYTES, cursor.left), `tensor ${i}`);
    infos.push(readInfo(cursor, i));
  }
  return infos;
}

/** Of what is in the cursor's window: as much as an info can have, or all that is left. */
function readInfo(cursor: GgufCursor, index: number): TensorInfo {
  cursor.check(8, `the name of tensor ${index}`);
  const nameBytes = cursor.u64();
  if (nameBytes > MOST_NAME_BYTES) {
    throw new FormatError(`${cursor.source.name} is damaged: the name of tensor ${index} is said to be ${nameBytes} bytes long, and names have ${MOST_NAME_BYTES} at most. Fetch it again, or convert the model anew.`);
  }
  cursor.check(nameBytes + 4, `tensor ${index}`);
  const name = utf8.decode(cursor.bytes(nameBytes));
  const rank = cursor.u32();
  if (rank > MOST_DIMENSIONS) {
    throw new FormatError(`${cursor.source.name} is damaged: tensor ${quote(name)} is said to have ${rank} dimensions, and ggml has 4. Fetch it again, or convert the model anew.`);
  }
  cursor.check(8 * rank + 4 + 8, `tensor ${quote(name)}`);
  const dimensions: number[] = [];
  for (let axis = 0; axis < rank; axis++) dimensions.push(cursor.u64());
  return { name, dimensions, type: cursor.u32(), offset: cursor.u64() };
}

function alignmentOf(source: ByteSource, metadata: Metadata): number {
  const alignment = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (typeof alignment === 'number' && alignment > 0 && alignment <= 2 ** 31 && Number.isInteger(Math.log2(alignment))) return alignment;
  throw new FormatError(`${source.name} is damaged: its general.alignment is ${quote(alignment)}, which is no power of two, so that no tensor can be found. Convert the model anew.`);
}
