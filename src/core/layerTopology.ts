import type { Layer, Model, Role, Tensor } from './model';

/** Who takes whose output, by layer, and what follows from it. */
export interface Topology {
  /** Some layer of the file names its inputs. */
  readonly isKnown: boolean;
  readonly consumers: ReadonlyMap<Layer, readonly Layer[]>;
  readonly sources: ReadonlyMap<Layer, readonly Layer[]>;
  /** Layers that multiply their input with weights. */
  readonly hasKernel: ReadonlySet<Layer>;
  /** Layers with kernels that no other layer with a kernel comes after. */
  readonly heads: ReadonlySet<Layer>;
  /** Tensors that share their bytes with others: all that do, this one among them. */
  readonly tied: ReadonlyMap<Tensor, readonly Tensor[]>;
}

const KERNEL_ROLES: ReadonlySet<Role> = new Set<Role>(['kernel', 'head', 'embedding', 'adapter']);

const cache = new WeakMap<Model, Topology>();

/** Built once a model, in time linear in its layers, connections and tensors. */
export function topologyOf(model: Model): Topology {
  let topology = cache.get(model);
  if (!topology) cache.set(model, (topology = build(model)));
  return topology;
}

function build(model: Model): Topology {
  const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
  const consumers = new Map<Layer, Layer[]>();
  const sources = new Map<Layer, Layer[]>();
  for (const layer of model.layers) {
    const before = [...new Set(layer.inputs)].flatMap((name) => byName.get(name) ?? []);
    if (before.length > 0) sources.set(layer, before);
    for (const source of before) push(consumers, source, layer);
  }
  const hasKernel = new Set(model.layers.filter((layer) => layer.tensors.some((index) => KERNEL_ROLES.has(model.tensors[index]?.role ?? 'other'))));
  const isKnown = sources.size > 0;
  return { isKnown, consumers, sources, hasKernel, heads: headsOf(sources, hasKernel, isKnown), tied: tiedOf(model) };
}

/** Without a topology the last layer with a kernel, in file order, is taken for the head. */
function headsOf(sources: ReadonlyMap<Layer, readonly Layer[]>, hasKernel: ReadonlySet<Layer>, isKnown: boolean): Set<Layer> {
  if (!isKnown) {
    const last = [...hasKernel].at(-1);
    return new Set(last ? [last] : []);
  }
  const isBehind = new Set<Layer>();
  const open = [...hasKernel].flatMap((layer) => sources.get(layer) ?? []);
  while (open.length > 0) {
    const layer = open.pop()!;
    if (isBehind.has(layer)) continue;
    isBehind.add(layer);
    open.push(...(sources.get(layer) ?? []));
  }
  return new Set([...hasKernel].filter((layer) => layer.inputs !== undefined && !isBehind.has(layer)));
}

function tiedOf(model: Model): Map<Tensor, readonly Tensor[]> {
  const byPlace = new Map<string, Tensor[]>();
  for (const tensor of model.tensors) {
    if (tensor.segments.length > 0) push(byPlace, tensor.segments.map(({ file, offset, length }) => `${file}:${offset}+${length}`).join(' '), tensor);
  }
  const tied = new Map<Tensor, readonly Tensor[]>();
  for (const group of byPlace.values()) {
    if (group.length > 1) for (const tensor of group) tied.set(tensor, group);
  }
  return tied;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
