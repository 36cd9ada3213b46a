import type { ByteSource } from '../byteSource';
import { throwIfCancelled } from '../errors';
import type { Model, Problem } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { Format } from './format';
import { OnnxGraph } from './onnxGraph';
import { looksLikeModel } from './onnxHead';
import { layersOf } from './onnxLayers';
import { OnnxReader } from './onnxProto';
import type { OnnxModelProto } from './onnxProto';
import { quantize } from './onnxQuantization';
import { OnnxPlacer } from './onnxStorage';
import type { OnnxWeight } from './onnxStorage';
import { useOf } from './onnxUses';
import { ProtobufFile } from './protobufWire';

const ID = 'onnx';
const TITLE = 'ONNX model';

/** A ModelProto: weights are initializers and constants of the graph, its subgraphs and its functions; the nodes that consume them are the layers. */
export const onnx: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.onnx'],
  matches: (head) => looksLikeModel(head),
  open,
};

async function open(source: ByteSource, signal?: AbortSignal): Promise<Model> {
  const file = new ProtobufFile(source, signal);
  const model = await new OnnxReader(file).model();
  const graph = new OnnxGraph(model);
  const placer = new OnnxPlacer(file, signal);
  const found: OnnxWeight[] = [];
  for (const constant of graph.constants) {
    throwIfCancelled(signal);
    found.push(await placer.weight(constant, graph.prefixOf(constant.scope)));
  }
  const unique = uniqueNames(found, `The graph of ${source.name}`);
  const { weights, scaled, problems } = await quantize(graph, placer, unique.weights, signal);
  const uses = weights.map((weight) => useOf(graph, weight, scaled));
  const { layers, assignments } = layersOf(graph, { weights, uses, scaled });
  return assembleModel({
    source,
    format: ID,
    formatTitle: TITLE,
    producer: producerOf(model),
    placed: { files: placer.files, weights, problems: placer.problems },
    layers,
    assignments,
    problems: boundedProblems([...modelProblems(source.name, model, graph), ...unique.problems, ...problems, ...unreadableProblems(weights)]),
  });
}

/** "pytorch 2.4.0, opset 17" */
function producerOf({ producerName, producerVersion, opsets }: OnnxModelProto): string | undefined {
  const opset = opsets.get('') ?? opsets.get('ai.onnx');
  const name = [producerName, producerVersion].filter((part) => part !== '' && part.length < 200).join(' ');
  const parts = [name, opset === undefined ? '' : `opset ${opset}`].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join(', ');
}

function modelProblems(name: string, { cuts }: OnnxModelProto, graph: OnnxGraph): Problem[] {
  const problems = cuts.map((cut) => ({ message: `${name} has ${cut}, which Weightgram leaves out`, remedy: 'What those hold is not shown. Split the model to see it.' }));
  if (graph.isCut) problems.push({ message: `${name} has functions that call themselves, or more calls than Weightgram follows`, remedy: 'Weights of functions are shown; what takes them there may be missing. Inline the functions with onnx.inliner.' });
  return problems;
}

function unreadableProblems(weights: readonly OnnxWeight[]): Problem[] {
  return weights.flatMap(({ unreadable }, tensor) => {
    if (unreadable === undefined) return [];
    const cut = unreadable.lastIndexOf('. ', unreadable.length - 2);
    const [message, remedy] = cut < 0 ? [unreadable, 'Export the model anew.'] : [unreadable.slice(0, cut), unreadable.slice(cut + 2)];
    return [{ message, remedy, tensor }];
  });
}
