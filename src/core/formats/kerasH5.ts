import type { ByteSource } from '../byteSource';
import { HumanError } from '../errors';
import type { Model, Problem } from '../model';
import type { Format } from './format';
import { assignArrays } from './hdf5Arrays';
import { Hdf5File, isHdf5 } from './hdf5/hdf5File';
import { readContents } from './hdf5/walk';
import type { Hdf5Contents } from './hdf5/walk';
import { assignLegacy, legacyRoot } from './kerasLegacy';
import { assignStore, isStore } from './kerasStore';
import { modelOf, producerOf } from './kerasModel';
import { readTopology } from './kerasTopology';
import type { KerasTopology } from './kerasTopology';
import { parseJson } from './tolerantJson';

const KERAS = { id: 'keras-h5', title: 'Keras HDF5 model' } as const;
const ARRAYS = { id: 'hdf5', title: 'HDF5 arrays' } as const;

/** Names that every file of Keras has near its begin: attributes and groups of its root. */
const KERAS_NAMES = /layer_names|model_weights|keras_version|_layer_checkpoint_dependencies|(?:^|[^a-z_])(?:layers|vars)(?![a-z_])/i;

function looksLikeKeras(head: Uint8Array): boolean {
  return KERAS_NAMES.test(new TextDecoder('latin1').decode(head));
}

/** Legacy models and weights of Keras, and the .weights.h5 of Keras 3. What the file really is `open` finds out. */
export const kerasH5: Format = {
  ...KERAS,
  extensions: ['.h5', '.hdf5'],
  matches: (head) => isHdf5(head) && looksLikeKeras(head),
  open: openHdf5,
};

/** HDF5 of other programs: groups are layers. */
export const hdf5: Format = {
  ...ARRAYS,
  extensions: ['.h5', '.hdf5'],
  matches: (head) => isHdf5(head) && !looksLikeKeras(head),
  open: openHdf5,
};

async function openHdf5(source: ByteSource, signal?: AbortSignal): Promise<Model> {
  const contents = await readContents(await Hdf5File.open(source, signal), 0);
  const root = legacyRoot(contents);
  if (root !== undefined) return legacyModel(source, contents, root);
  if (isStore(contents)) return modelOf(source, contents, assignStore(contents, []), { kind: KERAS, producer: undefined, problems: [] });
  return modelOf(source, contents, assignArrays(contents), { kind: ARRAYS, producer: undefined, problems: [] });
}

async function legacyModel(source: ByteSource, contents: Hdf5Contents, root: string): Promise<Model> {
  const config = await textOf(contents, '', 'model_config');
  const version = (await textOf(contents, '', 'keras_version')) ?? (await textOf(contents, root, 'keras_version'));
  const backend = (await textOf(contents, '', 'backend')) ?? (await textOf(contents, root, 'backend'));
  const { topology, problems } = config === undefined ? { topology: { layers: [] }, problems: [] } : topologyOf(config, source.name);
  const assigned = await assignLegacy(contents, root, topology.layers);
  return modelOf(source, contents, assigned, {
    kind: KERAS,
    producer: producerOf(version, backend),
    problems: [...problems, ...assigned.problems],
  });
}

/** A configuration that cannot be read costs the topology, not the weights. */
function topologyOf(config: string, file: string): { topology: KerasTopology; problems: readonly Problem[] } {
  const remedy = 'Layers are shown by the names of their weights. Save the model anew from the program that made it.';
  try {
    const topology = readTopology({ model_config: parseJson(config, `The model_config in ${file}`) }, file);
    return { topology, problems: topology.flaw === undefined ? [] : [{ message: `${file}: ${topology.flaw}`, remedy }] };
  } catch (error) {
    if (!(error instanceof HumanError) || error.code !== 'format') throw error;
    return { topology: { layers: [] }, problems: [{ message: error.message, remedy }] };
  }
}

async function textOf(contents: Hdf5Contents, path: string, name: string): Promise<string | undefined> {
  return contents.attributes.get(path)?.text(name);
}
