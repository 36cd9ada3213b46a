import assert from 'node:assert/strict';
import { isNumeric, storedBytes as storedSize } from '../../src/core/dtype';
import { isWeight, ROLES } from '../../src/core/model';
import type { Model, Tensor } from '../../src/core/model';
import type { MemoryFiles } from './memorySource';
import { MEMORY_FOLDER } from './memorySource';
import { concatenate } from './tfjsBuilder';

/** What every opened model promises, whatever its file held. */
export function checkInvariants(model: Model): void {
  assert.equal(model.files[0]?.path, model.path);
  assert.equal(model.bytes, model.files.reduce((sum, file) => sum + file.sizeBytes, 0));
  unique(model.tensors.map((tensor) => tensor.name), 'tensor names');
  unique(model.layers.map((layer) => layer.name), 'layer names');
  for (const [index, tensor] of model.tensors.entries()) checkTensor(model, tensor, index);
  const members = model.layers.flatMap((layer) => layer.tensors);
  assert.deepEqual([...members].sort((a, b) => a - b), model.tensors.map((_, i) => i), 'each tensor is in one layer');
  assert.equal(model.parameters, model.tensors.reduce((sum, tensor) => sum + (isWeight(tensor) ? tensor.elements : 0), 0));
  for (const problem of model.problems) {
    assert.ok(problem.message.length > 0 && problem.remedy.length > 0);
    assert.ok(problem.tensor === undefined || model.tensors[problem.tensor] !== undefined);
  }
  structuredClone(model);
}

function checkTensor(model: Model, tensor: Tensor, index: number): void {
  const label = JSON.stringify(tensor.name.slice(0, 80));
  assert.ok(ROLES.includes(tensor.role));
  assert.ok(model.layers[tensor.layer]?.tensors.includes(index), `${label} is in the layer that it names`);
  assert.ok(Number.isSafeInteger(tensor.elements) && tensor.elements >= 0, `${label} counts ${tensor.elements}`);
  assert.ok(Number.isSafeInteger(tensor.bytes) && tensor.bytes >= 0);
  assert.ok(tensor.shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0));
  for (const axis of Object.values(tensor.axes ?? {})) assert.ok(axis >= 0 && axis < tensor.shape.length, `${label} axis ${axis}`);
  if (tensor.unreadable !== undefined) {
    assert.deepEqual(tensor.segments, []);
    assert.ok(tensor.unreadable.length > 10);
    return;
  }
  for (const { file, offset, length } of tensor.segments) {
    const isUnwritten = tensor.encoding?.kind === 'chunked' && length === 0;
    assert.ok(isUnwritten || (offset >= 0 && length > 0 && offset + length <= model.files[file]!.sizeBytes), `${label} lies inside its file`);
  }
  const isStoredPlainly = tensor.encoding === undefined || tensor.encoding.kind === 'permuted';
  if (isStoredPlainly) assert.equal(tensor.segments.reduce((sum, segment) => sum + segment.length, 0), tensor.bytes, label);
  if (isNumeric(tensor.dtype)) assert.equal(tensor.bytes, storedSize(tensor.dtype, tensor.elements), label);
}

function unique(names: readonly string[], what: string): void {
  assert.equal(new Set(names).size, names.length, `${what} are unique`);
}

/** A tensor's stored bytes, read through its segments. */
export function storedBytes(model: Model, tensor: Tensor, files: MemoryFiles): Uint8Array {
  return concatenate(
    tensor.segments.map(({ file, offset, length }) => {
      const path = model.files[file]!.path.slice(MEMORY_FOLDER.length + 1);
      return files.get(path)!.subarray(offset, offset + length);
    }),
  );
}

/** Real values as Model.Quantization defines them; float32 and int32 as they are. */
export function realValues(tensor: Tensor, bytes: Uint8Array): ArrayLike<number> {
  const buffer = bytes.slice().buffer;
  const { quantization } = tensor;
  if (quantization?.scheme === 'affine') {
    const codes = tensor.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
    const { scale, min, originalDtype } = quantization;
    if (originalDtype === 'int32') return Int32Array.from(codes, (code) => Math.round(code * scale + min));
    return Float32Array.from(codes, (code) => code * scale + min);
  }
  if (quantization?.scheme === 'float16') return Float32Array.from(new Uint16Array(buffer), halfToFloat);
  if (tensor.dtype === 'bool') return new Uint8Array(buffer);
  if (tensor.dtype === 'int32') return new Int32Array(buffer);
  return new Float32Array(buffer);
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
