import type { Random } from '../../test/support/random';
import { valuesOf, weightOf, withValues } from '../savedModel';
import type { SavedModel } from '../savedModel';
import type { Base, Fault, Planting } from './fault';
import { changedIn, isEmbedding, isHead, isKernel, LEAST_WEIGHTS, layerOf, normal } from './tensors';

/** Standard deviation of a normal distribution that is cut at two of its own. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

interface Kind {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  draw(random: Random, fanIn: number, fanOut: number): number;
}

/** Initializers as Keras and TensorFlow.js declare them, and a number of each. */
const KINDS: readonly Kind[] = [
  { className: 'GlorotUniform', config: { seed: null }, draw: (random, fanIn, fanOut) => even(random, Math.sqrt(6 / (fanIn + fanOut))) },
  { className: 'GlorotNormal', config: { seed: null }, draw: (random, fanIn, fanOut) => truncated(random, Math.sqrt(2 / (fanIn + fanOut)) / TRUNCATED_DEVIATION) },
  { className: 'HeUniform', config: { seed: null }, draw: (random, fanIn) => even(random, Math.sqrt(6 / fanIn)) },
  { className: 'HeNormal', config: { seed: null }, draw: (random, fanIn) => truncated(random, Math.sqrt(2 / fanIn) / TRUNCATED_DEVIATION) },
  { className: 'LecunUniform', config: { seed: null }, draw: (random, fanIn) => even(random, Math.sqrt(3 / fanIn)) },
  { className: 'LecunNormal', config: { seed: null }, draw: (random, fanIn) => truncated(random, Math.sqrt(1 / fanIn) / TRUNCATED_DEVIATION) },
  { className: 'VarianceScaling', config: { scale: 2, mode: 'fanIn', distribution: 'normal', seed: null }, draw: (random, fanIn) => truncated(random, Math.sqrt(2 / fanIn)) },
  { className: 'VarianceScaling', config: { scale: 1, mode: 'fan_out', distribution: 'untruncated_normal', seed: null }, draw: (random, _, fanOut) => normal(random) * Math.sqrt(1 / fanOut) },
  { className: 'RandomUniform', config: { minval: -0.05, maxval: 0.05, seed: null }, draw: (random) => even(random, 0.05) },
  { className: 'RandomNormal', config: { mean: 0, stddev: 0.02, seed: null }, draw: (random) => normal(random) * 0.02 },
  { className: 'TruncatedNormal', config: { mean: 0, stddev: 0.05, seed: null }, draw: (random) => truncated(random, 0.05) },
];

function even(random: Random, limit: number): number {
  return (random.next() * 2 - 1) * limit;
}

function truncated(random: Random, sigma: number): number {
  for (;;) {
    const drawn = normal(random);
    if (Math.abs(drawn) < 2) return drawn * sigma;
  }
}

/** Layers that were never trained, or not at all. */
export const UNTRAINED: readonly Fault[] = [
  {
    name: 'layer reset to its declared initializer', rule: 'at-initialization', orRules: ['untrained-model'], least: 'warning', strengths: KINDS.map((_, kind) => kind), unit: 'kind of initializer',
    fits: (tensor, base) => isKernel(tensor, base) && base.saved.json !== undefined && configOf(base.saved, layerOf(base, tensor).name) !== undefined && /kernel$/.test(tensor.name) && !/recurrent_kernel$/.test(tensor.name),
    plant: (planting) => reset(planting, KINDS[planting.strength]!),
    subjects: withModel,
  },
  {
    name: 'layer as its own network began', rule: 'at-initialization', orRules: ['untrained-model', 'orthogonal-at-initialization'], least: 'warning', strengths: [1], unit: 'layer',
    fits: (tensor, base) => base.untrained !== undefined && (isKernel(tensor, base) || isEmbedding(tensor)) && tensor.elements >= LEAST_WEIGHTS,
    plant: ({ base, tensor }) => asBegun(base, [tensor.layer]),
    subjects: withModel,
  },
  {
    name: 'head never trained', rule: 'untrained-model', orRules: ['at-initialization'], least: 'warning', strengths: [1], unit: 'layer',
    fits: (tensor, base) => base.untrained !== undefined && isKernel(tensor, base) && isHead(base, tensor),
    plant: ({ base, tensor }) => asBegun(base, [tensor.layer]),
    subjects: withModel,
  },
  {
    name: 'model never trained', rule: 'untrained-model', least: 'warning', strengths: [1], unit: 'model',
    fits: (tensor, base) => base.untrained !== undefined && isKernel(tensor, base) && isHead(base, tensor),
    plant: ({ base }) => base.untrained!,
    subjects: withModel,
  },
  {
    name: 'adapter never trained', rule: 'untrained-adapter', least: 'warning', strengths: [1], unit: 'model',
    fits: (tensor) => /lora_B$/.test(tensor.name),
    plant: ({ base }) => base.model.tensors.filter(({ name }) => /lora_B$/.test(name)).reduce((model, { name }) => changedIn(model, name, (values) => values.fill(0)), base.saved),
    subjects: ({ base }) => [base.model.name, ...base.model.layers.map(({ name }) => name), ...base.model.tensors.map(({ name }) => name)],
  },
];

function withModel({ base, tensor }: Planting): readonly string[] {
  return [base.model.name, tensor.name];
}

/** These layers as they were before the first step. */
function asBegun({ model, saved, untrained }: Base, layers: readonly number[]): SavedModel {
  const names = model.tensors.filter(({ layer }) => layers.includes(layer)).map(({ name }) => name);
  return names.reduce((result, name) => withValues(result, name, valuesOf(weightOf(untrained!, name))), saved);
}

function reset(planting: Planting, kind: Kind): SavedModel {
  const { base, tensor, random } = planting;
  const field = tensor.shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const fanIn = field * tensor.shape.at(-2)!;
  const fanOut = field * tensor.shape.at(-1)!;
  const drawn = changedIn(base.saved, tensor.name, (values) => values.forEach((_, i) => (values[i] = kind.draw(random, fanIn, fanOut))));
  const bias = base.model.tensors.find((other) => other.layer === tensor.layer && other.role === 'bias');
  const zeroed = bias ? changedIn(drawn, bias.name, (values) => values.fill(0)) : drawn;
  const json = structuredClone(zeroed.json);
  configOf({ ...zeroed, ...(json && { json }) }, layerOf(base, tensor).name)!['kernel_initializer'] = { class_name: kind.className, config: kind.config };
  return { ...zeroed, ...(json && { json }) };
}

interface Topology {
  readonly modelTopology?: { readonly config?: { readonly layers?: readonly LayerEntry[] }; readonly model_config?: { readonly config?: { readonly layers?: readonly LayerEntry[] } } };
}

interface LayerEntry {
  readonly config: Record<string, unknown> & { readonly name: string };
}

function configOf({ json }: SavedModel, layer: string): LayerEntry['config'] | undefined {
  const topology = (json as Topology | undefined)?.modelTopology;
  const layers = topology?.config?.layers ?? topology?.model_config?.config?.layers ?? [];
  return layers.find(({ config }) => config.name === layer)?.config;
}

