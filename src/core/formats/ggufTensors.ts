import { blockOf, isPlain, storedBytes } from '../dtype';
import type { NumericDtype } from '../dtype';
import type { Problem } from '../model';
import type { WeightDraft } from './assembleModel';
import type { GgufHeader, TensorInfo } from './ggufHeader';
import { describeUnknownType, ggmlDtype } from './ggufTypes';
import { quote } from './jsonValues';

/** A file of a model, with its header read. */
export interface GgufPart {
  readonly path: string;
  readonly sizeBytes: number;
  /** Index into Model.files. */
  readonly file: number;
  readonly header: GgufHeader;
}

/** What ends the message about every tensor that cannot be read. */
const REMEDY = 'Fetch the file again, or convert the model anew';

/** The tensors of one file, and what is wrong with where they lie; `tensor` of a problem counts from the first of this file. */
export function placeTensors(part: GgufPart): { weights: WeightDraft[]; problems: Problem[] } {
  const weights = part.header.tensors.map((info) => draftOf(part, info));
  return { weights, problems: [...layoutProblems(part, weights), ...duplicateProblems(part)] };
}

/** ggml counts axes from the one whose elements lie side by side: reversed, the shape is that of numpy and PyTorch. */
function draftOf(part: GgufPart, info: TensorInfo): WeightDraft {
  const { name, type } = info;
  const dtype = ggmlDtype(type);
  const shape = [...info.dimensions].reverse();
  const elements = shape.reduce((product, length) => product * length, 1);
  const named = `${part.path}: tensor ${quote(name)}`;
  if (![...shape, elements].every(Number.isSafeInteger)) {
    return unreadable(name, dtype, [0], `${named} has the shape ${quote(shape.join(' × '))}, which is more than any file can hold. ${REMEDY}.`);
  }
  if (!dtype) return unreadable(name, undefined, shape, `${named} ${describeUnknownType(type)}.`);
  const block = blockOf(dtype);
  const row = shape.at(-1) ?? 1;
  if (row % block.elements !== 0) {
    return unreadable(name, dtype, shape, `${named} has rows of ${row} elements, and ${dtype} stores them in blocks of ${block.elements}. ${REMEDY}.`);
  }
  const bytes = storedBytes(dtype, elements);
  const offset = part.header.dataOffset + info.offset;
  // A sum with an offset beyond 2^53 is larger than any file.
  if (bytes > 0 && offset + bytes > part.sizeBytes) {
    return unreadable(name, dtype, shape, `${named} takes the bytes from ${offset} to ${offset + bytes}, and the file ends at ${part.sizeBytes}. ${REMEDY}.`);
  }
  return {
    name,
    dtype,
    shape,
    elements,
    bytes,
    segments: bytes > 0 ? [{ file: part.file, offset, length: bytes }] : [],
    ...(!part.header.isLittle && needsSwapping(dtype) && { byteOrder: 'big' as const }),
  };
}

function needsSwapping(dtype: NumericDtype): boolean {
  return !isPlain(dtype) || blockOf(dtype).bytes > 1;
}

function unreadable(name: string, dtype: NumericDtype | undefined, shape: readonly number[], reason: string): WeightDraft {
  const elements = shape.reduce((product, length) => product * length, 1);
  // Of a type that is not known there is nothing to say; bytes are the smallest that it can be.
  const known = dtype ?? 'uint8';
  const bytes = storedBytes(known, elements);
  if (!Number.isSafeInteger(bytes)) return unreadable(name, dtype, [0], reason);
  return { name, dtype: known, shape, elements, bytes, segments: [], unreadable: reason };
}

/** What a reader that trusts the header would stumble over: programs refuse such files, and the values may be another tensor's. */
function layoutProblems(part: GgufPart, weights: readonly WeightDraft[]): Problem[] {
  const { alignment, dataOffset, tensors } = part.header;
  const problems: Problem[] = [];
  const placed = weights.flatMap(({ segments: [segment] }, tensor) => (segment ? [{ tensor, start: segment.offset, end: segment.offset + segment.length }] : []));
  for (const { tensor } of placed) {
    const { name, offset } = tensors[tensor]!;
    if (offset % alignment === 0) continue;
    problems.push({ tensor, message: `${part.path} places ${quote(name)} at ${offset}, which is no multiple of its alignment, ${alignment}`, remedy: `llama.cpp refuses such a file. ${REMEDY}.` });
  }
  placed.sort((a, b) => a.start - b.start || a.end - b.end);
  let end = dataOffset;
  let before: number | undefined;
  let gapBytes = 0;
  for (const { tensor, start, end: own } of placed) {
    if (start < end && before !== undefined) {
      problems.push({ tensor, message: `${part.path} places ${quote(tensors[tensor]!.name)} over ${quote(tensors[before]!.name)}: the bytes from ${start} to ${Math.min(end, own)} belong to both`, remedy: `At least one of them has the values of the other. ${REMEDY}.` });
    }
    if (start - end >= alignment) gapBytes += start - end;
    if (own < end) continue;
    end = own;
    before = tensor;
  }
  const isComplete = placed.length === tensors.length;
  if (gapBytes > 0 && isComplete) {
    problems.push({ message: `${part.path} has ${gapBytes} bytes between its tensors that belong to none`, remedy: `llama.cpp refuses such a file, and nothing says what the bytes are. ${REMEDY}.` });
  }
  return problems;
}

function duplicateProblems({ path, header }: GgufPart): Problem[] {
  return header.repeatedKeys.map((key) => ({
    message: `${path} declares its metadata ${quote(key)} more than once; the first value is used`,
    remedy: 'llama.cpp refuses such a file. Convert the model anew.',
  }));
}
