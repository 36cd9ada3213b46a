import type { ByteSource } from '../byteSource';
import { CancelledError, FormatError, HumanError, UnsupportedError } from '../errors';
import type { Model } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import { HEAD_BYTES } from './format';
import type { Format } from './format';
import { baseName, quote } from './jsonValues';
import { ModelFiles } from './modelFiles';
import { hasTableFooter } from './tensorBundleTable';
import { readVariables } from './tensorflowVariables';

const ID = 'tensorflow-checkpoint';
const TITLE = 'TensorFlow checkpoint';
const INDEX = '.index';
const DATA_NAME = /^(.+)\.data-\d{5}-of-\d{5}$/;
/** The text file that names the newest checkpoint of its folder (tensorflow/python/training/checkpoint_state.proto). */
const STATE = /^\s*model_checkpoint_path:\s*"((?:[^"\\\n]|\\.)*)"/;

/** A checkpoint of TensorFlow 2 or 1, opened at its index, at a shard, or at the `checkpoint` file that names it. */
export const tensorflowCheckpoint: Format = {
  id: ID,
  title: TITLE,
  extensions: [INDEX],
  matches: (head, name) => isIndex(head) || DATA_NAME.test(name) || STATE.test(text(head)),
  async open(source, signal) {
    const head = await source.read(0, Math.min(HEAD_BYTES, source.size), signal);
    if (isIndex(head)) return openIndex(source, signal);
    const named = STATE.exec(text(head))?.[1];
    const prefix = named === undefined ? DATA_NAME.exec(baseName(source.name))?.[1] : statePath(named);
    if (prefix === undefined) throw new FormatError(`${source.name} is no TensorFlow checkpoint: it is neither an index nor a shard of one. Open the ${INDEX} file.`);
    const index = await indexBeside(source, prefix, named !== undefined);
    try {
      return await openIndex(index, signal);
    } finally {
      await index.close();
    }
  },
};

/**
 * The first entry of every index: no key, and the header as its value, which begins with the number of shards. Where the block is packed it
 * stands behind the block's length and a tag.
 */
function isIndex(head: Uint8Array): boolean {
  if (head.length < HEAD_BYTES && hasTableFooter(head)) return true;
  for (let at = 0; at < 8; at++) {
    const isHeader = head[at] === 0 && head[at + 1] === 0 && head[at + 2]! < 64 && head[at + 3] === 8 && head[at + 4]! > 0;
    // Version 1 of the format, which has had no other.
    if (isHeader && text(head.subarray(at + 4, at + 4 + head[at + 2]!)).includes('\x1a\x02\x08\x01')) return true;
  }
  return false;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
}

/** A folder that was moved keeps the path that it was written at: then the checkpoint lies beside the file. */
function statePath(named: string): string {
  const path = new TextDecoder().decode(Uint8Array.from(named.replace(/\\(.)/g, '$1'), (letter) => letter.charCodeAt(0)));
  return /^(?:[/\\]|[a-z]:|\w+:\/\/)/i.test(path) ? baseName(path) : path;
}

async function indexBeside(source: ByteSource, prefix: string, isState: boolean): Promise<ByteSource> {
  try {
    return await source.sibling(prefix + INDEX);
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
    const what = isState ? `names the checkpoint ${quote(prefix)}` : 'holds the numbers of a TensorFlow checkpoint';
    throw new UnsupportedError(`${source.name} ${what}, whose index ${quote(prefix + INDEX)} is not there. Put the ${INDEX} file beside it and open that.`, { cause: error });
  }
}

async function openIndex(source: ByteSource, signal?: AbortSignal): Promise<Model> {
  const name = baseName(source.name);
  const prefix = name.toLowerCase().endsWith(INDEX) ? name.slice(0, -INDEX.length) : name;
  const files = new ModelFiles(source, signal, 'the index');
  const { weights, layers, assignments, problems } = await readVariables({ index: source, files, prefix, signal });
  const unique = uniqueNames(weights, source.name);
  return assembleModel({
    source,
    format: ID,
    formatTitle: TITLE,
    placed: { files: files.files, weights: unique.weights, problems: boundedProblems([...files.problems, ...problems, ...unique.problems]) },
    layers,
    assignments,
  });
}
