import { FormatError } from '../errors';
import type { Problem } from '../model';
import type { Format } from './format';
import { isObject, own, ownAny } from './jsonValues';
import type { JsonObject } from './jsonValues';
import { readJson } from './jsonText';
import { layerDraftOf, readTopology } from './kerasTopology';
import { assignWeights } from './kerasWeights';
import { flavourOf } from './tfjsFlavour';
import { assembleModel, LayerList, producerOf } from './assembleModel';
import { manifestOf, refuseInline } from './tfjsModelJson';
import { placeWeights } from './tfjsTensors';

const ID = 'tfjs-layers';
const TITLE = 'TensorFlow.js layers model';

/** A model.json with a Keras topology: layers as the topology orders them, weights by their names. */
export const tfjsLayers: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.json'],
  matches: (head) => {
    const flavour = flavourOf(head);
    return flavour === 'layers' || flavour === 'undecided';
  },
  async open(source, signal) {
    const json = await readJson(source, signal);
    if (!isObject(json)) throw new FormatError(`${source.name} is no layers model: its JSON is no object. Open the model.json that the converter wrote.`);
    const topology = topologyOf(json);
    if (isObject(topology) && Array.isArray(own(topology, 'node'))) {
      throw new FormatError(`${source.name} is no layers model: its topology is a graph. Open it as a TensorFlow.js graph model.`);
    }
    if (topology === undefined && own(json, 'weightsManifest') === undefined) {
      throw new FormatError(`${source.name} is no TensorFlow.js model: it has neither a modelTopology nor a weightsManifest. Open the model.json that the converter wrote.`);
    }
    refuseInline(json, source.name);
    const read = topology === undefined ? { layers: [] } : readTopology(topology, source.name);
    const { manifest, problems } = manifestOf(json, source.name);
    const placed = await placeWeights(source, manifest, signal);
    const layers = new LayerList(read.layers.map(layerDraftOf));
    const assignments = assignWeights(placed.weights, read.layers, layers);
    const flaws: Problem[] = read.flaw === undefined ? [] : [{ message: `${source.name}: ${read.flaw}`, remedy: 'Layers are shown by the names of their weights. Save the model anew from the program that made it.' }];
    const generated = own(json, 'generatedBy') ?? (read.kerasVersion === undefined ? undefined : `keras v${read.kerasVersion}`);
    return assembleModel({
      source,
      format: ID,
      formatTitle: TITLE,
      producer: producerOf(generated, own(json, 'convertedBy')),
      placed,
      layers: layers.drafts,
      assignments,
      problems: [...problems, ...flaws],
    });
  },
};

/** `modelTopology`, or the Keras configuration itself at the top. undefined where the file has none. */
function topologyOf(json: JsonObject): unknown {
  const topology = ownAny(json, 'modelTopology');
  if (topology !== undefined) return topology;
  return own(json, 'class_name') !== undefined || own(json, 'model_config') !== undefined ? json : undefined;
}
