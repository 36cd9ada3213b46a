import * as tf from '@tensorflow/tfjs';
import type { Random } from '../../test/support/random';
import { boards, clusters, LENGTH, sentences, sparseFeatures, waves, WORDS } from './tasks';
import type { Task } from './tasks';

/** A small network to train. The same seed gives the same task, start and examples. */
export interface Network {
  readonly name: string;
  task(random: Random): Task;
  /** @param seed of initializers and dropout. */
  layers(task: Task, seed: () => number): tf.layers.Layer[];
  /** How the layers are connected, where it is no chain. */
  connect?(layers: readonly tf.layers.Layer[], input: tf.SymbolicTensor): tf.SymbolicTensor;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
}

type Conv = Partial<Parameters<typeof tf.layers.conv2d>[0]> & { filters: number };
type Dense = Partial<Parameters<typeof tf.layers.dense>[0]> & { units: number };
type Seed = () => number;
type Regularizer = ReturnType<typeof tf.regularizers.l2>;

const SLOPE = 0.3;

/** The network of the question: convolutions with batch normalization before a leaky ReLU, a dense layer at the end. */
function questionLayers(task: Task, seed: Seed, options: { readonly regularizer?: () => Regularizer; readonly dropout?: number } = {}): tf.layers.Layer[] {
  const regularized = (): { kernelRegularizer?: Regularizer } => (options.regularizer ? { kernelRegularizer: options.regularizer() } : {});
  const dropout = (): tf.layers.Layer[] => (options.dropout === undefined ? [] : [tf.layers.dropout({ rate: options.dropout, seed: seed() })]);
  return [
    ...block({ filters: 16, inputShape: [...task.inputShape], ...regularized() }, seed),
    ...block({ filters: 16, ...regularized() }, seed),
    ...block({ filters: 24, strides: 2, ...regularized() }, seed),
    tf.layers.flatten(),
    ...dropout(),
    dense({ units: task.classes, activation: 'softmax', ...regularized() }, seed),
  ];
}

function block(config: Conv, seed: Seed): tf.layers.Layer[] {
  return [conv(config, seed), tf.layers.batchNormalization({ momentum: 0.95 }), tf.layers.leakyReLU({ alpha: SLOPE })];
}

function conv(config: Conv, seed: Seed): tf.layers.Layer {
  return tf.layers.conv2d({ kernelSize: 3, padding: 'same', kernelInitializer: tf.initializers.glorotUniform({ seed: seed() }), ...config });
}

function dense(config: Dense, seed: Seed): tf.layers.Layer {
  return tf.layers.dense({ kernelInitializer: tf.initializers.glorotUniform({ seed: seed() }), ...config });
}

function embedding(seed: Seed): tf.layers.Layer {
  return tf.layers.embedding({ inputDim: WORDS, outputDim: 24, inputLength: LENGTH, embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.05, maxval: 0.05, seed: seed() }) });
}

interface Recurrent {
  readonly units: number;
  readonly kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform>;
  readonly recurrentInitializer: ReturnType<typeof tf.initializers.orthogonal>;
}

function recurrent(units: number, seed: Seed): Recurrent {
  return { units, kernelInitializer: tf.initializers.glorotUniform({ seed: seed() }), recurrentInitializer: tf.initializers.orthogonal({ seed: seed(), gain: 1 }) };
}

/** Convolution, normalization, activation, convolution, normalization: what is added to the input of the block. */
function residualBranch(seed: Seed): tf.layers.Layer[] {
  return [
    ...block({ filters: 24, useBias: false }, seed), conv({ filters: 24, useBias: false }, seed), tf.layers.batchNormalization({ momentum: 0.95, gammaInitializer: 'zeros' }),
    tf.layers.add(), tf.layers.reLU(),
  ];
}

const STEM_LAYERS = 3;
const BRANCH_LAYERS = 7;

function connectResidual(layers: readonly tf.layers.Layer[], input: tf.SymbolicTensor): tf.SymbolicTensor {
  const chain = (from: number, to: number, start: tf.SymbolicTensor): tf.SymbolicTensor => layers.slice(from, to).reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, start);
  let x = chain(0, STEM_LAYERS, input);
  for (let first = STEM_LAYERS; first + BRANCH_LAYERS < layers.length; first += BRANCH_LAYERS) {
    const branch = chain(first, first + BRANCH_LAYERS - 2, x);
    const sum = layers[first + BRANCH_LAYERS - 2]!.apply([x, branch]) as tf.SymbolicTensor;
    x = layers[first + BRANCH_LAYERS - 1]!.apply(sum) as tf.SymbolicTensor;
  }
  return chain(STEM_LAYERS + 2 * BRANCH_LAYERS, layers.length, x);
}

const BOARDS = { task: (random: Random) => boards(random), steps: 240, batch: 16, learningRate: 1e-2 };
const FEATURES = { task: (random: Random) => sparseFeatures(random), steps: 500, batch: 48, learningRate: 3e-3 };
const CLUSTERS = { task: (random: Random) => clusters(random), steps: 500, batch: 48, learningRate: 3e-3 };
const SENTENCES = { task: (random: Random) => sentences(random), steps: 300, batch: 24, learningRate: 2e-2 };

/** Each is trained with two seeds: one half of the evaluation tunes on the first, the other reports on the second. */
export const NETWORKS: readonly Network[] = [
  { name: 'question', ...BOARDS, layers: (task, seed) => questionLayers(task, seed) },
  { name: 'question-l2', ...BOARDS, layers: (task, seed) => questionLayers(task, seed, { regularizer: () => tf.regularizers.l2({ l2: 1e-3 }) }) },
  { name: 'question-l1', ...BOARDS, layers: (task, seed) => questionLayers(task, seed, { regularizer: () => tf.regularizers.l1({ l1: 1e-4 }) }) },
  { name: 'question-dropout', ...BOARDS, layers: (task, seed) => questionLayers(task, seed, { dropout: 0.4 }) },
  {
    name: 'convolutions-l1l2-relu', ...BOARDS, learningRate: 5e-3,
    layers: (task, seed) => {
      const shared = (): { activation: 'relu'; kernelInitializer: ReturnType<typeof tf.initializers.heNormal>; kernelRegularizer: Regularizer } =>
        ({ activation: 'relu', kernelInitializer: tf.initializers.heNormal({ seed: seed() }), kernelRegularizer: tf.regularizers.l1l2({ l1: 3e-5, l2: 3e-4 }) });
      return [
        conv({ filters: 16, inputShape: [...task.inputShape], ...shared() }, seed), conv({ filters: 24, strides: 2, ...shared() }, seed), conv({ filters: 24, ...shared() }, seed),
        tf.layers.flatten(), tf.layers.dropout({ rate: 0.25, seed: seed() }), dense({ units: task.classes, activation: 'softmax' }, seed),
      ];
    },
  },
  {
    name: 'depthwise', ...BOARDS, steps: 200, learningRate: 1e-2,
    layers: (task, seed) => [
      ...block({ filters: 24, inputShape: [...task.inputShape], useBias: false, kernelInitializer: tf.initializers.heUniform({ seed: seed() }) }, seed),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, depthwiseInitializer: tf.initializers.glorotUniform({ seed: seed() }) }), tf.layers.batchNormalization({ momentum: 0.95 }), tf.layers.reLU(),
      ...block({ filters: 32, kernelSize: 1, useBias: false }, seed),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, depthwiseInitializer: tf.initializers.glorotUniform({ seed: seed() }) }), tf.layers.batchNormalization({ momentum: 0.95 }), tf.layers.reLU(),
      ...block({ filters: 32, kernelSize: 1, useBias: false }, seed),
      tf.layers.globalAveragePooling2d({}), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
  {
    name: 'residual', ...BOARDS, learningRate: 5e-3,
    layers: (task, seed) => [
      ...block({ filters: 24, strides: 2, inputShape: [...task.inputShape] }, seed), ...residualBranch(seed), ...residualBranch(seed),
      tf.layers.flatten(), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
    connect: connectResidual,
  },
  {
    name: 'dense-relu', ...FEATURES,
    layers: (task, seed) => [
      dense({ units: 96, activation: 'relu', inputShape: [...task.inputShape], kernelInitializer: tf.initializers.heUniform({ seed: seed() }) }, seed),
      dense({ units: 64, activation: 'relu', kernelInitializer: tf.initializers.heUniform({ seed: seed() }) }, seed), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
  {
    name: 'dense-l2-dropout', ...FEATURES,
    layers: (task, seed) => [
      dense({ units: 96, activation: 'relu', inputShape: [...task.inputShape], kernelRegularizer: tf.regularizers.l2({ l2: 5e-4 }) }, seed), tf.layers.dropout({ rate: 0.3, seed: seed() }),
      dense({ units: 64, activation: 'elu', kernelRegularizer: tf.regularizers.l2({ l2: 5e-4 }) }, seed), tf.layers.dropout({ rate: 0.3, seed: seed() }),
      dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
  {
    name: 'dense-tanh', ...CLUSTERS,
    layers: (task, seed) => [
      dense({ units: 96, activation: 'tanh', inputShape: [...task.inputShape], kernelInitializer: tf.initializers.leCunNormal({ seed: seed() }) }, seed),
      dense({ units: 64, activation: 'tanh', kernelInitializer: tf.initializers.leCunUniform({ seed: seed() }) }, seed), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
  {
    name: 'dense-normalized-l1', ...CLUSTERS,
    layers: (task, seed) => [
      dense({ units: 96, useBias: false, inputShape: [...task.inputShape], kernelInitializer: tf.initializers.randomNormal({ stddev: 0.05, seed: seed() }), kernelRegularizer: tf.regularizers.l1({ l1: 1e-4 }) }, seed),
      tf.layers.batchNormalization({ momentum: 0.95 }), tf.layers.reLU(),
      dense({ units: 64, activation: 'relu', kernelInitializer: tf.initializers.truncatedNormal({ stddev: 0.05, seed: seed() }), kernelRegularizer: tf.regularizers.l1({ l1: 1e-4 }) }, seed),
      tf.layers.layerNormalization(), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
  {
    name: 'lstm', ...SENTENCES,
    layers: (task, seed) => [embedding(seed), tf.layers.lstm(recurrent(32, seed)), dense({ units: task.classes, activation: 'softmax' }, seed)],
  },
  {
    name: 'gru-dropout', ...SENTENCES,
    layers: (task, seed) => [
      embedding(seed), tf.layers.gru({ ...recurrent(32, seed), kernelRegularizer: tf.regularizers.l2({ l2: 1e-4 }) }), tf.layers.dropout({ rate: 0.2, seed: seed() }),
      dense({ units: 32, activation: 'relu' }, seed), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
  {
    name: 'waves-convolution-1d', task: (random) => waves(random), steps: 200, batch: 24, learningRate: 5e-3,
    layers: (task, seed) => [
      tf.layers.conv1d({ filters: 32, kernelSize: 5, padding: 'same', activation: 'relu', inputShape: [...task.inputShape] as [number, number], kernelInitializer: tf.initializers.glorotNormal({ seed: seed() }) }),
      tf.layers.conv1d({ filters: 32, kernelSize: 5, padding: 'same', kernelInitializer: tf.initializers.varianceScaling({ scale: 1, mode: 'fanIn', distribution: 'uniform', seed: seed() }) }), tf.layers.batchNormalization({ momentum: 0.95 }), tf.layers.reLU(),
      tf.layers.globalAveragePooling1d({}), dense({ units: task.classes, activation: 'softmax' }, seed),
    ],
  },
];
