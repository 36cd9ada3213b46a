/**
 * Which files of a folder belong together, by their names alone. Hugging Face: `model-00001-of-00030.safetensors` with `model.safetensors.index.json`
 * (transformers `SAFE_WEIGHTS_INDEX_NAME`, diffusers likewise); llama.cpp: `name-00001-of-00005.gguf` (`LLAMA_SPLIT_PATH_FORMAT`);
 * TensorFlow: `name.index` with `name.data-00000-of-00002` (tensor_bundle/naming.cc), below `variables/` beside `saved_model.pb`.
 */
const NUMBERED = /^(?<stem>.+)-(?<number>\d{5,6})-of-(?<count>\d{5,6})(?<extension>\.(?:safetensors|bin|gguf|pt|pth))$/i;
const CHECKPOINT_DATA = /^(?<stem>.*)\.data-\d{5}-of-\d{5}$/;

interface Numbered {
  readonly stem: string;
  readonly number: string;
  readonly count: string;
  readonly extension: string;
}

function numbered(name: string): Numbered | undefined {
  return NUMBERED.exec(name)?.groups as Numbered | undefined;
}

/** Paths of the files, any one of which stands for this one where it is known to be a model. `path` has '/' or '\\' between its parts. */
export function ownersOf(path: string): string[] {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const folder = path.slice(0, cut);
  const name = path.slice(cut);
  const data = CHECKPOINT_DATA.exec(name)?.groups;
  if (data) return [`${folder}${data['stem']}.index`];
  if (name === 'variables.index' && /(?:^|[/\\])variables[/\\]$/.test(folder)) return [`${folder.slice(0, -'variables/'.length)}saved_model.pb`];
  const shard = numbered(name);
  if (!shard) return [];
  const { stem, number, count, extension } = shard;
  if (extension.toLowerCase() !== '.gguf') return [`${folder}${stem}${extension}.index.json`];
  const first = `${'1'.padStart(number.length, '0')}`;
  return number === first ? [] : [`${folder}${stem}-${first}-of-${count}${extension}`];
}

/** Of the other files in the folder, those that go with `name` by the pattern of their names. */
export function neighboursByName(name: string, others: readonly string[]): string[] {
  if (name.endsWith('.index')) {
    const stem = name.slice(0, -'.index'.length);
    return others.filter((other) => CHECKPOINT_DATA.exec(other)?.groups?.['stem'] === stem);
  }
  const own = numbered(name);
  if (own?.extension.toLowerCase() !== '.gguf') return [];
  return others.filter((other) => {
    const one = numbered(other);
    return one?.stem === own.stem && one.count === own.count && one.extension === own.extension;
  });
}

/** Of the other files in the folder, those whose name stands in the file: shards in an index, external data of an ONNX graph. */
export function namesIn(contents: Uint8Array, others: readonly string[]): string[] {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
  return others.filter((other) => bytes.includes(other));
}
