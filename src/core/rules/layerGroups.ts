import type { Layer } from '../model';
import type { TensorContext } from './rule';

const cache = new WeakMap<readonly TensorContext[], ReadonlyMap<Layer, readonly TensorContext[]>>();

/** The tensors with numbers of each layer. Grouped once for a model: rules ask for every layer, of which there may be twenty thousand. */
export function tensorsByLayer(peers: readonly TensorContext[]): ReadonlyMap<Layer, readonly TensorContext[]> {
  const known = cache.get(peers);
  if (known) return known;
  const groups = new Map<Layer, TensorContext[]>();
  for (const peer of peers) {
    const group = groups.get(peer.layer);
    if (group) group.push(peer);
    else groups.set(peer.layer, [peer]);
  }
  cache.set(peers, groups);
  return groups;
}

export function tensorsOfLayer(peers: readonly TensorContext[], layer: Layer): readonly TensorContext[] {
  return tensorsByLayer(peers).get(layer) ?? [];
}
