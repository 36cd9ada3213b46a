import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import type { Model, Problem } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { Assignment, LayerDraft } from './assembleModel';
import { FlatBufferView } from './flatbufferView';
import type { Format } from './format';
import { quote } from './jsonValues';
import { ModelFiles } from './modelFiles';
import { sliceSource } from './sliceSource';
import { layersOf } from './tfliteLayers';
import { TfliteFile } from './tfliteSchema';
import { constantsOf } from './tfliteTensors';
import type { TfliteWeight } from './tfliteTensors';
import { TfliteGraph, useOf } from './tfliteUses';
import { isZip, readZipEntries, refusalOf } from './zip';

const ID = 'tflite';
const TITLE = 'TensorFlow Lite model';
/** The file identifier of FlatBuffers stands behind the first offset. */
const IDENTIFIER = 'TFL3';
const IDENTIFIER_AT = 4;
/** Models in one bundle; those of MediaPipe have up to three. */
const MAX_BUNDLED = 64;
/** Names of entries in a ZIP archive's local headers. */
const BUNDLED_NAME = /\.tflite(?![\w.])/i;

/** A .tflite file: a FlatBuffer whose operators and constants are layers and weights; or several of them stored in a .task or .zip bundle. */
export const tflite: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.tflite', '.lite', '.task'],
  matches: (head, name) => {
    if (isIdentified(head)) return true;
    return isZip(head) && (/\.task$/i.test(name) || BUNDLED_NAME.test(new TextDecoder('latin1').decode(head)));
  },
  async open(source, signal) {
    const head = await source.read(0, Math.min(IDENTIFIER_AT + IDENTIFIER.length, source.size), signal);
    const files = new ModelFiles(source, signal);
    if (isIdentified(head)) return assemble(source, files, [await readPart({ source, files, base: 0, prefix: '', signal })]);
    const bundled = await bundledModels(source, signal);
    const parts: Part[] = [];
    for (const [index, { name, offset, bytes }] of bundled.entries()) {
      const isAgain = bundled.findIndex((other) => other.name === name) < index;
      const prefix = bundled.length > 1 ? `${name.replace(/\.tflite$/i, '')}${isAgain ? ` (${index + 1})` : ''}/` : '';
      parts.push(await readPart({ source: sliceSource(source, offset, bytes), files, base: offset, prefix, signal }));
    }
    return assemble(source, files, parts);
  },
};

function isIdentified(head: Uint8Array): boolean {
  return [...IDENTIFIER].every((letter, i) => head[IDENTIFIER_AT + i] === letter.charCodeAt(0));
}

async function bundledModels(source: ByteSource, signal?: AbortSignal): Promise<{ name: string; offset: number; bytes: number }[]> {
  const entries = (await readZipEntries(source, signal)).filter(({ name }) => /\.tflite$/i.test(name));
  if (entries.length === 0) throw new UnsupportedError(`${source.name} is a ZIP archive without a .tflite file. Open an archive that holds one, or the model itself.`);
  if (entries.length > MAX_BUNDLED) throw new UnsupportedError(`${source.name} holds ${entries.length} .tflite files; up to ${MAX_BUNDLED} are read as one model. Unpack it and open one of them.`);
  return entries.map((entry) => {
    const refusal = refusalOf(entry);
    if (refusal !== undefined) throw new UnsupportedError(`${source.name}: its entry ${quote(entry.name)} ${refusal}.`);
    if (entry.method === 'deflate') throw new UnsupportedError(`${source.name}: its entry ${quote(entry.name)} is deflated, and models in bundles are read where they are stored as they are. Unpack it and open the .tflite file.`);
    return { name: entry.name, offset: entry.dataOffset, bytes: entry.bytes };
  });
}

interface PartOptions {
  readonly source: ByteSource;
  readonly files: ModelFiles;
  readonly base: number;
  /** Before the names of layers and tensors. */
  readonly prefix: string;
  readonly signal: AbortSignal | undefined;
}

interface Part {
  readonly producer: readonly string[];
  readonly layers: readonly LayerDraft[];
  readonly weights: readonly TfliteWeight[];
  readonly assignments: readonly Assignment[];
  readonly problems: readonly Problem[];
}

async function readPart({ source, files, base, prefix, signal }: PartOptions): Promise<Part> {
  const file = new TfliteFile(new FlatBufferView(source, signal));
  const model = await file.model();
  if (model.subgraphs.length === 0) throw new FormatError(`${source.name} is no TensorFlow Lite model: it has no subgraph. Fetch it again, or convert the model anew.`);
  const { weights, problems } = await constantsOf({ file, files, base }, model.subgraphs);
  const graph = new TfliteGraph(model.subgraphs);
  const { layers, assignments } = layersOf(graph, weights, weights.map((weight) => useOf(graph, weight)));
  const named = (name: string): string => prefix + name;
  return {
    producer: producerOf(model),
    layers: layers.map((layer) => ({ ...layer, name: named(layer.name), ...(layer.inputs && { inputs: layer.inputs.map(named) }) })),
    weights: weights.map((weight) => ({ ...weight, name: named(weight.name) })),
    assignments,
    problems: [...model.flaws.map((flaw) => flawOf(source.name, flaw)), ...problems],
  };
}

function producerOf({ description, runtimeVersion, signatures }: { description: string; runtimeVersion?: string; signatures: readonly string[] }): string[] {
  const named = signatures.filter((name) => name !== '' && name !== 'serving_default');
  return [
    description.replace(/\.$/, ''),
    runtimeVersion === undefined ? '' : `for TensorFlow Lite ${runtimeVersion} or newer`,
    named.length === 0 ? '' : `signatures ${named.join(', ')}`,
  ].filter((text) => text !== '').map((text) => text.slice(0, 200));
}

function flawOf(name: string, flaw: string): Problem {
  return { message: flaw.startsWith(name) ? flaw : `${name}: ${flaw}`, remedy: 'Convert the model anew.' };
}

function assemble(source: ByteSource, files: ModelFiles, parts: readonly Part[]): Model {
  const layers: LayerDraft[] = [];
  const assignments: Assignment[] = [];
  for (const part of parts) {
    for (const assignment of part.assignments) assignments.push({ ...assignment, layer: layers.length + assignment.layer });
    layers.push(...part.layers);
  }
  const problems = parts.flatMap((part) => part.problems);
  // Operators refer to tensors by number: a name that occurs twice is no fault of the file.
  const { weights } = uniqueNames(parts.flatMap((part) => part.weights), source.name);
  const producer = [...new Set(parts.flatMap((part) => part.producer))].join(', ');
  return assembleModel({
    source,
    format: ID,
    formatTitle: TITLE,
    ...(producer !== '' && { producer }),
    placed: { files: files.files, weights, problems: boundedProblems([...files.problems, ...problems]) },
    layers,
    assignments,
  });
}
