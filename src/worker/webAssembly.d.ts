/** What the kernel needs of WebAssembly: @types/node declares the name only, and the DOM's types have no place here. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports?: Readonly<Record<string, never>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
    /** Pages of 64 KiB. Replaces `buffer`. */
    grow(pages: number): number;
  }
  interface Global {
    readonly value: number;
  }
}
