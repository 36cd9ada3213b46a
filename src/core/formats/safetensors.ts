import type { ByteSource } from '../byteSource';
import type { Model } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { PlacedWeights } from './assembleModel';
import type { Format } from './format';
import { fileOf } from './modelFiles';
import { assignByModulePath } from './moduleNames';
import { inModuleOrder } from './moduleOrder';
import { isSafetensors, readSafetensorsHeader, safetensorsProducer } from './safetensorsHeader';
import { readShards } from './safetensorsShards';
import { weightsOf } from './safetensorsTensors';
import { indexedShards } from './shardedIndex';

const ID = 'safetensors';
const TITLE = 'safetensors model';

/** One file, or the index of several as one model. */
export const safetensors: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.safetensors', '.json'],
  matches: (head) => isSafetensors(head) || indexedShards(head) === 'safetensors',
  async open(source, signal) {
    if (await isIndex(source, signal)) {
      const sharded = await readShards(source, signal);
      return modelOf(source, sharded, safetensorsProducer(sharded.metadata));
    }
    const header = await readSafetensorsHeader(source, signal);
    const placed = { files: [fileOf(source)], ...weightsOf(source, header, 0) };
    return modelOf(source, placed, safetensorsProducer(header.metadata));
  },
};

/** An index is text; the first bytes of the other are a number. */
async function isIndex(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  const start = await source.read(0, Math.min(16, source.size), signal);
  return /^\s*(?:\xef\xbb\xbf)?\s*\{/.test(new TextDecoder('latin1').decode(start)) && !(start[6] === 0 && start[7] === 0);
}

function modelOf(source: ByteSource, placed: PlacedWeights, producer: string | undefined): Model {
  const unique = uniqueNames(inModuleOrder(placed.weights), source.name);
  const { layers, assignments } = assignByModulePath(unique.weights);
  return assembleModel({
    source,
    format: ID,
    formatTitle: TITLE,
    producer,
    placed: { files: placed.files, weights: unique.weights, problems: boundedProblems([...placed.problems, ...unique.problems]) },
    layers,
    assignments,
  });
}
