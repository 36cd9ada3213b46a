import { Random } from '../test/support/random';
import { normal } from './faults/tensors';
import { float32Weight } from './savedModel';
import type { SavedModel, SavedWeight } from './savedModel';

const WIDTH = 48;
const HIDDEN = 128;
const VOCABULARY = 2400;
const BLOCKS = 4;
const RANK = 4;

/**
 * A language model's manifest, with names as transformers have them and weights that look trained: correlated, tails a little
 * heavier than normal. Nobody trained it: faults of such models are planted in it, and it does not count as healthy.
 */
export function languageModel(seed: number): SavedModel {
  const random = new Random(seed);
  const blocks = Array.from({ length: BLOCKS }, (_, block) => {
    const name = (part: string): string => `model/layers.${block}/${part}`;
    return [
      scales(random, name('input_layernorm')),
      ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].flatMap((part) => [matrix(random, name(`self_attn/${part}/kernel`), WIDTH, WIDTH), ...adapter(random, name(`self_attn/${part}`))]),
      scales(random, name('post_attention_layernorm')),
      matrix(random, name('mlp/up_proj/kernel'), WIDTH, HIDDEN), matrix(random, name('mlp/down_proj/kernel'), HIDDEN, WIDTH),
    ];
  });
  return { weights: [matrix(random, 'model/embed_tokens/embeddings', VOCABULARY, WIDTH), ...blocks.flat(), scales(random, 'model/final_layernorm'), matrix(random, 'lm_head/kernel', WIDTH, VOCABULARY)] };
}

function matrix(random: Random, name: string, inputs: number, outputs: number): SavedWeight {
  const left = Array.from({ length: inputs * RANK }, () => normal(random));
  const right = Array.from({ length: outputs * RANK }, () => normal(random));
  const values = Float32Array.from({ length: inputs * outputs }, (_, i) => {
    const row = Math.floor(i / outputs);
    const column = i % outputs;
    let sum = 0;
    for (let k = 0; k < RANK; k++) sum += left[row * RANK + k]! * right[column * RANK + k]!;
    return (0.25 * sum + heavy(random)) / Math.sqrt(inputs);
  });
  return float32Weight(name, [inputs, outputs], values);
}

/** Student's t with eight degrees of freedom. */
function heavy(random: Random): number {
  let squares = 0;
  for (let i = 0; i < 8; i++) squares += normal(random) ** 2;
  return normal(random) / Math.sqrt(squares / 8);
}

function adapter(random: Random, name: string): SavedWeight[] {
  const draw = (length: number, size: number): Float32Array => Float32Array.from({ length }, () => size * heavy(random));
  return [float32Weight(`${name}/lora_A`, [WIDTH, 8], draw(WIDTH * 8, 0.1)), float32Weight(`${name}/lora_B`, [8, WIDTH], draw(WIDTH * 8, 0.02))];
}

function scales(random: Random, name: string): SavedWeight {
  return float32Weight(`${name}/gamma`, [WIDTH], Float32Array.from({ length: WIDTH }, () => 1 + 0.1 * normal(random)));
}
