import { PickleCall, PickleDict, PickleGlobal, PicklePersistent } from './pickleValues';
import type { PickleValue } from './pickleValues';

/** Python's writer leaves at most a thousand items on the stack, but for tuples: nobody pickles one of a million. */
export const MAX_STACK = 1_000_000;
/** An entry for each object: as many as half a million tensors take. */
export const MAX_MEMO = 20_000_000;
/** The first few are named. */
const MAX_DUPLICATES = 20;

/** What a pickle cannot be: its message follows "its pickle". Never leaves readPickle. */
export class PickleFailure extends Error {}

/** Stack, marks and memo of the machine that pickles are programs for. Every access is checked. */
export class PickleStack {
  /** By module and name. */
  readonly globals = new Map<string, PickleGlobal>();
  readonly duplicates: string[] = [];
  readonly persistents: PicklePersistent[] = [];
  /** Of the opcode that is being done, in the file: where a failure is said to be. */
  at = 0;
  readonly #values: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo: (PickleValue | undefined)[] = [];
  #memoized = 0;
  /** Below this the values belong to what was begun before the last mark. */
  #floor = 0;

  push(value: PickleValue): void {
    if (this.#values.length >= MAX_STACK) throw this.fail(`stacks more than ${MAX_STACK} values, more than Weightgram reads`);
    this.#values.push(value);
  }

  top(): PickleValue {
    if (this.#values.length <= this.#floor) throw this.#underflow();
    return this.#values[this.#values.length - 1]!;
  }

  pop(): PickleValue {
    if (this.#values.length <= this.#floor) throw this.#underflow();
    return this.#values.pop()!;
  }

  popMany(count: number): PickleValue[] {
    if (this.#values.length - count < this.#floor) throw this.#underflow();
    return this.#values.splice(this.#values.length - count, count);
  }

  mark(): void {
    if (this.#marks.length >= MAX_STACK) throw this.fail(`begins more than ${MAX_STACK} lists in one another, more than Weightgram reads`);
    this.#floor = this.#values.length;
    this.#marks.push(this.#floor);
  }

  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.fail('ends a list that was never begun');
    this.#floor = this.#marks.length === 0 ? 0 : this.#marks[this.#marks.length - 1]!;
    return this.#values.splice(mark);
  }

  /** POP takes a mark where one is on top. */
  drop(): void {
    if (this.#marks.length > 0 && this.#values.length === this.#floor) this.popMark();
    else this.pop();
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top();
    const list = Array.isArray(target) ? target : target instanceof PickleCall ? (target.items ??= []) : undefined;
    if (!list) throw this.fail('appends to what is no list');
    for (const item of items) list.push(item);
  }

  setItems(pairs: readonly PickleValue[]): void {
    const target = this.top();
    if (target instanceof PickleDict) this.fillEntries(target.entries, pairs);
    else if (target instanceof PickleCall) this.fillEntries((target.entries ??= new Map<PickleValue, PickleValue>()), pairs);
    else throw this.fail('sets a key of what is no dictionary');
  }

  fillEntries(entries: Map<PickleValue, PickleValue>, pairs: readonly PickleValue[]): void {
    if (pairs.length % 2 !== 0) throw this.fail('has a key without a value');
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i]!;
      if (typeof key === 'string' && entries.has(key) && this.duplicates.length < MAX_DUPLICATES) this.duplicates.push(key);
      entries.set(key, pairs[i + 1]!);
    }
  }

  remember(index = this.#memoized): void {
    if (index > MAX_MEMO) throw this.fail(`puts a value into memo ${index}; up to ${MAX_MEMO} are read`);
    if (this.#memo[index] === undefined) this.#memoized++;
    this.#memo[index] = this.top();
  }

  recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined) throw this.fail(`takes memo ${index}, which nothing was put into`);
    this.push(value);
  }

  global(module: string, name: string): PickleGlobal {
    const key = `${module}\n${name}`;
    let found = this.globals.get(key);
    if (!found) this.globals.set(key, (found = new PickleGlobal(module, name)));
    found.mentions++;
    return found;
  }

  /** Writes down what Python would call. */
  call(callee: PickleValue, args: PickleValue): void {
    if (callee instanceof PickleGlobal) callee.firstArguments ??= args;
    this.push(new PickleCall(callee, args));
  }

  /** What lies outside of the pickle. */
  refer(id: PickleValue): void {
    const persistent = new PicklePersistent(id);
    this.persistents.push(persistent);
    this.push(persistent);
  }

  fail(what: string): PickleFailure {
    return new PickleFailure(`${what}, at byte ${this.at}`);
  }

  #underflow(): PickleFailure {
    return this.fail('takes a value from an empty stack');
  }
}
