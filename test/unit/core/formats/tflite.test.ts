import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import { sparseIndices } from '../../../../src/core/formats/tfliteSparse';
import type { TfliteDimension } from '../../../../src/core/formats/tfliteSchema';
import type { Model } from '../../../../src/core/model';
import { describeFixtures, FIXTURE_MODELS, openFile } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'tflite', name)));
const openBytes = (bytes: Uint8Array): Promise<Model> => openModel(memorySource(new Map([['m.tflite', bytes]]), 'm.tflite'));

/** Whatever the bytes are: a sound model, or an error that a person can read. */
async function survives(bytes: Uint8Array): Promise<void> {
  try {
    checkInvariants(await openBytes(bytes));
  } catch (error) {
    assert.ok(error instanceof HumanError, String((error as Error).stack));
  }
}

/** name: [class, activation, [role, output axis] of each weight] */
async function outline(name: string): Promise<Record<string, unknown>> {
  const model = await openFile(path.join(FIXTURE_MODELS, 'tflite', name));
  return Object.fromEntries(model.layers.map((layer) => [layer.name, [layer.className, layer.activation, layer.tensors.map((i) => [model.tensors[i]!.role, model.tensors[i]!.axes?.output]).filter(([role]) => role !== 'constant')]]));
}

describe('TensorFlow Lite', () => {
  describeFixtures('tflite');

  const network = (kernel: string): Record<string, unknown> => ({
    'tiny_1/stem_1': ['Conv2D', 'Relu', kernel === 'first' ? [['kernel', 0], ['bias', undefined]] : [['bias', undefined], ['kernel', 0]]],
    'tiny_1/up_1': ['TransposeConv', undefined, [['kernel', 0]]],
    'tiny_1/flat_1': ['Reshape', undefined, []],
    'tiny_1/dense_1': ['FullyConnected', 'Tanh', [['kernel', 0]]],
    'tiny_1/logits_1': ['FullyConnected', undefined, [['kernel', 0]]],
  });

  it('makes layers of the operators that read constants', async () => {
    assert.deepEqual(await outline('float32.tflite'), { ...network('last'), 'tiny_1/depthwise_1': ['DepthwiseConv2D', 'Relu6', [['kernel', 3]]] });
  });

  it('looks through the DEQUANTIZE before half floats', async () => {
    assert.deepEqual(await outline('float16.tflite'), { ...network('first'), 'tiny_1/depthwise_1': ['DepthwiseConv2D', 'Relu6', [['kernel', 3]]] });
  });

  it('takes int32 with scales for biases', async () => {
    assert.deepEqual(await outline('int8.tflite'), { ...network('last'), 'tiny_1/depthwise_1': ['DepthwiseConv2D', 'Relu6', [['kernel', 3], ['bias', undefined]]] });
  });

  it('follows constants into the branches of an IF', async () => {
    assert.deepEqual(Object.values(await outline('branches.tflite')), [['BatchMatMul', undefined, [['kernel', 1]]], ['BatchMatMul', undefined, [['kernel', 1]]]]);
  });

  it('names its inputs and its producer', async () => {
    const model = await openFile(path.join(FIXTURE_MODELS, 'tflite', 'float32.tflite'));
    assert.equal(model.producer, 'MLIR Converted, for TensorFlow Lite 1.14.0 or newer');
    assert.deepEqual(model.layers.find(({ name }) => name === 'tiny_1/dense_1')!.inputs, ['tiny_1/up_1']);
  });

  it('puts the name of the entry before the layers of a bundle', async () => {
    assert.deepEqual(Object.keys(await outline('bundle.task')), ['int4/Conv2D', 'branches/cond', 'branches/cond (2)']);
  });

  it('never throws anything but a HumanError, wherever the file is cut', async function () {
    this.timeout(60_000);
    for (const name of ['float32.tflite', 'sparse.tflite', 'types.tflite', 'large.tflite', 'bundle.task']) {
      const bytes = fixture(name);
      const step = Math.max(1, Math.floor(bytes.length / 300));
      for (let length = 0; length < bytes.length; length += length < 200 ? 1 : step) await survives(bytes.subarray(0, length));
    }
  });

  it('survives each offset, count and vtable set to what leads nowhere', async function () {
    this.timeout(60_000);
    const bytes = fixture('sparse.tflite');
    for (const value of [1, 0x7fffffff, 0xffffffff]) {
      for (let at = 0; at + 4 <= bytes.length; at += 4) {
        const changed = bytes.slice();
        new DataView(changed.buffer).setUint32(at, value, true);
        await survives(changed);
      }
    }
  });

  it('says what is damaged where the root lies beyond the file', async () => {
    const bytes = fixture('float32.tflite');
    new DataView(bytes.buffer).setUint32(0, 0x7fffffff, true);
    await assert.rejects(openBytes(bytes), /m\.tflite is damaged: it refers to 4 bytes at 2147483647, and the file ends at \d+\. Fetch it again/);
  });

  describe('sparse tensors', () => {
    const dense = (denseSize: number): TfliteDimension => ({ isSparse: false, denseSize, segments: [], indices: [] });
    const rows = (segments: number[], indices: number[]): TfliteDimension => ({ isSparse: true, denseSize: 0, segments, indices });

    it('puts the values of rows in their places', () => {
      const sparsity = { order: [0, 1], blockMap: [], dimensions: [dense(2), rows([0, 2, 3], [1, 3, 0])] };
      assert.deepEqual(sparseIndices([2, 4], sparsity, 3), Float64Array.of(1, 3, 4));
    });

    it('puts the values of blocks in their places', () => {
      const sparsity = { order: [0, 1, 2], blockMap: [1], dimensions: [dense(2), rows([0, 1, 2], [1, 0]), dense(2)] };
      assert.deepEqual(sparseIndices([2, 4], sparsity, 4), Float64Array.of(2, 3, 4, 5));
    });

    it('refuses what makes no sense', () => {
      const lies: [TfliteDimension, RegExp][] = [
        [rows([0, 9, 3], [1, 3, 0]), /beyond its indices/],
        [rows([0, 2, 3], [1, 7, 0]), /outside of its 4 places/],
        [rows([0, 2, 2], [1, 3]), /stores 3 values and describes 2/],
        [rows([0, 3, 2], [1, 3, 0]), /beyond its indices/],
        [rows([0, 2, 4], [1, 3, 0, 1]), /more values than are stored/],
        [dense(5), /contradict its shape/],
      ];
      for (const [lie, told] of lies) assert.match(String(sparseIndices([2, 4], { order: [0, 1], blockMap: [], dimensions: [dense(2), lie] }, 3)), told);
      assert.match(String(sparseIndices([2, 4], { order: [0, 0], blockMap: [], dimensions: [dense(2), dense(4)] }, 8)), /order of traversal/);
    });
  });
});
