import { deliveredOf } from '../core/delivered';
import type { DeliveredTensor } from '../core/delivered';
import { bytesPerElement, isPlain, storedBytes } from '../core/dtype';
import type { NumericDtype } from '../core/dtype';
import { UnsupportedError } from '../core/errors';
import type { Tensor } from '../core/model';
import type { Kernel } from '../core/statistics/kernel';
import { isGgmlBlock } from '../core/statistics/dequantize';
import { blockReader } from './blocks';
import { toLittleEndian } from './byteOrder';
import { storedBytesOf } from './decoders/index';
import type { StoredBytes } from './decoders/decoder';
import type { OpenFiles } from './jobFiles';
import { unpack4 } from './packed';
import { scaledReader } from './scaled';

/** The elements of one tensor in the type and order in which they are delivered (core/delivered.ts), whatever the file did to them. */
export interface ElementReader {
  readonly delivered: DeliveredTensor;
  /**
   * Fills the begin of `target`, which begins at a multiple of 8 of its buffer, with `count` elements. `firstElement` ascends from
   * call to call, and is a multiple of the block of the stored type.
   * @throws HumanError where they cannot be read.
   */
  read(firstElement: number, count: number, target: Uint8Array): void | Promise<void>;
  close(): void;
}

/** What turns stored bytes into delivered elements. */
export type ReadElements = ElementReader['read'];

export interface ReaderOptions {
  readonly files: OpenFiles;
  readonly tensor: Tensor;
  /** Whose memory blocks are dequantized in. */
  readonly kernel?: Kernel | undefined;
}

/** Close it. @throws HumanError for what this version does not read. */
export function elementReader(options: ReaderOptions): ElementReader {
  const bytes = storedBytesOf(options.files, options.tensor);
  return { delivered: deliveredOf(options.tensor), read: readElements(options, bytes), close: () => bytes.close?.() };
}

function readElements({ tensor, kernel }: ReaderOptions, bytes: StoredBytes): ReadElements {
  const codes = readCodes(tensor, bytes, kernel);
  const { quantization } = tensor;
  return quantization?.scheme === 'perAxis' || quantization?.scheme === 'perBlock' ? scaledReader(tensor, quantization, codes) : codes;
}

/** Codes as they are, a whole number of bytes each. */
function readCodes(tensor: Tensor, bytes: StoredBytes, kernel: Kernel | undefined): ReadElements {
  const dtype = tensor.dtype as NumericDtype;
  if (isPlain(dtype)) return plainReader(tensor, bytes, bytesPerElement(dtype));
  if (dtype === 'int4' || dtype === 'uint4' || dtype === 'float4_e2m1fn') return packedReader(bytes, dtype);
  if (isGgmlBlock(dtype)) return blockReader(tensor, dtype, bytes, kernel);
  throw new UnsupportedError(`${tensor.name} is stored as ${dtype}, which this version lists and does not decode.`);
}

function plainReader(tensor: Tensor, bytes: StoredBytes, elementBytes: number): ReadElements {
  const read: ReadElements = (firstElement, count, target) => bytes.read(firstElement * elementBytes, target.subarray(0, count * elementBytes));
  if (tensor.byteOrder !== 'big') return read;
  return async (firstElement, count, target) => {
    await read(firstElement, count, target);
    toLittleEndian(target.subarray(0, count * elementBytes), tensor.dtype as NumericDtype);
  };
}

function packedReader(bytes: StoredBytes, dtype: 'int4' | 'uint4' | 'float4_e2m1fn'): ReadElements {
  let packed = new Uint8Array();
  return async (firstElement, count, target) => {
    const length = storedBytes(dtype, count);
    if (packed.length < length) packed = new Uint8Array(length);
    await bytes.read(firstElement / 2, packed.subarray(0, length));
    unpack4(dtype, packed, count, target);
  };
}
