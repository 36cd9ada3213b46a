import type { ByteSource } from '../byteSource';
import { CancelledError, FileError, FormatError, HumanError, UnsupportedError } from '../errors';
import type { Model, Problem } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { Format } from './format';
import { readGraphDef } from './graphDef';
import { ModelFiles } from './modelFiles';
import { ProtobufFile, textOf, WIRE } from './protobufWire';
import type { WireField } from './protobufWire';
import { startsLikeSavedModel } from './tensorflowHeads';
import { readKerasMetadata, readObjects } from './tensorflowObjects';
import { readVariables } from './tensorflowVariables';

const ID = 'tensorflow-savedmodel';
const TITLE = 'TensorFlow SavedModel';
const VARIABLES = 'variables/variables';
const KERAS_METADATA = 'keras_metadata.pb';
/** One graph a set of tags: for serving, for training. */
const MAX_META_GRAPHS = 64;

/** The saved_model.pb of a SavedModel's folder: its variables lie in a checkpoint beside it, or as constants in its graph. */
export const tensorflowSavedModel: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.pb'],
  matches: (head) => startsLikeSavedModel(head),
  async open(source, signal) {
    const files = new ModelFiles(source, signal, 'the SavedModel');
    const file = new ProtobufFile(source, signal);
    const graph = await metaGraph(file);
    const index = await siblingOrNone(source, `${VARIABLES}.index`);
    if (!index) return openFrozen(file, graph, files);
    try {
      const problems: Problem[] = [];
      const metadata = await kerasMetadata(source, file, graph, problems, signal);
      await files.shard(`${VARIABLES}.index`);
      const read = await readVariables({ index, files, prefix: VARIABLES, metadata, signal });
      const unique = uniqueNames(read.weights, index.name);
      return assembleModel({
        source,
        format: ID,
        formatTitle: TITLE,
        producer: graph.producer,
        placed: { files: files.files, weights: unique.weights, problems: boundedProblems([...files.problems, ...read.problems, ...problems, ...unique.problems]) },
        layers: read.layers,
        assignments: read.assignments,
      });
    } finally {
      await index.close();
    }
  },
};

interface MetaGraph {
  readonly producer: string | undefined;
  readonly graph: WireField | undefined;
  readonly objects: WireField | undefined;
}

/** The first graph: those of other tags share its variables. @throws FormatError where there is none. */
async function metaGraph(file: ProtobufFile): Promise<MetaGraph> {
  const { source } = file;
  const graphs = (await file.message({ start: 0, end: source.size }, MAX_META_GRAPHS)).filter(({ number, wireType }) => number === 2 && wireType === WIRE.bytes);
  const first = graphs[0];
  if (!first) throw new FormatError(`${source.name} is no SavedModel: it has no graph. Copy its folder again, or save the model anew.`);
  let producer: string | undefined;
  let graph: WireField | undefined;
  let objects: WireField | undefined;
  for (const field of await file.message(first, 10_000)) {
    if (field.number === 1) producer = await versionOf(file, field);
    if (field.number === 2) graph = field;
    if (field.number === 7) objects = field;
  }
  return { producer, graph, objects };
}

/** MetaInfoDef.tensorflow_version. */
async function versionOf(file: ProtobufFile, info: WireField): Promise<string | undefined> {
  const version = (await file.message(info, 10_000)).find(({ number }) => number === 5);
  const text = version ? textOf(version).slice(0, 100) : '';
  return text === '' ? undefined : `TensorFlow ${text}`;
}

/** What Keras 2 wrote of its layers, beside the model or in its objects. It is only shown: without it layers go by their names. */
async function kerasMetadata(source: ByteSource, file: ProtobufFile, { objects }: MetaGraph, problems: Problem[], signal?: AbortSignal): Promise<ReadonlyMap<number, string>> {
  try {
    const beside = await siblingOrNone(source, KERAS_METADATA);
    if (beside) {
      try {
        return await readKerasMetadata(new ProtobufFile(beside, signal));
      } finally {
        await beside.close();
      }
    }
    const nodes = objects ? await readObjects(file, objects, 'savedModel') : [];
    return new Map(nodes.flatMap(({ metadata }, node) => (metadata === undefined ? [] : [[node, metadata] as const])));
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
    problems.push({ message: `${source.name}: what Keras wrote of its layers cannot be read (${error.message})`, remedy: 'Layers are shown by the names of their variables.' });
    return new Map();
  }
}

async function siblingOrNone(source: ByteSource, path: string): Promise<ByteSource | undefined> {
  try {
    return await source.sibling(path);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

/** A SavedModel without variables, as converters write it for inference. */
async function openFrozen(file: ProtobufFile, { graph, producer }: MetaGraph, files: ModelFiles): Promise<Model> {
  const { source } = file;
  const read = graph && (await readGraphDef(file, graph));
  if (!read || read.weights.length === 0) {
    throw new UnsupportedError(`${source.name} is a SavedModel whose weights are not there: neither ${VARIABLES}.index beside it nor constants in its graph. Copy the whole folder.`);
  }
  return assembleModel({
    source,
    format: ID,
    formatTitle: TITLE,
    producer,
    placed: { files: files.files, weights: read.weights, problems: boundedProblems(read.problems) },
    layers: read.layers,
    assignments: read.assignments,
  });
}
