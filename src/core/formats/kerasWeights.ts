import type { Role, UnitAxes } from '../model';
import type { KerasLayer } from './kerasTopology';
import type { Assignment, LayerList } from './assembleModel';
import type { WeightSpec } from './tfjsManifest';
import { variableName } from './kerasStorePaths';
import { axesOf, depthwiseAxes, isOptimizerName, roleByName, splitName } from './weightNames';

/** Scopes of real names have up to ten parts; the number of sub-scopes that are looked up grows with the square. */
const MAX_SCOPE_PARTS = 24;
/** Layers of one name in different nested models; beyond that the first ones are told apart. */
const MAX_SAME_NAME = 256;

/** What a weight is told by. */
export type NamedWeight = Pick<WeightSpec, 'name' | 'shape' | 'isOptimizer'> & {
  /** Where the file says it: the layer of this name has the weight, or one below it. */
  readonly group?: string;
};

/** Gives each weight to the layer whose path matches the longest part of its name; what no layer claims gets a layer from its scope. */
export function assignWeights(weights: readonly NamedWeight[], topology: readonly KerasLayer[], layers: LayerList): Assignment[] {
  const index = new PathIndex(topology);
  return weights.map((weight) => {
    const { scope, base } = splitName(weight.name);
    if (weight.isOptimizer || isOptimizerName(weight.name)) return { layer: layers.ensure('optimizer'), role: 'optimizer' };
    const found = index.find(scope === '' ? weight.name : scope, base, weight.group);
    if (found === undefined) return unclaimed(weight, scope, base, layers);
    const layer = topology[found]!;
    const variable = /(?:^|\/)vars$/.test(scope) ? variableName(layer, base) : base;
    return { layer: found, ...variableRole(layer.className ?? '', variable, weight) };
  });
}

/** What a variable of this name is for in a layer of this class, and which of its axes count units. */
export function variableRole(className: string, variable: string, weight: Omit<NamedWeight, 'name'>): Omit<Assignment, 'layer'> {
  const role = roleOf(className, variable, weight);
  const axes = kerasAxes(className, role, variable, weight.shape);
  return { role, ...(axes && { axes }) };
}

function unclaimed(weight: NamedWeight, scope: string, base: string, layers: LayerList): Assignment {
  const role = roleByName(weight);
  const axes = axesOf(role, base, weight.shape);
  return { layer: layers.ensure(scope === '' ? weight.name : scope), role, ...(axes && { axes }) };
}

function roleOf(className: string, base: string, weight: Omit<NamedWeight, 'name'>): Role {
  if (className === 'PReLU' && base === 'alpha') return 'other';
  if (className === 'Embedding' && (base === 'embeddings' || base === 'weights')) return 'embedding';
  if (className === 'Normalization') return base === 'mean' ? 'runningMean' : base === 'variance' ? 'runningVariance' : base === 'count' ? 'constant' : 'other';
  if (/Normalization$/.test(className)) {
    if (base === 'moving_mean' || base === 'mean') return 'runningMean';
    if (base === 'moving_variance' || base === 'variance') return 'runningVariance';
  }
  if (base === 'seed_generator_state' || base === 'state' || base === 'count') return 'constant';
  return roleByName({ ...weight, name: base });
}

/** Where a class lays its kernel out in its own way; else as TensorFlow does (axesOf). */
function kerasAxes(className: string, role: Role, base: string, shape: readonly number[]): UnitAxes | undefined {
  const rank = shape.length;
  if (role !== 'kernel') return axesOf(role, base, shape);
  if (/Conv\dDTranspose$|^Deconvolution/.test(className)) return rank >= 3 ? { output: rank - 2, input: rank - 1 } : undefined;
  if (/^DepthwiseConv/.test(className)) return depthwiseAxes(shape);
  if (/^LocallyConnected/.test(className)) return { output: rank - 1 };
  // Heads × key size: no single axis counts units.
  if (/Attention$|^EinsumDense$/.test(className) && rank > 2) return undefined;
  return axesOf(role, base, shape);
}

/** Finds layers by any tail of their paths. */
class PathIndex {
  readonly #byTail = new Map<string, number[]>();
  /** Weights that a layer has already been given: the next layer of that name takes the next one. */
  readonly #given = new Set<string>();

  constructor(private readonly layers: readonly KerasLayer[]) {
    for (const [index, layer] of layers.entries()) {
      for (const path of [layer.name, ...layer.aliases]) this.#add(path, index);
    }
  }

  /** The index of the layer, or undefined where no part of the scope names one. */
  find(scope: string, base: string, group?: string): number | undefined {
    const parts = scope.split('/').slice(0, MAX_SCOPE_PARTS);
    for (let length = parts.length; length > 0; length--) {
      for (let start = parts.length - length; start >= 0; start--) {
        const candidates = this.#inGroup(this.#byTail.get(parts.slice(start, start + length).join('/')), group);
        if (candidates) return this.#pick(candidates, `${parts.slice(start + length).join('/')}/${base}`);
      }
    }
    return undefined;
  }

  #inGroup(candidates: readonly number[] | undefined, group: string | undefined): readonly number[] | undefined {
    if (!candidates || group === undefined) return candidates;
    const inside = candidates.filter((index) => this.layers[index]!.name === group || this.layers[index]!.name.startsWith(`${group}/`));
    return inside.length > 0 ? inside : undefined;
  }

  #pick(candidates: readonly number[], variable: string): number {
    if (candidates.length === 1) return candidates[0]!;
    const free = candidates.find((index) => !this.#given.has(`${index} ${variable}`)) ?? candidates[0]!;
    this.#given.add(`${free} ${variable}`);
    return free;
  }

  #add(path: string, index: number): void {
    const parts = path.split('/').slice(-MAX_SCOPE_PARTS);
    for (let start = 0; start < parts.length; start++) {
      const tail = parts.slice(start).join('/');
      const known = this.#byTail.get(tail);
      if (!known) this.#byTail.set(tail, [index]);
      else if (known.length < MAX_SAME_NAME && !known.includes(index)) known.push(index);
    }
  }
}
