import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seededRandom } from '../../../src/core/seededRandom';

/** Standard normal numbers by Box and Muller. */
export function normalNumbers(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

interface SyntheticTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface SyntheticLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly SyntheticTensor[];
}

export interface SyntheticOptions {
  /** Convolutions; each is followed by a normalization and an activation. */
  readonly blocks: number;
  readonly channels: number;
  readonly seed: number;
  /** NaN, infinities, dead filters, a spike, an all-zero kernel, negative variance. */
  readonly faulty?: boolean;
}

/** Writes a TensorFlow.js layers model of a plain convolutional network and returns the path of its model.json. */
export function writeSyntheticModel(folder: string, options: SyntheticOptions): string {
  const layers = syntheticLayers(options);
  mkdirSync(folder, { recursive: true });
  const tensors = layers.flatMap((layer) => layer.tensors);
  writeFileSync(path.join(folder, 'group1-shard1of1.bin'), Buffer.concat(tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))));
  const keras = layers.map(({ className, name, config }, i) => ({
    class_name: className, name, config: { name, trainable: true, dtype: 'float32', ...config },
    inbound_nodes: i === 0 ? [] : [[[layers[i - 1]!.name, 0, 0, {}]]],
  }));
  const model = {
    format: 'layers-model', generatedBy: 'keras v2.10.0', convertedBy: 'TensorFlow.js Converter v3.21.0',
    modelTopology: {
      keras_version: '2.10.0', backend: 'tensorflow',
      model_config: { class_name: 'Functional', config: { name: 'synthetic', layers: keras, input_layers: [[layers[0]!.name, 0, 0]], output_layers: [[layers.at(-1)!.name, 0, 0]] } },
    },
    weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights: tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })) }],
  };
  const file = path.join(folder, 'model.json');
  writeFileSync(file, JSON.stringify(model));
  return file;
}

function syntheticLayers({ blocks, channels, seed, faulty }: SyntheticOptions): SyntheticLayer[] {
  const random = seededRandom(seed);
  const normal = normalNumbers(random);
  const layers: SyntheticLayer[] = [{ className: 'InputLayer', name: 'input_1', config: { batch_input_shape: [null, 64, 64, 3] }, tensors: [] }];
  for (let i = 0; i < blocks; i++) {
    const input = i === 0 ? 3 : channels;
    layers.push(convolution(`conv2d_${i}`, input, channels, i / blocks, random, normal, seed), normalization(`batch_normalization_${i}`, channels, random, normal));
    layers.push({ className: 'LeakyReLU', name: `leaky_re_lu_${i}`, config: { alpha: 0.3 }, tensors: [] });
  }
  const dense = Float32Array.from({ length: channels * 10 }, () => normal() * 0.08);
  layers.push({ className: 'Dense', name: 'dense', config: { units: 10, activation: 'softmax', use_bias: false }, tensors: [{ name: 'dense/kernel', shape: [channels, 10], values: dense }] });
  if (faulty) damage(layers, channels);
  return layers;
}

/** Most weights near zero and a few large ones, as in trained networks: a normal whose width itself varies. */
function convolution(name: string, input: number, output: number, depth: number, random: () => number, normal: () => number, seed: number): SyntheticLayer {
  const sigma = (0.28 - 0.18 * depth) * (0.75 + 0.5 * random()) * Math.sqrt(16 / input);
  const widths = Float32Array.from({ length: output }, () => Math.exp(0.45 * normal()));
  const values = Float32Array.from({ length: 9 * input * output }, (_, i) => sigma * widths[i % output]! * normal() * (random() < 0.5 ? 0.35 : 1));
  return {
    className: 'Conv2D', name,
    config: {
      filters: output, kernel_size: [3, 3], strides: [1, 1], padding: 'same', activation: 'linear', use_bias: true,
      kernel_initializer: { class_name: 'GlorotUniform', config: { seed: null } },
      ...(seed % 2 === 1 && { kernel_regularizer: { class_name: 'L2', config: { l2: 0.0001 } } }),
    },
    tensors: [
      { name: `${name}/kernel`, shape: [3, 3, input, output], values },
      { name: `${name}/bias`, shape: [output], values: Float32Array.from({ length: output }, () => 0.05 * normal()) },
    ],
  };
}

function normalization(name: string, channels: number, random: () => number, normal: () => number): SyntheticLayer {
  const vector = (next: () => number): Float32Array => Float32Array.from({ length: channels }, next);
  return {
    className: 'BatchNormalization', name, config: { axis: [3], epsilon: 0.001, momentum: 0.99 },
    tensors: [
      { name: `${name}/gamma`, shape: [channels], values: vector(() => 1 + 0.2 * normal()) },
      { name: `${name}/beta`, shape: [channels], values: vector(() => 0.3 * normal()) },
      { name: `${name}/moving_mean`, shape: [channels], values: vector(() => 0.8 * normal()) },
      { name: `${name}/moving_variance`, shape: [channels], values: vector(() => 0.2 + 2 * random()) },
    ],
  };
}

function damage(layers: readonly SyntheticLayer[], channels: number): void {
  const kernel = (name: string): Float32Array => layers.find((layer) => layer.name === name)!.tensors[0]!.values;
  const unit = (values: Float32Array, filter: number, change: (value: number) => number): void => {
    for (let i = filter; i < values.length; i += channels) values[i] = change(values[i]!);
  };
  const broken = kernel('conv2d_3');
  broken[17] = NaN;
  broken[1404] = NaN;
  broken[2210] = Infinity;
  broken[3001] = -Infinity;
  for (let filter = 0; filter < channels / 3; filter++) unit(kernel('conv2d_7'), filter * 2, () => 0);
  kernel('conv2d_10')[99] = 48;
  kernel('conv2d_10')[100] = -31;
  kernel('conv2d_12').fill(0);
  const pruned = kernel('conv2d_14');
  for (let i = 0; i < pruned.length; i++) if (i % 8 !== 0) pruned[i] = 0;
  kernel('conv2d_16').fill(NaN);
}
