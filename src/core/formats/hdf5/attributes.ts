import { HumanError } from '../../errors';
import { decodeValues } from '../../statistics/decode';
import { forEachRecord } from './btree2';
import { NOWHERE } from './fields';
import { FractalHeap } from './fractalHeap';
import type { GlobalHeap } from './globalHeap';
import type { Hdf5File } from './hdf5File';
import { readAttribute } from './messages';
import type { ParsedAttribute } from './messages';
import { MESSAGE, sharedMessage } from './objectHeader';
import type { Message } from './objectHeader';

/** Text of one attribute: model configurations of a hundred MB are damage. */
export const MAX_ATTRIBUTE_BYTES = 64 * 1024 * 1024;
/** Names of layers and weights in one list. */
const MAX_STRINGS = 1_000_000;

/** Texts and numbers; a scalar is a list of one. */
export type AttributeValue = readonly string[] | readonly number[];

/** Attributes of one object, read as they are asked for. */
export class Attributes {
  readonly #parsed: ReadonlyMap<string, ParsedAttribute>;

  private constructor(
    private readonly file: Hdf5File,
    private readonly strings: GlobalHeap,
    parsed: ReadonlyMap<string, ParsedAttribute>,
  ) {
    this.#parsed = parsed;
  }

  /** What is damaged in one attribute loses that attribute alone. @throws FormatError where their list is. */
  static async of(file: Hdf5File, strings: GlobalHeap, messages: readonly Message[]): Promise<Attributes> {
    const parsed = new Map<string, ParsedAttribute>();
    const what = 'an attribute';
    const add = (bytes: Uint8Array): void => {
      const attribute = soundAttribute(file, bytes);
      if (attribute) parsed.set(attribute.name, attribute);
    };
    for (const { type, data, isShared } of messages) {
      if (type === MESSAGE.attribute) add(isShared ? (await sharedMessage(file, file.fieldsOf(data, what), type)).bytes : data);
      else if (type === MESSAGE.attributeInfo) await dense(file, data, add);
    }
    return new Attributes(file, strings, parsed);
  }

  get names(): readonly string[] {
    return [...this.#parsed.keys()];
  }

  has(name: string): boolean {
    return this.#parsed.has(name);
  }

  /** undefined where there is none, or it is no text. @throws FormatError */
  async text(name: string): Promise<string | undefined> {
    return (await this.texts(name))?.[0];
  }

  /** undefined where there is none, or it holds no texts. @throws FormatError */
  async texts(name: string): Promise<readonly string[] | undefined> {
    const attribute = this.#parsed.get(name);
    if (attribute?.type?.kind !== 'text' || !attribute.shape) return undefined;
    const count = attribute.shape.reduce((product, size) => product * size, 1);
    const what = `the attribute ${JSON.stringify(name)}`;
    const fields = this.file.fieldsOf(attribute.data, what);
    const { isVariable, bytes } = attribute.type;
    if (count > MAX_STRINGS || attribute.data.length > MAX_ATTRIBUTE_BYTES) throw fields.damage('is larger than any model needs');
    const found: string[] = [];
    let total = 0;
    for (let i = 0; i < count; i++) {
      const text = isVariable ? await this.#variable(fields.take(bytes)) : fields.take(bytes);
      total += text.length;
      if (total > MAX_ATTRIBUTE_BYTES) throw fields.damage(`holds more than ${MAX_ATTRIBUTE_BYTES / 2 ** 20} MiB of text`);
      found.push(textOf(text));
    }
    return found;
  }

  /**
   * A list that Keras cut into chunks where it exceeds what an object header holds: name, or name0, name1, …
   * (legacy_h5_format.py, load_attributes_from_hdf5_group).
   */
  async chunkedTexts(name: string): Promise<readonly string[] | undefined> {
    if (this.has(name)) return (await this.texts(name)) ?? [];
    if (!this.has(`${name}0`)) return undefined;
    const found: string[] = [];
    for (let index = 0; this.has(`${name}${index}`) && found.length < MAX_STRINGS; index++) {
      for (const text of (await this.texts(`${name}${index}`)) ?? []) found.push(text);
    }
    return found;
  }

  /** Numbers of an attribute; undefined where there is none. */
  numbers(name: string): readonly number[] | undefined {
    const attribute = this.#parsed.get(name);
    if (attribute?.type?.kind !== 'numeric' || !attribute.shape || attribute.type.isBig) return undefined;
    const count = attribute.shape.reduce((product, size) => product * size, 1);
    if (count > MAX_STRINGS || count * attribute.type.bytes > attribute.data.length) return undefined;
    return Array.from(decodeValues(attribute.data.slice(), count, { dtype: attribute.type.dtype }));
  }

  async #variable(reference: Uint8Array): Promise<Uint8Array> {
    const fields = this.file.fieldsOf(reference, 'a text');
    const length = fields.u32();
    const address = fields.address();
    const index = fields.u32();
    if (length === 0 || address === NOWHERE || address === 0) return new Uint8Array();
    return (await this.strings.object(address, index)).subarray(0, length);
  }
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function soundAttribute(file: Hdf5File, bytes: Uint8Array): ParsedAttribute | undefined {
  const what = 'an attribute';
  try {
    // A copy: a view would keep its whole page in memory.
    return readAttribute(file.fieldsOf(bytes.slice(), what), (inner) => file.fieldsOf(inner, what));
  } catch (error) {
    if (error instanceof HumanError && error.code === 'format') return undefined;
    throw error;
  }
}

/** Many attributes lie in a heap of their own. */
async function dense(file: Hdf5File, data: Uint8Array, add: (bytes: Uint8Array) => void): Promise<void> {
  const what = 'the attributes of an object';
  const fields = file.fieldsOf(data, what);
  fields.skip(1);
  if (fields.u8() & 1) fields.skip(2);
  const heapAddress = fields.address();
  const tree = fields.address();
  if (heapAddress === NOWHERE || tree === NOWHERE) return;
  const heap = await FractalHeap.open(file, heapAddress);
  await forEachRecord(file, tree, [8], async (record) => {
    // A shared one lies in a heap of shared messages.
    if (!(record.bytes[8]! & 2)) add(await heap.object(record));
  });
}
