import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { blockOf } from '../../../src/core/dtype';
import { seededRandom } from '../../../src/core/seededRandom';
import { finishBlockScales } from '../../../src/core/statistics/blockScales';
import { dequantizeBlocks, GGML_BLOCKS } from '../../../src/core/statistics/dequantize';
import type { GgmlBlock } from '../../../src/core/statistics/dequantize';
import type { Kernel } from '../../../src/core/statistics/kernel';
import { TypeScriptKernel } from '../../../src/core/statistics/twin';
import { WasmKernel } from '../../../src/worker/wasmKernel';
import { FIXTURE_MODELS } from '../../support/fixtureModels';
import { kernelPath } from '../../support/kernelBuild';

/** Of what gguf-py makes of random bytes: test/fixtures/models/gguf/generate.py. */
const reference = JSON.parse(readFileSync(path.join(FIXTURE_MODELS, 'gguf/blocks.json'), 'utf8')) as Record<string, { blocks: number; finite: number; sha256: string }>;

/** Every block type's elements in one chunk. */
const CHUNK_ELEMENTS = 262144;

function randomBytes(name: string, count: number): Uint8Array {
  let state = new DataView(new TextEncoder().encode(name.slice(0, 4).padEnd(4, '_')).buffer).getUint32(0, true);
  return Uint8Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 11) & 255;
  });
}

function sha256(values: Float32Array): string {
  const same = values.map((value) => (Number.isNaN(value) ? NaN : value));
  return createHash('sha256').update(new Uint8Array(same.buffer)).digest('hex');
}

function inputOf(kernel: Kernel, elements: number): Float32Array {
  return new Float32Array(kernel.input.buffer, kernel.input.byteOffset, elements);
}

describe('GGUF blocks become float32', () => {
  const simd = new WasmKernel(new Uint8Array(readFileSync(kernelPath())));
  const twin = new TypeScriptKernel();

  it('there is a reference of every type', () => {
    assert.deepEqual([...GGML_BLOCKS].sort(), Object.keys(reference).sort());
  });

  for (const dtype of GGML_BLOCKS) {
    const { blocks, finite, sha256: wanted } = reference[dtype]!;
    const elements = blocks * blockOf(dtype).elements;
    const bytes = randomBytes(dtype, blocks * blockOf(dtype).bytes);

    for (const [title, kernel] of [['the SIMD kernel', simd], ['its twin', twin]] as const) {
      it(`${dtype}: ${title} has gguf-py's values, bit by bit`, () => {
        kernel.blocks.set(bytes);
        kernel.clearScales();
        kernel.dequantize(dtype, elements);
        const values = inputOf(kernel, elements);
        assert.equal(values.filter(Number.isFinite).length, finite);
        assert.equal(sha256(values), wanted);
      });
    }
  }

  for (const dtype of GGML_BLOCKS) {
    it(`${dtype}: any number of blocks up to a chunk, of any bytes: kernel and twin agree on weights and scales`, () => {
      const random = seededRandom(17);
      const most = CHUNK_ELEMENTS / blockOf(dtype).elements;
      for (const blocks of [1, 2, 3, 5, 63, Math.floor(random() * most), most]) {
        const bytes = Uint8Array.from({ length: blocks * blockOf(dtype).bytes }, () => random() * 256);
        const elements = blocks * blockOf(dtype).elements;
        const scales = [simd, twin].map((kernel) => {
          kernel.input.fill(0xee);
          kernel.blocks.fill(0xff);
          kernel.blocks.set(bytes);
          kernel.clearScales();
          kernel.dequantize(dtype, elements);
          return finishBlockScales(kernel.takeScales());
        });
        assert.equal(sha256(inputOf(simd, elements)), sha256(inputOf(twin, elements)), `${blocks} blocks`);
        assertClose(scales[0]!.scale, scales[1]!.scale);
        assert.equal(scales[0]!.min === undefined, scales[1]!.min === undefined);
        if (scales[0]!.min) assertClose(scales[0]!.min, scales[1]!.min!);
        // What lies behind the chunk is left alone.
        const behind = simd.input.subarray(4 * elements);
        assert.ok(behind.every((byte) => byte === 0xee));
      }
    });
  }

  it('without a kernel blocks are read from any place in memory', () => {
    const dtype: GgmlBlock = 'Q4_K';
    const bytes = randomBytes(dtype, 144 * 3);
    const shifted = new Uint8Array(144 * 3 + 5).subarray(5);
    shifted.set(bytes);
    const [plain, moved] = [bytes, shifted].map((source) => {
      const values = new Float32Array(768);
      dequantizeBlocks(dtype, source, 768, values);
      return values;
    });
    assert.deepEqual(plain, moved);
  });
});

function assertClose(a: ReturnType<typeof finishBlockScales>['scale'], b: typeof a): void {
  for (const figure of ['count', 'zeros', 'nonFinite', 'min', 'max'] as const) assert.equal(a[figure], b[figure], figure);
  for (const figure of ['mean', 'standardDeviation'] as const) {
    const [x, y] = [a[figure] ?? 0, b[figure] ?? 0];
    assert.ok(Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)), `${figure}: ${x}, ${y}`);
  }
  assert.deepEqual(a.quantiles, b.quantiles);
}
