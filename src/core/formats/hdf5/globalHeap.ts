import type { Hdf5File } from './hdf5File';

/** Collections that are kept: texts of one list lie one after another. */
const MOST_COLLECTIONS = 64;

/** Global heap collections (III.E), which hold texts of varying length. */
export class GlobalHeap {
  readonly #collections = new Map<number, Map<number, Uint8Array>>();

  constructor(private readonly file: Hdf5File) {}

  /** @throws FormatError where there is no such object. */
  async object(address: number, index: number): Promise<Uint8Array> {
    const collection = this.#collections.get(address) ?? (await this.#read(address));
    const object = collection.get(index);
    if (!object) throw this.file.fieldsOf(new Uint8Array(), `the heap at byte ${address}`).damage(`has no object ${index}`);
    return object;
  }

  async #read(address: number): Promise<Map<number, Uint8Array>> {
    const { file } = this;
    const what = `the heap at byte ${address}`;
    const head = await file.fields(address, 8 + file.lengthBytes, what);
    head.signature('GCOL');
    head.skip(4);
    const bytes = head.length();
    const fields = await file.fields(address, bytes, what);
    fields.skip(8 + file.lengthBytes);
    const objects = new Map<number, Uint8Array>();
    while (fields.left >= 8 + file.lengthBytes) {
      const index = fields.u16();
      fields.skip(6);
      const length = fields.length();
      if (index === 0) break;
      objects.set(index, fields.take(length));
      fields.align8();
    }
    const oldest = this.#collections.size >= MOST_COLLECTIONS ? this.#collections.keys().next().value : undefined;
    if (oldest !== undefined) this.#collections.delete(oldest);
    this.#collections.set(address, objects);
    return objects;
  }
}
