import type { WeightDraft } from './assembleModel';

export type Member = Pick<WeightDraft, 'dtype' | 'shape' | 'elements'>;

/** Above so many a map finds faster than looking through. */
const MOST_LISTED = 8;

/** A module's parameters by name. Nearly all have one or two, and there may be a hundred thousand modules: a map for each takes longer to make than all else. */
export class Members {
  // A literal takes room for what is in it, an empty array that is added to for seventeen.
  readonly names: string[];
  readonly #members: Member[];
  #places: Map<string, number> | undefined;

  constructor(name: string, member: Member) {
    this.names = [name];
    this.#members = [member];
  }

  get(name: string): Member | undefined {
    return this.#members[this.#placeOf(name)];
  }

  has(name: string): boolean {
    return this.#placeOf(name) >= 0;
  }

  /** Of two parameters of one name the last is kept. */
  set(name: string, member: Member): void {
    const known = this.#placeOf(name);
    if (known >= 0) {
      this.#members[known] = member;
      return;
    }
    this.names.push(name);
    this.#members.push(member);
    this.#places?.set(name, this.names.length - 1);
    if (!this.#places && this.names.length > MOST_LISTED) this.#places = new Map(this.names.map((listed, place) => [listed, place]));
  }

  get size(): number {
    return this.names.length;
  }

  some(holds: (member: Member) => boolean): boolean {
    return this.#members.some(holds);
  }

  #placeOf(name: string): number {
    return this.#places ? (this.#places.get(name) ?? -1) : this.names.indexOf(name);
  }
}
