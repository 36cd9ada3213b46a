import type { ByteSource } from '../byteSource';
import { CancelledError, HumanError, throwIfCancelled } from '../errors';
import type { Problem } from '../model';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import { readNear } from './nearReads';
import { MAX_NPY_HEADER_BYTES, parseNpyHead, USUAL_HEADER_BYTES } from './numpyArray';
import type { NpyArray, NpyHead } from './numpyArray';
import { draftOf } from './numpyDrafts';
import { inflateHead, readZipEntries, refusalOf } from './zip';
import type { ZipEntry } from './zip';

/** Packed heads that are unpacked at once. */
const HEADS_AT_ONCE = 32;

/** Entries of other kinds that a problem names. */
const MAX_NAMED = 3;

/** The arrays of a .npz file, in the order of its directory. What one entry has wrong costs only that entry. */
export async function readArchive(source: ByteSource, signal?: AbortSignal): Promise<{ weights: WeightDraft[]; problems: Problem[] }> {
  const all = await readZipEntries(source, signal);
  const entries = all.filter(({ name }) => /\.npy$/i.test(name));
  const heads = new Array<NpyHead>(entries.length);
  await readStoredHeads(source, entries, heads, signal);
  await readOtherHeads(source, entries, heads, signal);
  const others = all.filter(({ name }) => !/\.npy$/i.test(name)).map(({ name }) => quote(name));
  return { weights: entries.map((entry, index) => weightOf(source, entry, heads[index]!)), problems: entries.length > 0 ? othersProblem(source, others) : [] };
}

async function readStoredHeads(source: ByteSource, entries: readonly ZipEntry[], heads: NpyHead[], signal?: AbortSignal): Promise<void> {
  const stored = [...entries.keys()].filter((index) => entries[index]!.method === 'stored' && !entries[index]!.isEncrypted);
  const ranges = stored.map((index) => ({ offset: entries[index]!.dataOffset, length: Math.min(USUAL_HEADER_BYTES, entries[index]!.bytes) }));
  await readNear(source, ranges, (place, bytes) => void (heads[stored[place]!] = parseNpyHead(bytes)), signal);
}

/** Packed ones, and those whose head is longer than usual. */
async function readOtherHeads(source: ByteSource, entries: readonly ZipEntry[], heads: NpyHead[], signal?: AbortSignal): Promise<void> {
  const open = [...entries.keys()].filter((index) => heads[index] === undefined || 'needs' in heads[index]);
  for (let first = 0; first < open.length; first += HEADS_AT_ONCE) {
    throwIfCancelled(signal);
    await Promise.all(open.slice(first, first + HEADS_AT_ONCE).map(async (index) => {
      heads[index] = await headOf(source, entries[index]!, signal);
    }));
  }
}

async function headOf(source: ByteSource, entry: ZipEntry, signal?: AbortSignal): Promise<NpyHead> {
  if (refusalOf(entry) !== undefined) return { flaw: `its entry ${refusalOf(entry)}` };
  try {
    const head = parseNpyHead(await inflateHead(source, entry, USUAL_HEADER_BYTES, signal));
    if (!('needs' in head)) return head;
    if (head.needs > entry.bytes || head.needs > MAX_NPY_HEADER_BYTES) return { flaw: 'it ends within its header' };
    return parseNpyHead(await inflateHead(source, entry, head.needs, signal));
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError || error.code === 'io') throw error;
    return { flaw: error.message.replace(/\.$/, '') };
  }
}

const NOTHING: NpyArray = { dtype: 'uint8', shape: [], elements: 0, bytes: 0, isFortran: false, headerBytes: 0 };

function weightOf(source: ByteSource, entry: ZipEntry, head: NpyHead): WeightDraft {
  const name = entry.name.replace(/\.npy$/i, '');
  if ('needs' in head) return draftOf(name, NOTHING, { failure: 'it ends within its header. Fetch the file again, or save it anew' });
  if ('flaw' in head) return draftOf(name, NOTHING, { failure: `${head.flaw}. Fetch the file again, or save it anew` });
  const present = entry.bytes - head.headerBytes;
  if (head.refusal === undefined && present !== head.bytes) {
    return draftOf(name, head, { failure: `a shape of [${head.shape.join(', ')}] takes ${head.bytes} bytes, and ${source.name} holds ${present} of it. Save it anew` });
  }
  if (entry.method === 'deflate') return draftOf(name, head, { segment: { file: 0, offset: entry.dataOffset, length: entry.compressedBytes }, skipBytes: head.headerBytes });
  return draftOf(name, head, { segment: { file: 0, offset: entry.dataOffset + head.headerBytes, length: head.bytes } });
}

function othersProblem(source: ByteSource, others: readonly string[]): Problem[] {
  if (others.length === 0) return [];
  const more = others.length > MAX_NAMED ? ` and ${others.length - MAX_NAMED} more` : '';
  return [{ message: `${source.name} holds entries that are no arrays: ${others.slice(0, MAX_NAMED).join(', ')}${more}`, remedy: 'NumPy does not show them either as arrays. Nothing to do where another program put them there.' }];
}
