import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import type { Model } from '../model';
import { assembleModel, boundedProblems } from './assembleModel';
import type { Format } from './format';
import { fileOf } from './modelFiles';
import { looksLikePickle } from './pickleOpcodes';
import { readPickle } from './pickleMachine';
import { checkpointWeights } from './pytorchCheckpoint';
import type { Checkpoint } from './pytorchCheckpoint';
import { LEGACY_MAGIC, readLegacyCheckpoint } from './pytorchLegacy';
import { assignLayers } from './pytorchNames';
import { readZipCheckpoint } from './pytorchZip';
import { isZip } from './zip';

const ID = 'pytorch';
const TITLE = 'PyTorch checkpoint';

/** What torch.save and torch.jit.save write, and pickles of arrays. Their programs are read as data, and nothing of them is run. */
export const pytorch: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.pt', '.pth', '.bin', '.ckpt'],
  matches: (head) => (isZip(head) ? isTorchZip(head) : isTar(head) || looksLikePickle(head)),
  async open(source, signal): Promise<Model> {
    const checkpoint = await readCheckpoint(source, 0, signal);
    const found = await checkpointWeights(source, 0, checkpoint, signal);
    if (found.weights.length === 0 && found.problems.every(({ kind }) => kind !== 'unsafe')) throw withoutTensors(source, checkpoint);
    const { layers, assignments } = assignLayers(found);
    const placed = { files: [fileOf(source)], weights: found.weights, problems: boundedProblems(found.problems) };
    return assembleModel({ source, format: ID, formatTitle: checkpoint.title, producer: found.producer, placed, layers, assignments });
  },
};

const HEAD_BYTES = 1024;

/** One file of a model, whatever its layout. `file` is its index among the model's files. */
export async function readCheckpoint(source: ByteSource, file: number, signal?: AbortSignal): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), signal);
  if (isZip(head)) return readZipCheckpoint(source, file, signal);
  if (isTar(head)) throw new UnsupportedError(`${source.name} is a checkpoint in the tar layout of PyTorch before 0.1.10, which Weightgram does not read. Load and save it with PyTorch (torch.load, torch.save).`);
  const first = await readPickle(source, { signal });
  if (first.value === LEGACY_MAGIC) return readLegacyCheckpoint(source, file, first, signal);
  return { title: 'Python pickle', pickles: [{ outcome: first, storages: NO_STORAGES, offset: 0 }], problems: [] };
}

const NO_STORAGES = { place: () => ({ failure: 'it refers to a storage outside of its pickle. Save it with torch.save' }) };

/** The first entry of the archive is one that PyTorch writes. */
function isTorchZip(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 30) return false;
  const name = new TextDecoder('latin1').decode(head.subarray(30, 30 + view.getUint16(26, true)));
  if (/^(?:[^/]+\/)*(?:data\.pkl|constants\.pkl|bytecode\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data\/serialization_id|(?:data|constants|tensors)\/\d+)$/.test(name)) return true;
  return /^[^/]+\/(?:code|extra|data|constants|tensors)\//.test(name) || new TextDecoder('latin1').decode(head).includes('/data.pkl');
}

/** The tar layout has these members: torch/serialization.py, legacy_load. */
function isTar(head: Uint8Array): boolean {
  const latin = new TextDecoder('latin1').decode(head.subarray(0, 512));
  return latin.slice(257, 262) === 'ustar' && /^(?:\.\/)?(?:sys_info|pickle|storages|tensors)\0/.test(latin);
}

function withoutTensors(source: ByteSource, { pickles, others = [] }: Checkpoint): FormatError | UnsupportedError {
  const failure = pickles[0]?.outcome.failure;
  if (failure !== undefined) return new FormatError(`${source.name} is damaged: its pickle ${failure}. Fetch it again, or save the model anew.`);
  const names = [...pickles.map(({ outcome }) => outcome), ...others].flatMap(({ globals }) => [...globals.values()].map(({ path }) => path));
  const library = LIBRARIES.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  if (library !== undefined) return new UnsupportedError(`${source.name} is a pickle of ${library}, without tensors that Weightgram reads. Open the file with the weights instead.`);
  return new UnsupportedError(`${source.name} is a Python pickle without tensors or arrays. Open the file with the weights instead.`);
}

const LIBRARIES: readonly (readonly [RegExp, string])[] = [
  [/^joblib\./, 'joblib (a scikit-learn model?)'],
  [/^sklearn\./, 'scikit-learn'],
  [/^xgboost\./, 'XGBoost'],
  [/^lightgbm\./, 'LightGBM'],
  [/^catboost\./, 'CatBoost'],
  [/^pandas\./, 'pandas'],
  [/^transformers\..*TrainingArguments$/, 'the training arguments of transformers'],
];
