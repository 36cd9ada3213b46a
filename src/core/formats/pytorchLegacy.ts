import type { ByteSource } from '../byteSource';
import { throwIfCancelled } from '../errors';
import type { Problem } from '../model';
import { baseName, quote } from './jsonValues';
import { readPickle } from './pickleMachine';
import type { PickleOutcome } from './pickleMachine';
import type { Checkpoint } from './pytorchCheckpoint';
import { storageReference } from './pytorchStorages';
import type { StorageReference, StoragePlace, Storages } from './pytorchStorages';

/** torch/serialization.py, MAGIC_NUMBER. */
export const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/** Before each storage its number of elements stands, as int64. */
const COUNT_BYTES = 8;
/** Small storages are passed over in one read of the file. */
const WINDOW_BYTES = 256 * 1024;
const NEAR_BYTES = 16 * 1024;

/**
 * The layout up to PyTorch 1.5: pickles of a magic number, the protocol, the system, the object and the keys of its storages; then
 * the storages in that order, each behind its number of elements. Only the numbers are read.
 */
export async function readLegacyCheckpoint(source: ByteSource, file: number, magic: PickleOutcome, signal?: AbortSignal): Promise<Checkpoint> {
  const problems: Problem[] = [];
  const protocol = await readPickle(source, { offset: magic.end, signal });
  const system = await readPickle(source, { offset: protocol.end, signal });
  const object = await readPickle(source, { offset: system.end, signal });
  const keys = object.failure === undefined ? await readPickle(source, { offset: object.end, signal }) : undefined;
  const storages = keys ? await placeStorages({ source, file, signal, problems, object, keys }) : NO_STORAGES;
  return {
    title: 'PyTorch checkpoint, legacy layout',
    pickles: [{ outcome: object, storages, offset: 0 }],
    others: [magic, protocol, system, ...(keys ? [keys] : [])],
    problems,
  };
}

const NO_STORAGES: Storages = { place: () => ({ failure: 'the list of storages cannot be read. Fetch the file again, or save the model anew' }) };

interface Placing {
  readonly source: ByteSource;
  readonly file: number;
  readonly signal: AbortSignal | undefined;
  readonly problems: Problem[];
  readonly object: PickleOutcome;
  readonly keys: PickleOutcome;
}

async function placeStorages({ source, file, signal, problems, object, keys }: Placing): Promise<Storages> {
  const name = baseName(source.name);
  const references = storagesOf(object);
  const counts = new Counts(source, signal);
  const places = new Map<string, StoragePlace>();
  let offset = keys.end;
  let lost: string | undefined;
  for (const value of Array.isArray(keys.value) ? keys.value : []) {
    throwIfCancelled(signal);
    const key = String(typeof value === 'string' || typeof value === 'number' ? value : '');
    const reference = references.get(key);
    lost ??= await whyLost({ source, counts, offset, key }, reference);
    if (lost !== undefined) {
      places.set(key, { failure: lost });
      continue;
    }
    const length = reference!.elements * reference!.type.bytes;
    places.set(key, { segment: { file, offset: offset + COUNT_BYTES, length } });
    offset += COUNT_BYTES + length;
  }
  if (lost !== undefined) problems.push({ message: `${name} is damaged or was cut: ${lost.replace(/\. .*$/, '')}`, remedy: 'The tensors before it can be read. Fetch the file again, or save the model anew.' });
  else if (keys.failure === undefined && offset < source.size) problems.push({ message: `${name} has ${source.size - offset} bytes behind its last storage`, remedy: 'PyTorch does not read them. Ask where the file comes from, or save the model anew.' });
  return { place: ({ key }) => places.get(key) ?? { failure: `its storage ${quote(key)} is not among those that ${name} lists. Fetch the file again, or save the model anew` } };
}

interface Looking {
  readonly source: ByteSource;
  readonly counts: Counts;
  readonly offset: number;
  readonly key: string;
}

/** Why neither this storage nor those behind it can be found; ends a sentence that begins with a tensor. */
async function whyLost({ source, counts, offset, key }: Looking, reference: StorageReference | undefined): Promise<string | undefined> {
  if (!reference) return `the storage ${quote(key)} is listed and of no tensor, so that its size is unknown. Save the model anew`;
  const length = reference.elements * reference.type.bytes;
  if (!Number.isInteger(length) || offset + COUNT_BYTES + length > source.size) return `the storage ${quote(key)} should have ${length} bytes at ${offset + COUNT_BYTES}, and the file ends at ${source.size}. Fetch the file again`;
  const count = await counts.at(offset, length);
  return count === BigInt(reference.elements) ? undefined : `the storage ${quote(key)} should have ${reference.elements} elements, and says that it has ${count}. Fetch the file again, or save the model anew`;
}

/** By key. The first reference tells the size of all. */
function storagesOf({ persistents }: PickleOutcome): Map<string, StorageReference> {
  const found = new Map<string, StorageReference>();
  for (const persistent of persistents) {
    const reference = storageReference(persistent);
    if (reference && !found.has(reference.key)) found.set(reference.key, reference);
  }
  return found;
}

/** Counts that lie near each other come with one read. */
class Counts {
  #window = new DataView(new ArrayBuffer(0));
  #offset = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** `following` bytes lie between this count and the next one. */
  async at(offset: number, following: number): Promise<bigint> {
    const start = offset - this.#offset;
    if (start < 0 || start + COUNT_BYTES > this.#window.byteLength) {
      const length = following < NEAR_BYTES ? Math.min(WINDOW_BYTES, this.source.size - offset) : COUNT_BYTES;
      const bytes = await this.source.read(offset, length, this.signal);
      this.#window = new DataView(bytes.slice().buffer);
      this.#offset = offset;
    }
    return this.#window.getBigInt64(offset - this.#offset, true);
  }
}
