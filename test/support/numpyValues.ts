/** The numbers of test/fixtures/numpy/*.py: in [0, 1), the same for the same index and stream. */
export function uniform(index: number, stream: number): number {
  let h = (Math.imul(index, 2654435761) + Math.imul(stream, 40503)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Nearly normal: a sum of twelve, less its mean. */
export function bell(index: number): number {
  let total = 0;
  for (let stream = 1; stream <= 12; stream++) total += uniform(index, stream);
  return total - 6;
}
