/** The middle one of these numbers, or between the two middle ones; null of none. Sorts a copy. */
export function medianOf(values: Float32Array): number | null {
  if (values.length === 0) return null;
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
