import { blockOf } from '../../src/core/dtype';
import type { NumericDtype } from '../../src/core/dtype';
import { ggmlType } from '../../src/core/formats/ggufTypes';

/** A value of the header, by its type in gguf.h. */
export type GgufValue =
  | { readonly type: 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'f64' | 'u64' | 'i64'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'text'; readonly value: string | Uint8Array }
  | { readonly type: 'array'; readonly of: string; readonly values: readonly unknown[]; readonly count?: number };

export interface GgufTensor {
  readonly name: string;
  /** As numpy has it. */
  readonly shape: readonly (number | bigint)[];
  readonly dtype?: NumericDtype;
  /** In place of the dtype's number. */
  readonly type?: number;
  /** In place of where the tensor lies. */
  readonly offset?: number | bigint;
  readonly data?: Uint8Array;
}

export interface GgufFile {
  readonly version?: number;
  readonly big?: boolean;
  readonly metadata?: readonly (readonly [string, GgufValue])[];
  readonly tensors?: readonly GgufTensor[];
  readonly alignment?: number;
  /** In place of how many there are. */
  readonly tensorCount?: number | bigint;
  readonly entryCount?: number | bigint;
  /** What the data ends with; zeros where absent. */
  readonly tail?: Uint8Array;
}

const TYPES = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'text', 'array', 'u64', 'i64', 'f64'];

/** A file as its format has it, with whatever a test wants to be wrong in it. */
export function buildGguf(file: GgufFile): Uint8Array {
  const out = new Writer(!file.big);
  const tensors = file.tensors ?? [];
  const metadata = file.metadata ?? [];
  out.bytes(new TextEncoder().encode('GGUF'));
  out.u32(file.version ?? 3);
  out.u64(file.tensorCount ?? tensors.length);
  out.u64(file.entryCount ?? metadata.length);
  for (const [key, value] of metadata) {
    out.text(key);
    out.u32(TYPES.indexOf(value.type));
    out.value(value);
  }
  const alignment = file.alignment ?? 32;
  let offset = 0;
  const placed: { offset: number; data: Uint8Array }[] = [];
  for (const tensor of tensors) {
    const data = tensor.data ?? new Uint8Array(sizeOf(tensor));
    out.text(tensor.name);
    out.u32(tensor.shape.length);
    for (const length of [...tensor.shape].reverse()) out.u64(length);
    out.u32(tensor.type ?? ggmlType(tensor.dtype ?? 'float32')!);
    out.u64(tensor.offset ?? offset);
    placed.push({ offset, data });
    offset = Math.ceil((offset + data.length) / alignment) * alignment;
  }
  out.pad(alignment);
  const start = out.length;
  for (const { offset: at, data } of placed) {
    out.zeros(start + at - out.length);
    out.bytes(data);
  }
  out.pad(alignment);
  out.bytes(file.tail ?? new Uint8Array());
  return out.result();
}

function sizeOf({ shape, dtype = 'float32' }: GgufTensor): number {
  const elements = shape.reduce<number>((product, length) => product * Number(length), 1);
  const block = blockOf(dtype);
  return elements < 1e7 ? (elements / block.elements) * block.bytes : 0;
}

class Writer {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  readonly #little: boolean;
  length = 0;

  constructor(little: boolean) {
    this.#little = little;
  }

  bytes(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  zeros(count: number): void {
    if (count > 0) this.bytes(new Uint8Array(count));
  }

  pad(alignment: number): void {
    this.zeros(Math.ceil(this.length / alignment) * alignment - this.length);
  }

  u32(value: number): void {
    this.#grow(4);
    this.#view.setUint32(this.length, value, this.#little);
    this.length += 4;
  }

  u64(value: number | bigint): void {
    this.#grow(8);
    this.#view.setBigUint64(this.length, BigInt(value), this.#little);
    this.length += 8;
  }

  text(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    this.u64(bytes.length);
    this.bytes(bytes);
  }

  value(value: GgufValue): void {
    if (value.type === 'text') this.text(value.value);
    else if (value.type === 'bool') this.bytes(Uint8Array.of(Number(value.value)));
    else if (value.type === 'array') {
      this.u32(TYPES.indexOf(value.of));
      this.u64(value.count ?? value.values.length);
      for (const item of value.values) this.value((value.of === 'array' ? item : { type: value.of, value: item }) as GgufValue);
    } else this.#number(value.type, value.value);
  }

  #number(type: string, value: number): void {
    this.#grow(8);
    const view = this.#view;
    const at = this.length;
    const little = this.#little;
    if (type === 'f32') view.setFloat32(at, value, little);
    else if (type === 'f64') view.setFloat64(at, value, little);
    else if (type.endsWith('8')) view.setUint8(at, value);
    else if (type.endsWith('16')) view.setUint16(at, value, little);
    else if (type.endsWith('32')) view.setUint32(at, value, little);
    else view.setBigInt64(at, BigInt(value), little);
    this.length += type.endsWith('8') ? 1 : Number(type.slice(1)) / 8;
  }

  #grow(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + more));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  result(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
