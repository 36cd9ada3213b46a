import { zipSync } from 'fflate';
import { concatenate } from './tfjsBuilder';

/** A value of a pickle that is assembled by hand. */
export type Picklable =
  | null | boolean | number | bigint | string | Uint8Array
  | readonly Picklable[]
  | { readonly global: string }
  | { readonly list: readonly Picklable[] }
  | { readonly dict: readonly (readonly [Picklable, Picklable])[] }
  | { readonly call: Picklable; readonly args: readonly Picklable[]; readonly state?: Picklable; readonly entries?: readonly (readonly [Picklable, Picklable])[] }
  | { readonly persistent: Picklable }
  /** Opcodes as they are. */
  | { readonly raw: Uint8Array };

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
/** Letters of opcodes and texts, single bytes, bytes. */
export type OpcodePart = string | number | Uint8Array;
export const opcodes = (...parts: readonly OpcodePart[]): Uint8Array => concatenate(parts.map((part) => (typeof part === 'string' ? latin1(part) : typeof part === 'number' ? Uint8Array.of(part) : part)));

/** Little-endian. */
export function int(value: number | bigint, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes);
  let rest = BigInt(value);
  for (let i = 0; i < bytes; i++, rest >>= 8n) result[i] = Number(rest & 0xffn);
  return result;
}

/** Of protocol 2, with what later protocols have where it is used. Tuples are arrays. */
export function pickle(value: Picklable): Uint8Array {
  return opcodes('\x80\x02', encode(value), '.');
}

function encode(value: Picklable): Uint8Array {
  if (value === null) return latin1('N');
  if (typeof value === 'boolean') return latin1(value ? '\x88' : '\x89');
  if (typeof value === 'bigint') return opcodes('\x8a', 8, int(value, 8));
  if (typeof value === 'number') return Number.isInteger(value) ? (Math.abs(value) < 2 ** 31 ? opcodes('J', int(value, 4)) : encode(BigInt(value))) : opcodes('G', float64(value));
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return opcodes('X', int(bytes.length, 4), bytes);
  }
  if (value instanceof Uint8Array) return opcodes('B', int(value.length, 4), value);
  if (isTuple(value)) return opcodes('(', ...value.map(encode), 't');
  if ('global' in value) {
    const cut = value.global.lastIndexOf('.');
    return opcodes('c', value.global.slice(0, cut), '\n', value.global.slice(cut + 1), '\n');
  }
  if ('list' in value) return opcodes(']', '(', ...value.list.map(encode), 'e');
  if ('dict' in value) return opcodes('}', '(', ...value.dict.flatMap((pair) => pair.map(encode)), 'u');
  if ('persistent' in value) return opcodes(encode(value.persistent), 'Q');
  if ('raw' in value) return value.raw;
  const entries = value.entries ? opcodes('(', ...value.entries.flatMap((pair) => pair.map(encode)), 'u') : new Uint8Array();
  const state = value.state === undefined ? new Uint8Array() : opcodes(encode(value.state), 'b');
  return opcodes(encode(value.call), encode(value.args), 'R', entries, state);
}

function isTuple(value: Picklable): value is readonly Picklable[] {
  return Array.isArray(value);
}

function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

export const storage = (type: string, key: string, elements: number): Picklable => ({ persistent: ['storage', { global: `torch.${type}` }, key, 'cpu', elements] });

export interface BuiltTensor {
  readonly storage: Picklable;
  readonly offset?: Picklable;
  readonly size: readonly Picklable[];
  readonly stride: readonly Picklable[];
  /** torch.float8_e4m3fn: rebuilt by _rebuild_tensor_v3 from bytes without a type. */
  readonly dtype?: string;
}

export function tensor({ storage: held, offset = 0, size, stride, dtype }: BuiltTensor): Picklable {
  const hooks: Picklable = { call: { global: 'collections.OrderedDict' }, args: [] };
  const args: Picklable[] = [held, offset, size, stride, false, hooks];
  return dtype === undefined ? { call: { global: 'torch._utils._rebuild_tensor_v2' }, args } : { call: { global: 'torch._utils._rebuild_tensor_v3' }, args: [...args, { global: dtype }] };
}

/** As torch.save writes it, but for the padding. */
export function torchZip(value: Picklable | Uint8Array, storages: Readonly<Record<string, Uint8Array>>, others: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const data = value instanceof Uint8Array ? value : pickle(value);
  const entries = Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes] as const);
  return zipSync(Object.fromEntries([['archive/data.pkl', data], ...entries, ['archive/version', latin1('3\n')], ...Object.entries(others).map(([name, bytes]) => [`archive/${name}`, bytes] as const)]), { level: 0 });
}

/** The legacy layout; counts of elements stand before the storages. */
export function torchLegacy(value: Picklable | Uint8Array, storages: readonly { readonly key: string; readonly elements: number | bigint; readonly bytes: Uint8Array }[]): Uint8Array {
  return concatenate([
    opcodes('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'), pickle(1001), pickle({ dict: [['protocol_version', 1001], ['little_endian', true]] }),
    value instanceof Uint8Array ? value : pickle(value), pickle({ list: storages.map(({ key }) => key) }),
    ...storages.flatMap(({ elements, bytes }) => [int(elements, 8), bytes]),
  ]);
}
