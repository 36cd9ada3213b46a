/** What a header says of one tensor. */
export interface DeclaredTensor {
  readonly dtype: unknown;
  readonly shape: unknown;
  readonly data_offsets: unknown;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A length, a header and the data, however they fit together. */
export function safetensorsFile(header: string | Readonly<Record<string, unknown>>, data: Uint8Array, length?: bigint): Uint8Array {
  const text = encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

/** Tensors one after another, as the library lays them out. */
export function packTensors(tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[]; readonly bytes: Uint8Array }[], metadata?: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const data = new Uint8Array(tensors.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let offset = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    data.set(bytes, offset);
    offset += bytes.length;
  }
  return safetensorsFile(header, data);
}
