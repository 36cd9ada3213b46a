/** Names that a message can carry. */
const MAX_NAMES = 3;

/** Longer names are compared by their first characters: the table of distances grows with the product of both lengths. */
const MAX_COMPARED = 200;

/** Names whose distance is larger than the nearest one's by more than this are other names. */
const DISTANCE_SLACK = 2;

/** The names most like `wanted`: those that contain it first, then by edit distance (Levenshtein) without regard to case. */
export function nearestNames(wanted: string, names: readonly string[]): string[] {
  const needle = wanted.toLowerCase();
  const ranked = names.map((name) => ({ name, rank: rankOf(needle, name.toLowerCase()) }));
  ranked.sort((a, b) => a.rank - b.rank);
  const farthest = (ranked[0]?.rank ?? 0) + DISTANCE_SLACK;
  return ranked.filter(({ rank }) => rank <= farthest).slice(0, MAX_NAMES).map(({ name }) => name);
}

function rankOf(needle: string, name: string): number {
  const distance = editDistance(needle.slice(0, MAX_COMPARED), name.slice(0, MAX_COMPARED));
  const contained = name.includes(needle) || (name !== '' && needle.includes(name));
  // A contained name is nearer than any that would have to be rewritten.
  return contained ? distance / 1000 : distance;
}

/** Insertions, deletions and substitutions that make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
