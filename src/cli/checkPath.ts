import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { FileError } from '../core/errors';
import { HEAD_BYTES } from '../core/formats/format';
import { identify } from '../core/formats/index';
import { nearestNames, editDistance } from '../core/nearestNames';

/** Names that TensorFlow.js converters give. */
const MODEL_FILE = /^model\.json$|weights_manifest\.json$/;

/** Weight shards and what else never is the file to open. */
const SHARD_FILE = /\.bin$|group\d+-shard\d+/i;

/** Manifests are JSON of at most a few megabytes beside their shards; larger files are not searched for a name. */
const MAX_SEARCHED_BYTES = 32 * 1024 * 1024;

/** A typing error, not another name. */
const MAX_TYPO_DISTANCE = 3;

/**
 * Looks at what was asked for before the engine does, to say what the person meant.
 * @throws FileError for a missing file, a folder, a device, and a weight shard instead of its model.
 */
export async function checkPath(file: string): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) throw new FileError(await missingMessage(file, found));
  if (found.isDirectory()) throw new FileError(await folderMessage(file));
  if (!found.isFile()) throw new FileError(`${file} is not a regular file. Give the path of a model file.`);
  if (!SHARD_FILE.test(path.basename(file))) return;
  if (await isModel(file)) return;
  const model = await modelOfShard(file);
  if (model) throw new FileError(`${file} holds the weights of ${model}, without their names and shapes. Give that file instead.`);
}

/** PyTorch's models have the ending of a shard too. */
async function isModel(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return identify(buffer.subarray(0, bytesRead), path.basename(file)).kind === 'model';
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function missingMessage(file: string, { code, message }: NodeJS.ErrnoException): Promise<string> {
  switch (code) {
    case 'ENOENT': {
      const similar = await similarName(file);
      return `${file}: there is no such file. ${similar ? `Did you mean ${similar}?` : 'Check the path.'}`;
    }
    case 'ENOTDIR':
      return `${file}: a part of this path is a file, not a folder. Check the path.`;
    case 'EACCES':
    case 'EPERM':
      return `${file}: no permission to read it. Ask its owner, or change its permissions.`;
    case 'ENAMETOOLONG':
      return 'The path is longer than the system allows. Check it.';
    case 'ELOOP':
      return `${file}: its symbolic links lead in a circle. Remove the link.`;
    default:
      return `${file} cannot be looked at: ${message}. Check the path.`;
  }
}

async function similarName(file: string): Promise<string | undefined> {
  const folder = path.dirname(file);
  const names = await readdir(folder).catch(() => []);
  const wanted = path.basename(file);
  const [nearest] = nearestNames(wanted, names);
  const isTypo = nearest !== undefined && editDistance(wanted.toLowerCase(), nearest.toLowerCase()) <= MAX_TYPO_DISTANCE;
  return isTypo ? path.join(folder, nearest) : undefined;
}

async function folderMessage(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => undefined);
  if (!names) return `${folder} is a folder without permission to look into it. Give the path of a model file.`;
  const models = names.filter((name) => MODEL_FILE.test(name)).sort();
  const [model] = models;
  if (model === undefined) return `${folder} is a folder without a model.json. Give the path of a model file.`;
  const which = models.length > 1 ? `one of the ${models.length} models in it, such as` : 'the model in it,';
  return `${folder} is a folder. Give ${which} ${path.join(folder, model)}.`;
}

/** The JSON file beside a shard that names it. */
async function modelOfShard(shard: string): Promise<string | undefined> {
  const folder = path.dirname(shard);
  const quoted = `"${path.basename(shard)}"`;
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort((a, b) => Number(MODEL_FILE.test(b)) - Number(MODEL_FILE.test(a)));
  for (const name of names) {
    const candidate = path.join(folder, name);
    const size = await stat(candidate).then((found) => (found.isFile() ? found.size : Infinity), () => Infinity);
    if (size > MAX_SEARCHED_BYTES) continue;
    const text = await readFile(candidate, 'utf8').catch(() => '');
    if (text.includes(quoted)) return candidate;
  }
  return undefined;
}
