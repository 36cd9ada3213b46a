import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import type { Model, ModelFile } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import { describePickle } from './foreignSignatures';
import type { Format } from './format';
import { baseName } from './jsonValues';
import { fileOf } from './modelFiles';
import { looksLikePickle } from './pickleOpcodes';
import { checkpointWeights } from './pytorchCheckpoint';
import type { Checkpoint, CheckpointWeights } from './pytorchCheckpoint';
import { readIndexed } from './pytorchIndex';
import { isTar, readCheckpoint } from './pytorchLayouts';
import { assignLayers } from './pytorchNames';
import { indexedShards } from './shardedIndex';
import { isZip } from './zip';

const ID = 'pytorch';
const TITLE = 'PyTorch checkpoint';

/** What torch.save and torch.jit.save write, and pickles of arrays. Their programs are read as data, and nothing of them is run. */
export const pytorch: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.pt', '.pth', '.bin', '.ckpt', '.json'],
  matches: (head) => indexedShards(head) === 'pytorch' || (isZip(head) ? isTorchZip(head) : isTar(head) || isOwnPickle(head)),
  async open(source, signal): Promise<Model> {
    if (await isIndex(source, signal)) {
      const indexed = await readIndexed(source, signal);
      return modelOf(source, TITLE, indexed.files, indexed);
    }
    const checkpoint = await readCheckpoint(source, 0, signal);
    const found = await checkpointWeights(source, 0, checkpoint, signal);
    if (found.weights.length === 0 && found.problems.every(({ kind }) => kind !== 'unsafe')) throw withoutTensors(source, checkpoint);
    return modelOf(source, checkpoint.title, [fileOf(source)], found);
  },
};

function modelOf(source: ByteSource, formatTitle: string, files: readonly ModelFile[], found: CheckpointWeights): Model {
  const unique = uniqueNames(found.weights, baseName(source.name));
  const { layers, assignments } = assignLayers({ ...found, weights: unique.weights });
  const placed = { files, weights: unique.weights, problems: boundedProblems([...found.problems, ...unique.problems]) };
  return assembleModel({ source, format: ID, formatTitle, producer: found.producer, placed, layers, assignments });
}

/** Any pickle that is not told to be another program's: one that only runs code is told by reading it. */
function isOwnPickle(head: Uint8Array): boolean {
  return looksLikePickle(head) && describePickle(new TextDecoder('latin1').decode(head)) === undefined;
}

/** An index is text; no layout begins with a brace. */
async function isIndex(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  const start = await source.read(0, Math.min(16, source.size), signal);
  return /^(?:\xef\xbb\xbf)?\s*\{/.test(new TextDecoder('latin1').decode(start));
}

/** The first entry of the archive is one that PyTorch writes. */
function isTorchZip(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 30) return false;
  const name = new TextDecoder('latin1').decode(head.subarray(30, 30 + view.getUint16(26, true)));
  if (/^(?:[^/]+\/)*(?:data\.pkl|constants\.pkl|bytecode\.pkl|version|byteorder|\.format_version|\.storage_alignment|\.data\/serialization_id|(?:data|constants|tensors)\/\d+)$/.test(name)) return true;
  return /^[^/]+\/(?:code|extra|data|constants|tensors)\//.test(name) || new TextDecoder('latin1').decode(head).includes('/data.pkl');
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
