import { editDistance } from '../nearestNames';

/** A typing error, not another name. */
const MOST_EDITS = 3;

/** Longer names are no typing errors of ours, and the work grows with their square. */
const LONGEST = 64;

/** ": did you mean …?" where a name is near; else nothing. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  if (wrong.length > LONGEST) return '';
  const [near] = names.map((name) => ({ name, edits: editDistance(wrong.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.edits - b.edits);
  return near && near.edits <= MOST_EDITS && near.edits < near.name.length ? `: did you mean "${near.name}"?` : '';
}
