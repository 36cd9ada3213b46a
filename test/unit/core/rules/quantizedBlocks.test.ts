import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findingsOf } from '../../../../src/core/rules/index';
import type { Finding } from '../../../../src/core/rules/rule';
import { openFile, statisticsOf } from '../../../support/fixtureModels';
import { buildGguf } from '../../../support/ggufBuilder';
import type { GgufTensor } from '../../../support/ggufBuilder';
import { Random } from '../../../support/random';
import { normal } from '../../../support/samplers';

const ROWS = 192;
const COLUMNS = 256;
const BLOCK = 32;
const random = new Random(23);

type Kind = 'Q4_0' | 'Q8_0';

/** Half floats of positive numbers that are not subnormal. */
function halfBits(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) + Math.round((value / 2 ** exponent - 1) * 1024);
}

/** Weights of a trained kernel, rows of different scale, quantized as ggml does it. */
function blocks(kind: Kind): Uint8Array {
  const blockBytes = kind === 'Q8_0' ? 34 : 18;
  const bytes = new Uint8Array((ROWS * COLUMNS) / BLOCK * blockBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let row = 0; row < ROWS; row++) {
    const sigma = 0.03 * Math.exp(0.2 * normal(random));
    for (let block = 0; block < COLUMNS / BLOCK; block++, at += blockBytes) {
      const weights = Array.from({ length: BLOCK }, () => sigma * normal(random));
      const most = Math.max(...weights.map(Math.abs));
      const scale = most / (kind === 'Q8_0' ? 127 : 8);
      view.setUint16(at, halfBits(scale), true);
      weights.forEach((weight, i) => {
        if (kind === 'Q8_0') view.setInt8(at + 2 + i, Math.round(weight / scale));
        else bytes[at + 2 + (i % 16)]! |= Math.min(15, Math.round(weight / scale) + 8) << (i < 16 ? 0 : 4);
      });
    }
  }
  return bytes;
}

function norm(): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: COLUMNS }, () => 1 + 0.2 * normal(random)).buffer);
}

function model(kind: Kind): GgufTensor[] {
  return [0, 1, 2].flatMap((block) => [
    { name: `blk.${block}.attn_norm.weight`, shape: [COLUMNS], data: norm() },
    ...['attn_q', 'attn_k', 'ffn_up'].map((name): GgufTensor => ({ name: `blk.${block}.${name}.weight`, shape: [ROWS, COLUMNS], dtype: kind, data: blocks(kind) })),
  ]);
}

async function findingsIn(tensors: readonly GgufTensor[]): Promise<readonly Finding[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-blocks-'));
  try {
    const file = path.join(folder, 'model.gguf');
    writeFileSync(file, buildGguf({ tensors }));
    const opened = await openFile(file);
    return findingsOf(opened, await statisticsOf(opened), new Map());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same model with the scale of one block of one tensor changed. */
function withScale(tensors: readonly GgufTensor[], bits: number): readonly GgufTensor[] {
  return tensors.map((tensor) => {
    if (tensor.name !== 'blk.1.attn_k.weight') return tensor;
    const data = tensor.data!.slice();
    new DataView(data.buffer).setUint16(34 * 100, bits, true);
    return { ...tensor, data };
  });
}

describe('rules about quantized blocks', () => {
  for (const kind of ['Q4_0', 'Q8_0'] as const) {
    it(`find nothing in a healthy model of ${kind}`, async () => {
      assert.deepEqual((await findingsIn(model(kind))).map(({ rule, subject, message }) => [rule, subject.name, message]), []);
    });
  }

  it('name a scale that is not finite', async () => {
    for (const bits of [0x7e00, 0x7c00]) {
      const found = await findingsIn(withScale(model('Q8_0'), bits));
      const finding = found.find(({ rule }) => rule === 'non-finite-values');
      assert.equal(finding?.subject.name, 'blk.1.attn_k.weight');
      assert.equal(finding.severity, 'error');
      assert.match(finding.advice, /^1 scale of its 1.536 blocks is not finite/);
    }
  });

  it('see the weights of a scale that is far too large', async () => {
    const found = await findingsIn(withScale(model('Q8_0'), 0x7bff));
    const own = found.filter(({ subject, severity }) => subject.name === 'blk.1.attn_k.weight' && severity === 'error').map(({ rule }) => rule);
    assert.ok(own.includes('absurd-magnitude'), own.join());
  });
});
