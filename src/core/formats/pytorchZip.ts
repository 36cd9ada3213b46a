import type { ByteSource } from '../byteSource';
import { UnsupportedError } from '../errors';
import type { Problem } from '../model';
import { bytesSource } from './bytesSource';
import { baseName, quote } from './jsonValues';
import { readPickle } from './pickleMachine';
import type { PickleOutcome } from './pickleMachine';
import type { Checkpoint, ReadPickle } from './pytorchCheckpoint';
import type { StoragePlace, Storages } from './pytorchStorages';
import { inflateHead, readZipEntries, refusalOf } from './zip';
import type { ZipEntry } from './zip';

/** A deflated pickle is unpacked into memory: that of a hundred thousand tensors takes a tenth of this. */
const MAX_UNPACKED_PICKLE_BYTES = 256 * 1024 * 1024;
/** Other pickles of an archive that are looked through for code: TorchScript has a handful. */
const MAX_OTHER_PICKLES = 64;
/** "little" or "big". */
const BYTE_ORDER_BYTES = 16;

interface Archive {
  readonly source: ByteSource;
  /** Index among the model's files. */
  readonly file: number;
  readonly signal: AbortSignal | undefined;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Names that more than one entry has. */
  readonly repeated: readonly ZipEntry[];
  /** Of every entry: 'archive/'. */
  readonly root: string;
  readonly byteOrder: { readonly byteOrder?: 'big' };
}

/**
 * The layout since PyTorch 1.6 and of TorchScript: a ZIP archive with data.pkl, and an entry for each storage.
 * caffe2/serialize/inline_container.h, torch/serialization.py.
 * @throws FormatError, UnsupportedError saying what the archive is where it is no checkpoint.
 */
export async function readZipCheckpoint(source: ByteSource, file: number, signal?: AbortSignal): Promise<Checkpoint> {
  const archive = await openArchive(source, file, signal);
  const { root, entries } = archive;
  const isScript = entries.has(`${root}constants.pkl`) || [...entries.keys()].some((name) => name.startsWith(`${root}code/`));
  const pickles: ReadPickle[] = [await readEntry(archive, `${root}data.pkl`, storagesOf(archive, 'data'))];
  if (entries.has(`${root}constants.pkl`)) {
    pickles.push({ ...(await readEntry(archive, `${root}constants.pkl`, storagesOf(archive, 'constants'))), prefix: 'constants' });
  }
  const others = await otherPickles(archive);
  return { title: isScript ? 'TorchScript archive' : 'PyTorch checkpoint', pickles, others, problems: repeatedProblem(archive) };
}

async function openArchive(source: ByteSource, file: number, signal: AbortSignal | undefined): Promise<Archive> {
  const list = await readZipEntries(source, signal);
  const entries = new Map<string, ZipEntry>();
  const repeated: ZipEntry[] = [];
  for (const entry of list) {
    if (entries.has(entry.name)) repeated.push(entry);
    else entries.set(entry.name, entry);
  }
  const pickle = [...entries.keys()].filter((name) => /(?:^|\/)data\.pkl$/.test(name)).sort((a, b) => a.split('/').length - b.split('/').length)[0];
  if (pickle === undefined) throw notACheckpoint(source, list);
  const root = pickle.slice(0, -'data.pkl'.length);
  const order = entries.get(`${root}byteorder`);
  const text = order ? new TextDecoder().decode(await inflateHead(source, order, BYTE_ORDER_BYTES, signal)) : 'little';
  return { source, file, signal, entries, repeated, root, byteOrder: text.trim() === 'big' ? { byteOrder: 'big' } : {} };
}

function notACheckpoint(source: ByteSource, list: readonly ZipEntry[]): UnsupportedError {
  const has = (pattern: RegExp): boolean => list.some(({ name }) => pattern.test(name));
  if (has(/(?:^|\/)serialized_exported_program\.json$|(?:^|\/)models\/[^/]+\.json$/)) return new UnsupportedError(`${source.name} is a program of torch.export, which Weightgram does not read. Save the state_dict() of the model with torch.save.`);
  if (has(/(?:^|\/)model\.json$/) && has(/(?:^|\/)tensors\//)) return new UnsupportedError(`${source.name} is a TorchScript archive of PyTorch 1.0 to 1.3, which Weightgram does not read. Load and save it with a current PyTorch (torch.jit.load, torch.jit.save).`);
  if (has(/(?:^|\/)\.data\/extern_modules$/)) return new UnsupportedError(`${source.name} is an archive of torch.package, which holds code and models of its own and which Weightgram does not read. Save the state_dict() of the model with torch.save.`);
  return new UnsupportedError(`${source.name} is a ZIP archive without data.pkl, which every PyTorch checkpoint has: it is something else, or damaged. Open the file that torch.save wrote.`);
}

async function readEntry(archive: Archive, name: string, storages: Storages): Promise<ReadPickle> {
  const { source, signal, entries } = archive;
  const entry = entries.get(name)!;
  if (entry.method === 'stored' && !entry.isEncrypted) {
    return { outcome: await readPickle(source, { offset: entry.dataOffset, end: entry.dataOffset + entry.bytes, signal }), storages, offset: 0 };
  }
  if (entry.bytes > MAX_UNPACKED_PICKLE_BYTES) throw new UnsupportedError(`${source.name}: its ${quote(name)} unpacks to ${entry.bytes} bytes; Weightgram reads up to ${MAX_UNPACKED_PICKLE_BYTES}. Save the state_dict() of the model alone.`);
  const bytes = await inflateHead(source, entry, entry.bytes, signal);
  return { outcome: await readPickle(bytesSource(source, bytes), { signal }), storages };
}

/** A second data.pkl, or any other that a program may be led to load. */
async function otherPickles(archive: Archive): Promise<PickleOutcome[]> {
  const { root, entries, repeated, source, signal } = archive;
  const named = [...entries.values()].filter(({ name }) => name.endsWith('.pkl') && name !== `${root}data.pkl` && name !== `${root}constants.pkl`);
  const others = [...repeated.filter(({ name }) => name.endsWith('.pkl')), ...named].slice(0, MAX_OTHER_PICKLES);
  const outcomes: PickleOutcome[] = [];
  for (const entry of others) {
    if (refusalOf(entry) !== undefined || entry.bytes > MAX_UNPACKED_PICKLE_BYTES) continue;
    const isStored = entry.method === 'stored';
    const outcome = isStored
      ? await readPickle(source, { offset: entry.dataOffset, end: entry.dataOffset + entry.bytes, signal })
      : await readPickle(bytesSource(source, await inflateHead(source, entry, entry.bytes, signal)), { signal });
    // Whether it can be read does not matter: nothing of it is shown.
    outcomes.push({ end: outcome.end, globals: outcome.globals, duplicates: [], persistents: [] });
  }
  return outcomes;
}

function storagesOf(archive: Archive, folder: string): Storages {
  const { root, byteOrder } = archive;
  return { ...byteOrder, place: (reference) => placeOf(archive, `${root}${folder}/${reference.key}`) };
}

function placeOf({ source, file, entries }: Archive, name: string): StoragePlace {
  const entry = entries.get(name);
  if (!entry) return { failure: `its storage, the entry ${quote(name)}, is not in ${baseName(source.name)}. Fetch the file again, or save the model anew` };
  const refusal = refusalOf(entry);
  if (refusal !== undefined) return { failure: `its storage, the entry ${quote(name)}, ${refusal}` };
  const segment = { file, offset: entry.dataOffset, length: entry.compressedBytes };
  return entry.method === 'stored' ? { segment } : { segment, deflatedTo: entry.bytes };
}

function repeatedProblem({ source, repeated }: Archive): Problem[] {
  if (repeated.length === 0) return [];
  const names = [...new Set(repeated.map(({ name }) => name))];
  return [{
    message: `${baseName(source.name)} holds more than one entry of the name ${names.slice(0, 3).map(quote).join(', ')}${names.length > 3 ? `, and ${names.length - 3} more` : ''}`,
    remedy: 'Weightgram reads the first; another program may load the other. Ask where the file comes from, or save the model anew.',
  }];
}
