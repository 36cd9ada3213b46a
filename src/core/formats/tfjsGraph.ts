import { FormatError } from '../errors';
import type { Problem } from '../model';
import type { Format } from './format';
import { layersOf } from './graphLayers';
import { Graph, MAX_NODES } from './graphNodes';
import { useOf } from './graphUses';
import { isObject, own } from './jsonValues';
import { readJson } from './jsonText';
import { flavourOf } from './tfjsFlavour';
import { assembleModel, producerOf } from './assembleModel';
import { manifestOf, refuseInline } from './tfjsModelJson';
import { placeWeights } from './tfjsTensors';

const ID = 'tfjs-graph';
const TITLE = 'TensorFlow.js graph model';

/** A model.json with a GraphDef: weights are constants of the graph, and the operations that consume them are the layers. */
export const tfjsGraph: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.json'],
  matches: (head) => {
    const flavour = flavourOf(head);
    return flavour === 'graph' || flavour === 'undecided';
  },
  async open(source, signal) {
    const json = await readJson(source, signal);
    if (!isObject(json)) throw new FormatError(`${source.name} is no graph model: its JSON is no object. Open the model.json that the converter wrote.`);
    const topology = own(json, 'modelTopology');
    const hasNodes = isObject(topology) && Array.isArray(own(topology, 'node'));
    if (!hasNodes && (own(json, 'format') !== 'graph-model' || own(json, 'weightsManifest') === undefined)) {
      throw new FormatError(`${source.name} is no graph model: its modelTopology has no list of nodes. Open the model.json that the converter wrote.`);
    }
    refuseInline(json, source.name);
    const { manifest, problems } = manifestOf(json, source.name);
    const placed = await placeWeights(source, manifest, signal);
    const graph = new Graph(topology, own(json, 'modelInitializer'));
    const uses = placed.weights.map((weight) => useOf(graph, weight));
    const { layers, assignments } = layersOf(graph, placed.weights, uses);
    return assembleModel({
      source,
      format: ID,
      formatTitle: TITLE,
      producer: producerOf(typeof own(json, 'generatedBy') === 'string' ? `TensorFlow ${String(own(json, 'generatedBy'))}` : undefined, own(json, 'convertedBy')),
      placed,
      layers,
      assignments,
      problems: [...problems, ...graphProblems(source.name, hasNodes, graph.isCut)],
    });
  },
};

function graphProblems(name: string, hasNodes: boolean, isCut: boolean): Problem[] {
  if (!hasNodes) return [{ message: `${name} has no graph in its modelTopology`, remedy: 'Weights are shown by their names. Convert the model anew to see its layers.' }];
  if (isCut) return [{ message: `${name} has more than ${MAX_NODES} nodes; the rest of the graph is left out`, remedy: 'Weights of those nodes are shown by their names.' }];
  return [];
}
