import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import type { Model, Problem, Segment } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { WeightDraft } from './assembleModel';
import type { Format } from './format';
import { baseName } from './jsonValues';
import { fileOf } from './modelFiles';
import { assignByModulePath } from './moduleNames';
import { inModuleOrder } from './moduleOrder';
import { isNpy, MAX_NPY_HEADER_BYTES, parseNpyHead, USUAL_HEADER_BYTES } from './numpyArray';
import { readArchive } from './numpyArchive';
import { draftOf } from './numpyDrafts';
import { isZip } from './zip';

const ID = 'numpy';
const TITLE = 'NumPy arrays';

/** One array (.npy), or several in an archive (.npz). */
export const numpy: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.npy', '.npz'],
  matches: (head, name) => isNpy(head) || (isZip(head) && holdsArrays(head, name)),
  async open(source, signal) {
    const start = await source.read(0, Math.min(6, source.size), signal);
    return isNpy(start) ? modelOf(source, [await readArray(source, signal)], []) : openArchive(source, signal);
  },
};

/** Local headers name what follows: those in the head tell, and the name of the file where the first entry fills the head. */
function holdsArrays(head: Uint8Array, name: string): boolean {
  const latin = new TextDecoder('latin1').decode(head);
  return /PK\x03\x04[^]{26}[^\0-\x1f]{0,400}?\.npy/.test(latin) || /\.npz$/i.test(name);
}

async function openArchive(source: ByteSource, signal?: AbortSignal): Promise<Model> {
  const { weights, problems } = await readArchive(source, signal);
  if (weights.length === 0) throw new UnsupportedError(`${source.name} is a ZIP archive that holds no arrays of NumPy. Unpack it, and open what is in it.`);
  return modelOf(source, weights, problems);
}

async function readArray(source: ByteSource, signal?: AbortSignal): Promise<WeightDraft & { readonly surplus: number }> {
  let length = Math.min(USUAL_HEADER_BYTES, source.size);
  let head = parseNpyHead(await source.read(0, length, signal));
  while ('needs' in head) {
    if (head.needs > source.size || head.needs > MAX_NPY_HEADER_BYTES) throw new FormatError(`${source.name} is a damaged .npy file: it ends within its header. It was only partly copied: fetch it again, or save it anew.`);
    length = Math.min(source.size, Math.max(head.needs, length + 1));
    head = parseNpyHead(await source.read(0, length, signal));
  }
  if ('flaw' in head) throw new FormatError(`${source.name} is a damaged .npy file: ${head.flaw}. Fetch it again, or save it anew.`);
  const name = baseName(source.name).replace(/\.npy$/i, '');
  if (head.refusal !== undefined) throw new UnsupportedError(`${source.name} is an array of NumPy that Weightgram does not read: ${head.refusal}.`);
  if (head.dtype === 'string') throw new UnsupportedError(`${source.name} is an array of texts, which has no numbers to show. Open the file that holds the weights.`);
  const available = source.size - head.headerBytes;
  const segment: Segment = { file: 0, offset: head.headerBytes, length: head.bytes };
  if (head.bytes > available) {
    const failure = `${source.name} ends ${head.bytes - available} bytes before it does. The file was cut: fetch it again`;
    return { ...draftOf(name, head, { failure }), surplus: 0 };
  }
  return { ...draftOf(name, head, { segment }), surplus: available - head.bytes };
}

function modelOf(source: ByteSource, drafts: readonly (WeightDraft & { readonly surplus?: number })[], problems: readonly Problem[]): Model {
  const unique = uniqueNames(inModuleOrder(drafts), source.name);
  const { layers, assignments } = assignByModulePath(unique.weights);
  const surplus = drafts.length === 1 ? (drafts[0]!.surplus ?? 0) : 0;
  const behind = surplus === 0 ? [] : [{ message: `${source.name} holds ${surplus} bytes behind its array`, remedy: 'Where several arrays were saved into one file, only the first one is shown: save them with numpy.savez.' }];
  return assembleModel({
    source,
    format: ID,
    formatTitle: TITLE,
    placed: { files: [fileOf(source)], weights: unique.weights, problems: boundedProblems([...problems, ...behind, ...unique.problems]) },
    layers,
    assignments,
  });
}
