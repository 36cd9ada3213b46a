import type { Problem } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { WeightDraft } from './assembleModel';
import type { Format } from './format';
import { GGUF_MAGIC, readHeader } from './ggufHeader';
import type { Metadata } from './ggufMetadata';
import { assignByGgufNames } from './ggufNames';
import { readParts } from './ggufSplit';
import { placeTensors } from './ggufTensors';
import type { GgufPart } from './ggufTensors';
import { fileTypeName } from './ggufTypes';

const ID = 'gguf';
const TITLE = 'GGUF model';

/** The format of llama.cpp and ggml. Specification: docs/gguf.md of ggml. */
export const gguf: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.gguf'],

  matches: (head) => GGUF_MAGIC.every((byte, i) => head[i] === byte),

  async open(source, signal) {
    const { files, parts, problems } = await readParts(source, await readHeader(source, signal), signal);
    const placed = placeAll(parts);
    const { weights, problems: renamed } = uniqueNames(placed.weights, source.name);
    const { layers, assignments } = assignByGgufNames(weights);
    return assembleModel({
      source,
      format: ID,
      formatTitle: TITLE,
      // Only the first part of a split model says what it is.
      producer: producerOf(parts[0]!.header.metadata),
      placed: { files, weights, problems: boundedProblems([...problems, ...placed.problems, ...renamed]) },
      layers,
      assignments,
    });
  },
};

function placeAll(parts: readonly GgufPart[]): { weights: WeightDraft[]; problems: Problem[] } {
  const weights: WeightDraft[] = [];
  const problems: Problem[] = [];
  for (const part of parts) {
    const first = weights.length;
    const own = placeTensors(part);
    for (const weight of own.weights) weights.push(weight);
    for (const problem of own.problems) problems.push(problem.tensor === undefined ? problem : { ...problem, tensor: first + problem.tensor });
  }
  return { weights, problems };
}

/** A text of a header that is longer is not a name. */
const MOST_NAME_CHARACTERS = 200;

/** "Meta Llama 3 8B (llama, Q4_K_M), quantized by somebody": what the file says of itself. No program signs its files. */
function producerOf(metadata: Metadata): string | undefined {
  const text = (key: string): string | undefined => {
    const value = metadata.get(key);
    return typeof value === 'string' && value !== '' && value.length <= MOST_NAME_CHARACTERS ? value : undefined;
  };
  const kind = [text('general.architecture'), fileTypeName(metadata.get('general.file_type'))].filter(Boolean).join(', ');
  const name = text('general.name');
  const quantizer = text('general.quantized_by');
  const subject = name && kind ? `${name} (${kind})` : (name ?? kind);
  return [subject, quantizer && `quantized by ${quantizer}`].filter(Boolean).join(', ') || undefined;
}
