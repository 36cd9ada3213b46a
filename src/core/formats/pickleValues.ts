/**
 * What a pickle describes, as inert data: a class is its name, a call is written down and never made. Lists, tuples and sets
 * are arrays. The graph may have cycles and shared parts.
 */
export type PickleValue =
  | null | boolean | number | bigint | string
  | PickleBytes | PickleDict | PickleGlobal | PickleCall | PicklePersistent
  | PickleValue[];

/** A run of bytes, or a text too long to keep. */
export class PickleBytes {
  constructor(
    /** Of the first byte in the source that the pickle was read from. */
    readonly offset: number,
    readonly length: number,
    /** Only of what is short. */
    readonly bytes: Uint8Array | undefined,
  ) {}
}

export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** A class or function, by the name under which Python would import it. One object for each name of a pickle. */
export class PickleGlobal {
  /** How often it is named where it is not taken from the memo. */
  mentions = 0;
  /** Of the first call: tells a reader what would have been run. */
  firstArguments: PickleValue | undefined = undefined;
  /** torch._utils._rebuild_tensor_v2 */
  readonly path: string;

  constructor(
    readonly module: string,
    readonly name: string,
  ) {
    this.path = `${module}.${name}`;
  }
}

/** An object that Python would make by calling something, and what it would then put into it. */
export class PickleCall {
  /** What BUILD gives to __setstate__ or __dict__. */
  state: PickleValue | undefined = undefined;
  /** What APPENDS and ADDITEMS give. */
  items: PickleValue[] | undefined = undefined;
  /** What SETITEMS gives. */
  entries: Map<PickleValue, PickleValue> | undefined = undefined;

  constructor(
    readonly callee: PickleValue,
    readonly args: PickleValue,
  ) {}
}

/** What lies outside of the pickle, by the id that its writer gave it. */
export class PicklePersistent {
  constructor(readonly id: PickleValue) {}
}
