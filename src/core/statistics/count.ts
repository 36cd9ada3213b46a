import type { PlainDtype } from '../dtype';
import type { Tensor } from '../model';
import { codeBits, decodeValues } from './decode';
import { decodeCodes } from './distribution';
import { countExactValues } from './histogram';
import { MOST_KERNEL_EDGES } from './kernel';
import type { Kernel } from './kernel';
import { countByEdges } from './twin';

/** Exact counts between edges, and outside of them. Counts of several parts add up. */
export interface EdgeCounts {
  readonly counts: Float64Array;
  /** Finite values below the first edge. */
  readonly below: number;
  /** Finite values above the last edge, which itself is inside. */
  readonly above: number;
}

/** Counts a run of a tensor's elements, whose bytes lie in the kernel's input. */
export interface EdgeCounter {
  take(count: number): void;
  result(): EdgeCounts;
}

/** `edges` are ascending, two or more. One counter or scanner at a time for each kernel. */
export function createCounter(kernel: Kernel, tensor: Tensor, edges: Float64Array): EdgeCounter {
  const bits = codeBits(tensor.dtype as PlainDtype);
  if (bits) return codeCounter(kernel, tensor, bits, edges);
  if (tensor.dtype === 'float32' && edges.length <= MOST_KERNEL_EDGES) return float32Counter(kernel, edges);
  return plainCounter(kernel, tensor, edges);
}

function codeCounter(kernel: Kernel, tensor: Tensor, bits: 8 | 16, edges: Float64Array): EdgeCounter {
  kernel.reset();
  return {
    take: (count) => (bits === 8 ? kernel.countCodes8(count) : kernel.countCodes16(count)),
    result: () => {
      const { keys, counts } = kernel.takeTable();
      const found = countExactValues(decodeCodes(keys, counts, tensor).distribution, edges);
      return { counts: Float64Array.from(found.counts), below: found.below, above: found.above };
    },
  };
}

function float32Counter(kernel: Kernel, edges: Float64Array): EdgeCounter {
  kernel.beginEdges(edges);
  return { take: (count) => kernel.countEdges(count), result: () => edgeCounts(kernel.takeEdgeCounts()) };
}

function plainCounter(kernel: Kernel, tensor: Tensor, edges: Float64Array): EdgeCounter {
  const counts = new Float64Array(edges.length + 1);
  return {
    take: (count) => countByEdges(decodeValues(kernel.input, count, tensor), edges, counts),
    result: () => edgeCounts(counts),
  };
}

/** Item i counts values with i edges at or below them. */
function edgeCounts(byEdges: Float64Array): EdgeCounts {
  return { counts: byEdges.slice(1, -1), below: byEdges[0]!, above: byEdges[byEdges.length - 1]! };
}
