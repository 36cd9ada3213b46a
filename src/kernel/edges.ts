import { EDGE_COUNTS, EDGE_FIRST, EDGE_LAST, EDGES, INPUT } from './layout';

/**
 * Counts `count` float32 values at INPUT by how many of `edges` EDGES are at or below them.
 * The upper half of a value says most: only where an edge cuts its bin is there a search.
 */
export function countEdges(count: i32, edges: i32): void {
  const end = INPUT + (<usize>count << 2);
  const last = load<f64>(EDGES + (<usize>(edges - 1) << 3));
  for (let at: usize = INPUT; at < end; at += 4) {
    const key = <usize>load<u16>(at, 2) << 1;
    let low = <i32>load<u16>(key, EDGE_FIRST);
    let high = <i32>load<u16>(key, EDGE_LAST);
    if (low < high) {
      const x = <f64>load<f32>(at);
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (load<f64>(EDGES + (<usize>(middle - 1) << 3)) <= x) low = middle;
        else high = middle - 1;
      }
      if (low === edges && x === last) low--;
    }
    const bin = <usize>low << 2;
    store<u32>(bin, load<u32>(bin, EDGE_COUNTS) + 1, EDGE_COUNTS);
  }
}
