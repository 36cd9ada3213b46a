import type { ByteSource } from '../byteSource';
import { FormatError, HumanError, UnsupportedError } from '../errors';
import type { Model, Problem } from '../model';
import type { Format } from './format';
import { Hdf5File } from './hdf5/hdf5File';
import { readContents } from './hdf5/walk';
import type { Hdf5Contents } from './hdf5/walk';
import { own, quote } from './jsonValues';
import { MAX_JSON_BYTES } from './jsonText';
import { assignLegacy, legacyRoot } from './kerasLegacy';
import { modelOf, producerOf, storedTopology } from './kerasModel';
import { assignStore } from './kerasStore';
import type { StoreContents } from './kerasStore';
import { sliceSource } from './sliceSource';
import { parseJson } from './tolerantJson';
import { inflateHead, isZip, readZipEntries } from './zip';
import type { ZipEntry } from './zip';

const ID = 'keras-v3';
const TITLE = 'Keras model';
const CONFIG = 'config.json';

/** The archive of Keras 3 and of Keras 2.12 and later: the configuration, and weights in HDF5, stored without compression. */
export const kerasV3: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.keras'],
  matches: (head, name) => {
    if (!isZip(head)) return false;
    if (/\.keras$/i.test(name)) return true;
    const names = new TextDecoder('latin1').decode(head);
    return names.includes('metadata.json') && names.includes(CONFIG) && !names.includes('.npy');
  },
  open,
};

async function open(source: ByteSource, signal?: AbortSignal): Promise<Model> {
  const entries = await readZipEntries(source, signal);
  const config = await jsonOf(source, entries, CONFIG, signal);
  if (config === undefined) throw new FormatError(`${source.name} is a ZIP archive and no Keras model: it holds no ${CONFIG}. Save the model with model.save.`);
  const metadata = await metadataOf(source, entries, signal);
  const { topology, problems } = storedTopology(config, source.name);
  const read = await weightsOf(source, entries, signal);
  const root = read.contents ? legacyRoot(read.contents) : undefined;
  const contents = read.contents ?? NOTHING;
  const assigned = read.contents && root !== undefined ? await assignLegacy(read.contents, root, topology.layers) : assignStore(contents, topology.layers);
  return modelOf(source, contents, assigned, {
    kind: { id: ID, title: TITLE },
    producer: producerOf(own(metadata, 'keras_version'), undefined),
    problems: [...problems, ...read.problems],
  });
}

const NOTHING: StoreContents & Pick<Hdf5Contents, 'problems'> = { varsNames: new Map(), datasets: [], problems: [] };

/** undefined where there is no such entry. @throws HumanError where it is broken. */
async function jsonOf(source: ByteSource, entries: readonly ZipEntry[], name: string, signal?: AbortSignal): Promise<unknown> {
  const entry = entries.find((one) => one.name === name);
  if (!entry) return undefined;
  if (entry.bytes > MAX_JSON_BYTES) throw new UnsupportedError(`${source.name}: its ${name} holds ${entry.bytes} bytes; Weightgram reads up to ${MAX_JSON_BYTES / 2 ** 20} MiB. Save the model with fewer layers in one file.`);
  const bytes = await inflateHead(source, entry, entry.bytes, signal);
  return parseJson(new TextDecoder().decode(bytes), `The ${name} in ${source.name}`);
}

/** Only says which Keras wrote the file. */
async function metadataOf(source: ByteSource, entries: readonly ZipEntry[], signal?: AbortSignal): Promise<unknown> {
  try {
    return await jsonOf(source, entries, 'metadata.json', signal);
  } catch (error) {
    if (error instanceof HumanError && error.code !== 'cancelled' && error.code !== 'io') return undefined;
    throw error;
  }
}

interface Weights {
  /** undefined where none can be read: `problems` say why. */
  readonly contents: Hdf5Contents | undefined;
  readonly problems: readonly Problem[];
}

/** Keras writes one file; with max_shard_size several. */
async function weightsOf(source: ByteSource, entries: readonly ZipEntry[], signal?: AbortSignal): Promise<Weights> {
  const files = entries.filter(({ name }) => /\.weights\.h5$/.test(name));
  if (files.length === 0) return { contents: undefined, problems: [missingWeights(source, entries)] };
  const parts: Hdf5Contents[] = [];
  const problems: Problem[] = [];
  for (const entry of files) {
    const refusal = refused(entry);
    if (refusal !== undefined) {
      problems.push({ message: `The weights ${quote(entry.name)} in ${source.name} ${refusal}`, remedy: 'Save the model with model.save, which stores them as they are.' });
      continue;
    }
    const slice = sliceSource(source, entry.dataOffset, entry.compressedBytes);
    parts.push(await readContents(await Hdf5File.open(slice, signal), entry.dataOffset));
  }
  return { contents: joined(parts), problems };
}

function refused({ method, isEncrypted }: ZipEntry): string | undefined {
  if (isEncrypted) return 'are encrypted';
  if (method === 'stored') return undefined;
  return 'are compressed: values in them have no place in the file that could be read by itself';
}

function missingWeights(source: ByteSource, entries: readonly ZipEntry[]): Problem {
  const isNpz = entries.some(({ name }) => /\.weights\.npz$/.test(name));
  if (isNpz) return { message: `${source.name} keeps its weights as NumPy arrays (model.weights.npz), which are not read within the archive`, remedy: 'Unpack the archive and open model.weights.npz, or save the model with weights in HDF5.' };
  return { message: `${source.name} holds no weights: there is no model.weights.h5 in it`, remedy: 'Save the model with model.save.' };
}

function joined(parts: readonly Hdf5Contents[]): Hdf5Contents | undefined {
  const first = parts[0];
  if (!first || parts.length === 1) return first;
  return {
    ...first,
    varsNames: new Map(parts.flatMap(({ varsNames }) => [...varsNames])),
    datasets: parts.flatMap(({ datasets }, part) => datasets.map((dataset) => ({ ...dataset, address: dataset.address + part * PART_STRIDE }))),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

/** Above any address: files follow one another. */
const PART_STRIDE = 2 ** 44;

