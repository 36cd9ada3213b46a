// Super-blocks whose codes are indices into codebooks of 4 or 8 weights (ggml-common.h: block_iq2_xxs and the like).
import { decodeFloat16 } from './decode';
import type { DequantizeBlock } from './dequantize';
import { half } from './dequantizeSmall';
import { codebook, EVEN_SIGNS } from './dequantizeTables';
import type { CodebookName } from './dequantizeTables';

/** Where a block's weights go. */
interface Place {
  readonly target: Float32Array;
  readonly out: number;
}

/** The weights of one entry, negative where a bit of `signs` is set. */
function signed(name: CodebookName, entry: number, signs: number, scale: number, { target, out }: Place): void {
  const { width, values } = codebook(name);
  for (let i = 0; i < width; i++) {
    const value = values[width * entry + i]!;
    target[out + i] = scale * ((signs >> i) & 1 ? -value : value);
  }
}

const iq2Xxs: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  scales.scale(d);
  for (let run = 0; run < 8; run++) {
    const indices = at + 2 + 8 * run;
    const rest = block.view.getUint32(indices + 4, true);
    const scale = d * (0.5 + (rest >>> 28)) * 0.25;
    for (let i = 0; i < 4; i++) {
      const signs = EVEN_SIGNS[(rest >>> (7 * i)) & 127]!;
      signed('IQ2_XXS', block.bytes[indices + i]!, signs, scale, { target, out: out + 32 * run + 8 * i });
    }
  }
};

const iq2Xs: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  scales.scale(d);
  for (let i = 0; i < 32; i++) {
    const code = block.view.getUint16(at + 2 + 2 * i, true);
    const scale = d * (0.5 + ((block.bytes[at + 66 + (i >> 2)]! >> (i & 2 ? 4 : 0)) & 15)) * 0.25;
    signed('IQ2_XS', code & 511, EVEN_SIGNS[code >> 9]!, scale, { target, out: out + 8 * i });
  }
};

const iq2S: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at);
  scales.scale(d);
  for (let i = 0; i < 32; i++) {
    const high = (bytes[at + 66 + (i >> 2)]! >> (2 * (i & 3))) & 3;
    const scale = d * (0.5 + ((bytes[at + 74 + (i >> 2)]! >> (i & 2 ? 4 : 0)) & 15)) * 0.25;
    signed('IQ2_S', bytes[at + 2 + i]! | (high << 8), bytes[at + 34 + i]!, scale, { target, out: out + 8 * i });
  }
};

const iq3Xxs: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  scales.scale(d);
  for (let run = 0; run < 8; run++) {
    const rest = block.view.getUint32(at + 66 + 4 * run, true);
    const scale = d * (0.5 + (rest >>> 28)) * 0.5;
    for (let i = 0; i < 8; i++) {
      const signs = EVEN_SIGNS[(rest >>> (7 * (i >> 1))) & 127]! >> (4 * (i & 1));
      signed('IQ3_XXS', block.bytes[at + 2 + 8 * run + i]!, signs, scale, { target, out: out + 32 * run + 4 * i });
    }
  }
};

const iq3S: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at);
  scales.scale(d);
  for (let i = 0; i < 64; i++) {
    const high = (bytes[at + 66 + (i >> 3)]! >> (i & 7)) & 1;
    const scale = d * (1 + 2 * ((bytes[at + 106 + (i >> 4)]! >> (i & 8 ? 4 : 0)) & 15));
    const signs = bytes[at + 74 + (i >> 1)]! >> (4 * (i & 1));
    signed('IQ3_S', bytes[at + 2 + i]! | (high << 8), signs, scale, { target, out: out + 4 * i });
  }
};

/** All weights of an entry are moved by an eighth. */
const DELTA = 0.125;

function moved(entry: number, delta: number, scale: number, { target, out }: Place): void {
  const { values } = codebook('IQ1_S');
  for (let i = 0; i < 8; i++) target[out + i] = scale * (values[8 * entry + i]! + delta);
}

const iq1S: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  scales.scale(d);
  for (let i = 0; i < 32; i++) {
    const high = block.view.getUint16(at + 34 + 2 * (i >> 2), true);
    const entry = block.bytes[at + 2 + i]! | (((high >> (3 * (i & 3))) & 7) << 8);
    moved(entry, high & 0x8000 ? -DELTA : DELTA, d * (2 * ((high >> 12) & 7) + 1), { target, out: out + 8 * i });
  }
};

/** The one type whose scale lies in four pieces, in the upper bits of the words of the runs' scales. */
const iq1M: DequantizeBlock = (block, at, target, out, scales) => {
  const word = (index: number): number => block.view.getUint16(at + 48 + 2 * index, true);
  const d = decodeFloat16((word(0) >> 12) | ((word(1) >> 8) & 0xf0) | ((word(2) >> 4) & 0xf00) | (word(3) & 0xf000));
  scales.scale(d);
  for (let i = 0; i < 32; i++) {
    const high = (block.bytes[at + 32 + (i >> 1)]! >> (4 * (i & 1))) & 15;
    const scale = d * (2 * ((word(i >> 3) >> (3 * ((i >> 1) & 3))) & 7) + 1);
    moved(block.bytes[at + i]! | ((high & 7) << 8), high & 8 ? -DELTA : DELTA, scale, { target, out: out + 8 * i });
  }
};

export const GRID_BLOCKS = { IQ1_M: iq1M, IQ1_S: iq1S, IQ2_S: iq2S, IQ2_XS: iq2Xs, IQ2_XXS: iq2Xxs, IQ3_S: iq3S, IQ3_XXS: iq3Xxs } as const satisfies Record<string, DequantizeBlock>;
