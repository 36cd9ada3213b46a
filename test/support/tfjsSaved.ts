import * as tf from '@tensorflow/tfjs';

/** A model as model.save writes it: model.json and one shard, in memory. */
export async function savedFiles(model: tf.LayersModel, includeOptimizer = false): Promise<Map<string, Uint8Array>> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler((given) => {
    artifacts = given;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  });
  await model.save(handler, { includeOptimizer });
  if (!artifacts?.weightData || !artifacts.weightSpecs) throw new Error('nothing was saved');
  const { weightData, weightSpecs, ...rest } = artifacts;
  const json = { ...rest, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
  const data = Array.isArray(weightData) ? weightData : [weightData];
  return new Map([
    ['model.json', new TextEncoder().encode(JSON.stringify(json))],
    ['weights.bin', new Uint8Array(await new Blob(data).arrayBuffer())],
  ]);
}
