import { integersOf, WIRE } from './protobufWire';
import type { ProtobufFile, WireField, WireRange } from './protobufWire';

/** TensorFlow's own limit (tensorflow/core/framework/tensor_shape.h). */
const MAX_RANK = 254;
/** Fields of a shape: a size and maybe a name each. */
const MAX_FIELDS = 1024;

/** A TensorShapeProto; undefined where it has no known shape, or one that no file could hold. */
export async function tensorShape(file: ProtobufFile, range: WireRange): Promise<readonly number[] | undefined> {
  const shape: number[] = [];
  for (const field of await file.message(range, MAX_FIELDS)) {
    if (field.number === 3 && field.value !== 0) return undefined;
    if (field.number !== 2 || field.wireType !== WIRE.bytes) continue;
    if (shape.length >= MAX_RANK) return undefined;
    shape.push(await sizeOf(file, field));
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  return shape.every((size) => size >= 0) && Number.isSafeInteger(elements) ? shape : undefined;
}

async function sizeOf(file: ProtobufFile, dimension: WireField): Promise<number> {
  let size = 0;
  for (const field of await file.message(dimension, MAX_FIELDS)) {
    if (field.number === 1 && field.wireType === WIRE.varint) size = integersOf(file, field, 1)[0] ?? 0;
  }
  return size;
}
