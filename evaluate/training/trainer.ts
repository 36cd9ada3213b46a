import * as tf from '@tensorflow/tfjs';
import { Random } from '../../test/support/random';
import type { SavedModel } from '../savedModel';
import type { Network } from './networks';
import type { Task } from './tasks';

/** How far training had come: before the first step, after a third of all, and at the end. */
export type Stage = 'start' | 'middle' | 'end';

const MIDDLE_SHARE = 1 / 3;

/** Examples that training never saw. */
const TEST_EXAMPLES = 256;

export interface Checkpoint {
  readonly stage: Stage;
  readonly model: SavedModel;
  /** Share of unseen examples that it classifies rightly. */
  readonly accuracy: number;
}

/** What goes wrong in a run that is to go wrong. */
export interface Mishap {
  /** Stochastic gradient descent at this rate for the first part of the run, in place of Adam. */
  readonly hotStart?: { readonly learningRate: number; readonly share: number };
  /** A layer, by its place, that the optimizer was not given, although the file calls it trainable. */
  readonly frozenLayer?: number;
}

export function buildNetwork(network: Network, seed: number): { readonly model: tf.LayersModel; readonly task: Task; readonly random: Random } {
  const random = new Random(seed * 7919 + hash(network.name));
  const task = network.task(random);
  const layers = network.layers(task, () => random.integer(2 ** 30));
  nameLayers(layers);
  const name = network.name.replaceAll('-', '_');
  if (!network.connect) return { model: tf.sequential({ name, layers }), task, random };
  const input = tf.input({ shape: [...task.inputShape], name: 'input' });
  return { model: tf.model({ name, inputs: input, outputs: network.connect(layers, input) }), task, random };
}

/** Trains the network and saves it on the way. */
export async function train(network: Network, seed: number, mishap: Mishap = {}): Promise<Checkpoint[]> {
  const { model, task, random } = buildNetwork(network, seed);
  const frozen = mishap.frozenLayer === undefined ? undefined : model.layers[mishap.frozenLayer];
  if (frozen) frozen.trainable = false;
  const hotSteps = Math.round(network.steps * (mishap.hotStart?.share ?? 0));
  if (mishap.hotStart) compile(model, tf.train.sgd(mishap.hotStart.learningRate));
  const checkpoints: Checkpoint[] = [];
  const save = async (stage: Stage): Promise<void> => {
    if (frozen) frozen.trainable = true;
    checkpoints.push({ stage, model: await savedOf(model), accuracy: accuracyOf(model, task, new Random(seed + 1)) });
    if (frozen) frozen.trainable = false;
  };
  await save('start');
  const middle = Math.round(network.steps * MIDDLE_SHARE);
  for (let step = 0; step < network.steps; step++) {
    if (step === hotSteps) compile(model, tf.train.adam(network.learningRate));
    // Converged means that the last steps are small ones.
    if (step === Math.round(network.steps * 0.8) && hotSteps <= step) compile(model, tf.train.adam(network.learningRate / 10));
    const { xs, ys } = batchOf(task, random, network.batch);
    await model.trainOnBatch(xs, ys);
    tf.dispose([xs, ys]);
    if (step === middle) await save('middle');
  }
  await save('end');
  model.dispose();
  return checkpoints;
}

function compile(model: tf.LayersModel, optimizer: tf.Optimizer): void {
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
}

/** conv2d_1, conv2d_2, ...: TensorFlow.js' own counters go on from model to model. */
function nameLayers(layers: readonly tf.layers.Layer[]): void {
  const counts = new Map<string, number>();
  for (const layer of layers) {
    const kind = layer.getClassName().replace(/(?<=[a-z\d])(?=[A-Z])/g, '_').toLowerCase();
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    layer.name = `${kind}_${count}`;
  }
}

function batchOf(task: Task, random: Random, size: number): { xs: tf.Tensor; ys: tf.Tensor; labels: number[] } {
  const length = task.inputShape.reduce((product, dimension) => product * dimension, 1);
  const inputs = new Float32Array(size * length);
  const labels = Array.from({ length: size }, (_, i) => task.example(random, inputs.subarray(i * length, (i + 1) * length)));
  const targets = new Float32Array(size * task.classes);
  labels.forEach((label, i) => (targets[i * task.classes + label] = 1));
  return { xs: tf.tensor(inputs, [size, ...task.inputShape]), ys: tf.tensor(targets, [size, task.classes]), labels };
}

function accuracyOf(model: tf.LayersModel, task: Task, random: Random): number {
  return tf.tidy(() => {
    const { xs, labels } = batchOf(task, random, TEST_EXAMPLES);
    const guesses = (model.predict(xs) as tf.Tensor).argMax(-1).dataSync();
    return labels.filter((label, i) => label === guesses[i]).length / labels.length;
  });
}

async function savedOf(model: tf.LayersModel): Promise<SavedModel> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((given) => {
    artifacts = given;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  }));
  if (!artifacts?.weightData || !artifacts.weightSpecs) throw new Error(`TensorFlow.js saved nothing of ${model.name}`);
  const data = new Uint8Array(tf.io.concatenateArrayBuffers([artifacts.weightData].flat()));
  let at = 0;
  const weights = artifacts.weightSpecs.map(({ name, shape }) => {
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    at += bytes;
    return { name, shape, bytes: data.slice(at - bytes, at) };
  });
  return { json: { format: 'layers-model', generatedBy: artifacts.generatedBy, convertedBy: null, modelTopology: artifacts.modelTopology }, weights };
}

/** FNV-1a: networks of one seed begin differently. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return state % 1_000_003;
}
