import { plural } from '../numberText';

/** "a, b and c"; "a, b, c and 2 more" where `more` were left out. */
export function listed(items: readonly string[], last = ' and ', between = ', ', more = 0): string {
  if (more > 0) return `${items.join(between)}${last}${plural(more, 'more', 'more')}`;
  return items.length > 1 ? `${items.slice(0, -1).join(between)}${last}${items.at(-1)}` : items.join('');
}
