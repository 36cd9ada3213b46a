import { UnsupportedError } from '../errors';
import { assembleModel, boundedProblems } from './assembleModel';
import type { Format } from './format';
import { readGraphDef } from './graphDef';
import { ModelFiles } from './modelFiles';
import { ProtobufFile } from './protobufWire';
import { startsLikeGraphDef } from './tensorflowHeads';

const ID = 'tensorflow-graphdef';
const TITLE = 'TensorFlow frozen graph';

/** A GraphDef whose variables have become constants: the operations that consume them are the layers. */
export const tensorflowGraphDef: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.pb'],
  matches: (head) => startsLikeGraphDef(head),
  async open(source, signal) {
    const files = new ModelFiles(source, signal, 'the graph');
    const { weights, layers, assignments, problems } = await readGraphDef(new ProtobufFile(source, signal), { start: 0, end: source.size });
    if (weights.length === 0) {
      throw new UnsupportedError(`${source.name} is a TensorFlow graph without weights: its variables lie in a checkpoint. Open the .index file that was saved with it.`);
    }
    return assembleModel({ source, format: ID, formatTitle: TITLE, placed: { files: files.files, weights, problems: boundedProblems(problems) }, layers, assignments });
  },
};
