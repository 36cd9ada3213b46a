import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../src/core/seededRandom';

/** Weights of one tensor, in row-major order. */
interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface LayerEntry {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
}

/** Draws from a standard normal distribution; the same sequence for the same seed. Box and Muller's method over mulberry32. */
export function normalSource(seed: number): () => number {
  const uniform = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** A digit classifier in the usual manner (convolution, batch normalization, leaky ReLU) with one fault in each of five layers. */
export function writePlantedModel(folder: string): void {
  const normal = normalSource(7);
  const edges = kernel(normal, 'edge_filters', [3, 3, 1, 16]);
  const texture = kernel(normal, 'texture_filters', [3, 3, 16, 32]);
  const features = kernel(normal, 'features', [1568, 64]);
  const unused = kernel(normal, 'unused', [64, 64]);
  const digits = kernel(normal, 'digits', [64, 10]);

  for (const filter of [2, 3, 7, 11, 14]) setOutput(edges, filter, 0);
  texture.values[1000] = 400 * Math.max(...texture.values.map(Math.abs));
  features.values.forEach((_, index) => {
    if (index % 100 >= 3) features.values[index] = 0;
  });
  unused.values.fill(0);
  for (const index of [17, 200, 431]) digits.values[index] = NaN;
  digits.values[77] = Infinity;

  writeLayersModel(folder, 'model.json', 'group1-shard1of1.bin', 'planted', [
    conv('edge_filters', 16, [null, 28, 28, 1]), batchNormalization('edge_normalization'), leakyRelu('edge_activation'), pool('edge_pool'),
    conv('texture_filters', 32), batchNormalization('texture_normalization'), leakyRelu('texture_activation'), pool('texture_pool'),
    { class_name: 'Flatten', config: { name: 'flatten', trainable: true } },
    dense('features', 64, 'relu'), dense('unused', 64, 'relu'), dense('digits', 10, 'softmax'),
  ], [
    edges, bias(normal, 'edge_filters', 16), ...normalization(normal, 'edge_normalization', 16),
    texture, bias(normal, 'texture_filters', 32), ...normalization(normal, 'texture_normalization', 32),
    features, bias(normal, 'features', 64), unused, bias(normal, 'unused', 64), digits, bias(normal, 'digits', 10),
  ]);
}

/** A healthy network whose files have names of their own, as many published models have. */
export function writeSmallDetector(folder: string): void {
  const normal = normalSource(11);
  writeLayersModel(folder, 'detector.json', 'detector.bin', 'small_detector', [
    conv('stem', 12, [null, 32, 32, 3]), leakyRelu('stem_activation'), conv('body', 24), leakyRelu('body_activation'),
    { class_name: 'GlobalAveragePooling2D', config: { name: 'average', trainable: true, data_format: 'channels_last' } }, dense('boxes', 4, 'linear'),
  ], [
    kernel(normal, 'stem', [3, 3, 3, 12]), bias(normal, 'stem', 12), kernel(normal, 'body', [3, 3, 12, 24]), bias(normal, 'body', 24),
    kernel(normal, 'boxes', [24, 4]), bias(normal, 'boxes', 4),
  ]);
}

/** He's initialization: σ = √(2 ÷ fan-in), where fan-in is the product of all axes but the last. */
function kernel(normal: () => number, layer: string, shape: readonly number[]): Weight {
  const fanIn = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return weight(`${layer}/kernel`, shape, () => normal() * Math.sqrt(2 / fanIn));
}

function bias(normal: () => number, layer: string, size: number): Weight {
  return weight(`${layer}/bias`, [size], () => normal() * 0.05);
}

function normalization(normal: () => number, layer: string, size: number): Weight[] {
  return [
    weight(`${layer}/gamma`, [size], () => 1 + normal() * 0.1),
    weight(`${layer}/beta`, [size], () => normal() * 0.1),
    weight(`${layer}/moving_mean`, [size], () => normal() * 0.3),
    weight(`${layer}/moving_variance`, [size], () => 0.5 + Math.abs(normal())),
  ];
}

function weight(name: string, shape: readonly number[], draw: () => number): Weight {
  const count = shape.reduce((product, size) => product * size, 1);
  return { name, shape, values: Float32Array.from({ length: count }, draw) };
}

/** Sets all weights that lead to one output channel, the last axis. */
function setOutput({ shape, values }: Weight, channel: number, value: number): void {
  const channels = shape.at(-1) ?? 1;
  for (let index = channel; index < values.length; index += channels) values[index] = value;
}

const HE_NORMAL = { class_name: 'HeNormal', config: { seed: null } };
const ZEROS = { class_name: 'Zeros', config: {} };

function conv(name: string, filters: number, inputShape?: readonly (number | null)[]): LayerEntry {
  return {
    class_name: 'Conv2D',
    config: {
      name, trainable: true, dtype: 'float32', ...(inputShape ? { batch_input_shape: inputShape } : {}), filters, kernel_size: [3, 3], strides: [1, 1],
      padding: 'same', data_format: 'channels_last', dilation_rate: [1, 1], activation: 'linear', use_bias: true,
      kernel_initializer: HE_NORMAL, bias_initializer: ZEROS, kernel_regularizer: null, bias_regularizer: null,
    },
  };
}

function dense(name: string, units: number, activation: string): LayerEntry {
  return {
    class_name: 'Dense',
    config: {
      name, trainable: true, dtype: 'float32', units, activation, use_bias: true, kernel_initializer: HE_NORMAL, bias_initializer: ZEROS,
      kernel_regularizer: null, bias_regularizer: null,
    },
  };
}

function batchNormalization(name: string): LayerEntry {
  return { class_name: 'BatchNormalization', config: { name, trainable: true, dtype: 'float32', axis: -1, momentum: 0.99, epsilon: 0.001, center: true, scale: true } };
}

function leakyRelu(name: string): LayerEntry {
  return { class_name: 'LeakyReLU', config: { name, trainable: true, dtype: 'float32', alpha: 0.3 } };
}

function pool(name: string): LayerEntry {
  return { class_name: 'MaxPooling2D', config: { name, trainable: true, dtype: 'float32', pool_size: [2, 2], padding: 'valid', strides: [2, 2], data_format: 'channels_last' } };
}

function writeLayersModel(folder: string, file: string, shard: string, name: string, layers: readonly LayerEntry[], weights: readonly Weight[]): void {
  mkdirSync(folder, { recursive: true });
  const model = {
    format: 'layers-model',
    generatedBy: 'weightgram examples',
    convertedBy: null,
    modelTopology: { class_name: 'Sequential', config: { name, layers }, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' },
    weightsManifest: [{ paths: [shard], weights: weights.map((each) => ({ name: each.name, shape: each.shape, dtype: 'float32' })) }],
  };
  writeFileSync(path.join(folder, file), JSON.stringify(model, null, 2));
  writeFileSync(path.join(folder, shard), Buffer.concat(weights.map(({ values }) => Buffer.from(values.buffer))));
}
