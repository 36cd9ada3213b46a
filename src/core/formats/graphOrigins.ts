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
    const before = originsOf(flow.inputs(node), origins);
    const own = flow.layer(node);
    if (own !== undefined) for (const layer of before) if (layer !== own) found[own]!.add(layer);
    const after = own === undefined ? before : new Set([own]);
    if (after.size > 0) for (const output of flow.outputs(node)) origins.set(output, after);
  }
  return found.map((set) => [...set].sort((a, b) => a - b));
}

const NOTHING: ReadonlySet<number> = new Set();

/** What one value alone comes from is that value's own set: most nodes of a graph have one input that is computed. */
function originsOf<Value>(inputs: Iterable<Value>, origins: ReadonlyMap<Value, ReadonlySet<number>>): ReadonlySet<number> {
  let first: ReadonlySet<number> = NOTHING;
  let merged: Set<number> | undefined;
  for (const input of inputs) {
    const set = origins.get(input);
    if (!set || set === first) continue;
    if (first === NOTHING) {
      first = set;
      continue;
    }
    merged ??= new Set(first);
    for (const layer of set) if (merged.size < MAX_INPUT_LAYERS) merged.add(layer);
  }
  return merged ?? first;
}
