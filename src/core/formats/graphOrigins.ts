/** Layers that feed one layer; beyond that the list says nothing to a person. */
const MAX_INPUT_LAYERS = 32;

/** How data flows through the nodes of a graph. */
export interface Flow<Node, Value> {
  inputs(node: Node): Iterable<Value>;
  outputs(node: Node): Iterable<Value>;
  /** The layer that a node belongs to. */
  layer(node: Node): number | undefined;
}

/**
 * For each layer the layers whose results reach it, through nodes without one.
 * @param nodes in the order in which the graph computes them.
 */
export function layerInputs<Node, Value>(nodes: Iterable<Node>, flow: Flow<Node, Value>, layers: number): readonly (readonly number[])[] {
  const found = Array.from({ length: layers }, () => new Set<number>());
  /** Layers that a value comes from. */
  const origins = new Map<Value, ReadonlySet<number>>();
  for (const node of nodes) {
    const before = new Set<number>();
    for (const input of flow.inputs(node)) {
      for (const layer of origins.get(input) ?? []) if (before.size < MAX_INPUT_LAYERS) before.add(layer);
    }
    const own = flow.layer(node);
    if (own !== undefined) for (const layer of before) if (layer !== own) found[own]!.add(layer);
    const after = own === undefined ? before : new Set([own]);
    if (after.size > 0) for (const output of flow.outputs(node)) origins.set(output, after);
  }
  return found.map((set) => [...set].sort((a, b) => a - b));
}
