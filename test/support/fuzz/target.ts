import path from 'node:path';
import { bytesPerElement, isNumeric } from '../../../src/core/dtype';
import { FileError, HumanError } from '../../../src/core/errors';
import { HEAD_BYTES } from '../../../src/core/formats/format';
import { identify, openModel } from '../../../src/core/formats/index';
import type { Model, Tensor } from '../../../src/core/model';
import { decodeValues } from '../../../src/core/statistics/decode';
import { TypeScriptKernel } from '../../../src/core/statistics/twin';
import { canBeDivided } from '../../../src/protocol/parts';
import { elementReader } from '../../../src/worker/elementReader';
import type { OpenFiles } from '../../../src/worker/jobFiles';
import { checkInvariants } from '../modelChecks';
import { MEMORY_FOLDER, memorySource } from '../memorySource';
import type { MemoryFiles } from '../memorySource';

/** Of one model: enough to go through every decoder. */
const MOST_READ_TENSORS = 6;
const MOST_READ_ELEMENTS = 4096;

/** A message that names the file, what is wrong and what to do is longer. */
const LEAST_MESSAGE = 20;

export type Outcome = 'opened' | 'refused' | 'foreign';

const kernel = new TypeScriptKernel();

/** Opens a model that may be anything, and reads some of it. @throws whatever is no HumanError, or breaks a promise. */
export async function tryModel(files: MemoryFiles, main: string): Promise<Outcome> {
  const bytes = files.get(main)!;
  const isModel = identify(bytes.subarray(0, HEAD_BYTES), path.basename(main)).kind === 'model';
  const model = await unlessHuman(() => openModel(memorySource(files, main)));
  if (!model) return isModel ? 'refused' : 'foreign';
  checkInvariants(model);
  for (const tensor of readable(model)) await unlessHuman(() => readSome(model, tensor, files));
  return 'opened';
}

async function unlessHuman<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof HumanError && error.message.length >= LEAST_MESSAGE) return undefined;
    throw error;
  }
}

/** The first ones, the last one, and one of each encoding and type between. */
function readable(model: Model): Tensor[] {
  const kinds = new Set<string>();
  const all = model.tensors.filter((tensor) => isNumeric(tensor.dtype) && tensor.unreadable === undefined && tensor.elements > 0);
  return all.filter((tensor, i) => {
    const kind = [tensor.dtype, tensor.encoding?.kind, tensor.quantization?.scheme, tensor.byteOrder].join();
    const isNew = !kinds.has(kind);
    kinds.add(kind);
    return isNew || i === all.length - 1;
  }).slice(0, MOST_READ_TENSORS);
}

async function readSome(model: Model, tensor: Tensor, files: MemoryFiles): Promise<void> {
  const reader = elementReader({ files: filesInMemory(model, files), tensor, kernel });
  try {
    const read = async (first: number, count: number): Promise<void> => {
      const target = new Uint8Array(count * bytesPerElement(reader.delivered.dtype));
      await reader.read(first, count, target);
      decodeValues(target, count, reader.delivered);
    };
    const head = Math.min(tensor.elements, MOST_READ_ELEMENTS);
    await read(0, head);
    const last = Math.floor((tensor.elements - 1) / 256) * 256;
    if (last >= head && canBeDivided(tensor)) await read(last, tensor.elements - last);
  } finally {
    reader.close();
  }
}

/** What a worker has of a model's files (OpenFiles), without a disk. */
function filesInMemory(model: Model, files: MemoryFiles): OpenFiles {
  const bytesOf = (file: number): Uint8Array => {
    const name = model.files[file]?.path ?? '';
    const bytes = files.get(name.slice(MEMORY_FOLDER.length + 1));
    if (!bytes) throw new FileError(`${name} does not exist among the files of the test.`);
    return bytes;
  };
  const twin: Pick<OpenFiles, 'read' | 'verify' | 'close'> = {
    read: ({ name, segments }, byteOffset, target) => {
      let start = 0;
      let filled = 0;
      for (const { file, offset, length } of segments) {
        const from = byteOffset + filled - start;
        if (from < length && filled < target.length) {
          const wanted = Math.min(length - from, target.length - filled);
          const bytes = bytesOf(file);
          if (offset + from + wanted > bytes.length) throw new Error(`${name} is read behind the end of its file`);
          target.set(bytes.subarray(offset + from, offset + from + wanted), filled);
          filled += wanted;
        }
        start += length;
      }
      if (filled < target.length) throw new FileError(`The file holds fewer bytes of ${name} than its shape takes.`);
    },
    verify: () => undefined,
    close: () => undefined,
  };
  return twin as OpenFiles;
}
