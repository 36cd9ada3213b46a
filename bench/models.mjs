// Makes models to measure with: TensorFlow.js layers models as its converter writes them, 4 MiB shards included.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';

const SHARD_BYTES = 4 * 1024 * 1024;
const CHANNELS = 512;
const CLASSES = 1000;
/** Numbers drawn once and used again with each layer's own scale and starting point. */
const POOL_ELEMENTS = 1 << 22;

/** Convolutions with batch normalization, as many as fit, and a classifier. Figures differ by layer, as in trained networks. */
export function writeModel(folder, bytes, quantizeToFloat16 = false) {
  mkdirSync(folder, { recursive: true });
  const elementBytes = quantizeToFloat16 ? 2 : 4;
  const blockElements = 9 * CHANNELS * CHANNELS + 5 * CHANNELS;
  const classifierElements = CHANNELS * CLASSES + CLASSES;
  const blocks = Math.max(1, Math.round((bytes / elementBytes - classifierElements) / blockElements));
  const layers = [];
  const weights = [];
  for (let block = 0; block < blocks; block++) {
    layers.push(convolution(block), normalization(block));
    weights.push(
      { name: `conv_${block}/kernel`, shape: [3, 3, CHANNELS, CHANNELS], scale: Math.sqrt(2 / (9 * CHANNELS)) * (1 + (block % 7) / 7), centre: 0 },
      { name: `conv_${block}/bias`, shape: [CHANNELS], scale: 0.01, centre: 0 },
      { name: `bn_${block}/gamma`, shape: [CHANNELS], scale: 0.1, centre: 1 },
      { name: `bn_${block}/beta`, shape: [CHANNELS], scale: 0.1, centre: 0 },
      { name: `bn_${block}/moving_mean`, shape: [CHANNELS], scale: 0.3, centre: 0 },
      { name: `bn_${block}/moving_variance`, shape: [CHANNELS], scale: 0.1, centre: 1 },
    );
  }
  layers.push(layer('GlobalAveragePooling2D', 'pool', {}), layer('Dense', 'classifier', { units: CLASSES, activation: 'softmax', use_bias: true }));
  weights.push({ name: 'classifier/kernel', shape: [CHANNELS, CLASSES], scale: 0.05, centre: 0 }, { name: 'classifier/bias', shape: [CLASSES], scale: 0.02, centre: 0 });
  const shards = writeShards(folder, weights, quantizeToFloat16);
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32', ...(quantizeToFloat16 && { quantization: { dtype: 'float16', original_dtype: 'float32' } }) }));
  const file = path.join(folder, 'model.json');
  writeFileSync(file, JSON.stringify({
    format: 'layers-model',
    generatedBy: 'keras v2.10.0',
    convertedBy: 'TensorFlow.js Converter v4.22.0',
    modelTopology: { keras_version: '2.10.0', backend: 'tensorflow', model_config: { class_name: 'Sequential', config: { name: 'bench', layers } } },
    weightsManifest: [{ paths: shards, weights: manifest }],
  }));
  return { file, bytes: weights.reduce((sum, weight) => sum + elements(weight), 0) * elementBytes, tensors: weights.length };
}

function layer(className, name, config) {
  return { class_name: className, config: { name, trainable: true, dtype: 'float32', ...config } };
}

function convolution(block) {
  const input = block === 0 ? { batch_input_shape: [null, 14, 14, CHANNELS] } : {};
  return layer('Conv2D', `conv_${block}`, { ...input, filters: CHANNELS, kernel_size: [3, 3], strides: [1, 1], padding: 'same', activation: 'linear', use_bias: true });
}

function normalization(block) {
  return layer('BatchNormalization', `bn_${block}`, { axis: [3], momentum: 0.99, epsilon: 0.001, center: true, scale: true });
}

function elements({ shape }) {
  return shape.reduce((product, length) => product * length, 1);
}

function writeShards(folder, weights, asFloat16) {
  const pool = normalNumbers(POOL_ELEMENTS);
  const total = weights.reduce((sum, weight) => sum + elements(weight), 0) * (asFloat16 ? 2 : 4);
  const count = Math.ceil(total / SHARD_BYTES);
  const names = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  let shard = -1;
  let descriptor;
  let room = 0;
  const write = (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (room === 0) {
        if (descriptor !== undefined) closeSync(descriptor);
        descriptor = openSync(path.join(folder, names[++shard]), 'w');
        room = SHARD_BYTES;
      }
      const taken = Math.min(room, bytes.length - at);
      writeSync(descriptor, bytes, at, taken);
      at += taken;
      room -= taken;
    }
  };
  weights.forEach((weight, index) => write(asBytes(values(pool, weight, index), asFloat16)));
  if (descriptor !== undefined) closeSync(descriptor);
  return names;
}

function values(pool, weight, index) {
  const result = new Float32Array(elements(weight));
  const start = (index * 7919) % pool.length;
  for (let i = 0; i < result.length; i++) result[i] = weight.centre + weight.scale * pool[(start + i) % pool.length];
  return result;
}

function asBytes(numbers, asFloat16) {
  if (!asFloat16) return new Uint8Array(numbers.buffer);
  return new Uint8Array(Uint16Array.from(new Uint32Array(numbers.buffer), toFloat16Bits).buffer);
}

/** Of float32 bits, rounded towards zero: for numbers between 2^-24 and 65504, as these are. */
function toFloat16Bits(bits) {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent > 0) return sign | (exponent << 10) | (mantissa >> 13);
  return exponent < -10 ? sign : sign | ((mantissa | 0x800000) >> (14 - exponent));
}

/** Seeded; one in a thousand is four times as large, as trained weights have heavier tails than normal ones. */
function normalNumbers(count) {
  const result = new Float32Array(count);
  let state = 20240229;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(random())) * (random() < 0.001 ? 4 : 1);
    const angle = 2 * Math.PI * random();
    result[i] = radius * Math.cos(angle);
    result[i + 1] = radius * Math.sin(angle);
  }
  return result;
}
