import type { ByteSource } from '../../byteSource';
import { throwIfCancelled, UnsupportedError } from '../../errors';
import { damaged, Fields, NOWHERE } from './fields';
import type { FieldWidths } from './fields';
import { PageCache } from './pageCache';

export const SIGNATURE = '\x89HDF\r\n\x1a\n';

/** Larger structures do not occur: names of a million links take some 20 MB. */
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;

/**
 * A sound file has each structure looked at a few times, and none is smaller than some 16 bytes: so many reads a byte of the file,
 * and these on top. More of them means structures that refer to one another in circles or lie within each other.
 */
const READS_A_BYTE = 1 / 4;
const FREE_READS = 20_000;
/** The same for bytes. */
const BYTES_A_BYTE = 8;
const FREE_BYTES = 64 * 1024 * 1024;

/** Structures of one HDF5 file. Addresses count from the superblock; `start` is where that lies in the file. */
export class Hdf5File implements FieldWidths {
  readonly name: string;
  offsetBytes = 8;
  lengthBytes = 8;
  /** Set by the superblock. */
  start = 0;
  rootAddress = NOWHERE;
  /** What the file says that it ends at, user block included, or NOWHERE. */
  declaredEnd = NOWHERE;
  readonly #pages: PageCache;
  #reads = 0;
  #bytes = 0;

  private constructor(
    readonly source: ByteSource,
    readonly signal: AbortSignal | undefined,
  ) {
    this.name = source.name;
    this.#pages = new PageCache(source, signal);
  }

  /** @throws FormatError where there is no superblock, UnsupportedError for one of another version. */
  static async open(source: ByteSource, signal?: AbortSignal): Promise<Hdf5File> {
    const file = new Hdf5File(source, signal);
    await file.#readSuperblock();
    return file;
  }

  /** Bytes behind the superblock that the file has. */
  get end(): number {
    return this.source.size - this.start;
  }

  /** Bytes of a structure. @throws FormatError beyond the file, and where the file has been read too often. */
  async block(address: number, length: number, what: string): Promise<Uint8Array> {
    if (address < 0 || length < 0 || address + length > this.end) throw damaged(this.name, `${what} lies outside of the file`);
    if (length > MAX_BLOCK_BYTES) throw new UnsupportedError(`${this.name}: ${what} takes ${length} bytes; Weightgram reads structures up to ${MAX_BLOCK_BYTES}. Save the model in several files.`);
    this.#reads++;
    this.#bytes += length;
    if (this.#reads > FREE_READS + this.source.size * READS_A_BYTE || this.#bytes > FREE_BYTES + this.source.size * BYTES_A_BYTE) {
      throw damaged(this.name, 'its structures refer to one another in circles');
    }
    throwIfCancelled(this.signal);
    return this.#pages.read(this.start + address, length);
  }

  /** As `block`, but shorter where the file ends. */
  async upTo(address: number, length: number, what: string): Promise<Uint8Array> {
    return this.block(address, Math.max(0, Math.min(length, this.end - address)), what);
  }

  async fields(address: number, length: number, what: string): Promise<Fields> {
    return this.fieldsOf(await this.block(address, length, what), what);
  }

  fieldsOf(bytes: Uint8Array, what: string): Fields {
    return new Fields(bytes, this, { file: this.name, what });
  }

  /** HDF5 File Format Specification 3.0, II.A. */
  async #readSuperblock(): Promise<void> {
    const start = await this.#findSignature();
    if (start === undefined) throw damaged(this.name, 'it has no HDF5 superblock');
    this.start = start;
    const what = 'its superblock';
    const fields = this.fieldsOf(await this.upTo(8, 120, what), what);
    const version = fields.u8();
    if (version > 3) throw new UnsupportedError(`${this.name} is an HDF5 file of a newer kind (superblock version ${version}; Weightgram reads 0 to 3). Save it with libver="v114" or earlier.`);
    if (version < 2) {
      fields.skip(4);
      this.#setWidths(fields.u8(), fields.u8());
      fields.skip(1 + 4 + 4 + (version === 1 ? 4 : 0));
      fields.address();
      fields.address();
      this.declaredEnd = fields.address();
      fields.address();
      fields.address();
    } else {
      this.#setWidths(fields.u8(), fields.u8());
      fields.skip(1);
      fields.address();
      fields.address();
      this.declaredEnd = fields.address();
    }
    this.rootAddress = fields.address();
  }

  #setWidths(offsetBytes: number, lengthBytes: number): void {
    for (const width of [offsetBytes, lengthBytes]) {
      if (width !== 2 && width !== 4 && width !== 8) throw damaged(this.name, `its superblock has fields of ${width} bytes`);
    }
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
  }

  /** At the begin, or behind a user block, whose size is a power of two from 512 on. */
  async #findSignature(): Promise<number | undefined> {
    for (let at = 0; at + SIGNATURE.length <= this.source.size; at = at === 0 ? 512 : at * 2) {
      const bytes = await this.source.read(at, SIGNATURE.length, this.signal);
      if (isSignature(bytes, 0)) return at;
    }
    return undefined;
  }
}

export function isSignature(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < SIGNATURE.length; i++) if (bytes[at + i] !== SIGNATURE.charCodeAt(i)) return false;
  return true;
}

/** Whether the head of a file is one of HDF5, behind a user block too. */
export function isHdf5(head: Uint8Array): boolean {
  for (let at = 0; at + SIGNATURE.length <= head.length; at = at === 0 ? 512 : at * 2) if (isSignature(head, at)) return true;
  return false;
}
