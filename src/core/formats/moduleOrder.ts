import type { WeightDraft } from './assembleModel';

/**
 * Files whose names stand in alphabetical order say nothing of the order in which a network computes. Modules are then in natural order (2 before 10),
 * and the well-known parts of a block as it computes them: embeddings, attention between its normalizations, feed-forward, head.
 */
const RANKS: readonly (readonly [RegExp, number])[] = [
  [/embed|^(?:wte|wpe|shared|token_embd|stem|patch_embed|cls_token|pos_embed|position_embd|embeddings)$/i, 0],
  [/^conv(?:_?1|_stem|_in)?$/, 1],
  [/^bn1$/, 2],
  [/^(?:input_layernorm|ln_?1|norm1|attention_norm|attn_norm|layernorm_before|layer_norm1|pre_attention_layernorm|gate|router|qkv|qkv_proj|query_key_value|Wqkv|in_proj|q_proj|query|wq|to_q|attn_q|gate_proj|w1|fc1|c_attn|c_fc|self|lora_A|lora_down|weight)$/, 3],
  [/^(?:k_proj|key|wk|to_k|attn_k|up_proj|w3|self_attn|attn|attention|self_attention|lora_B|lora_up|bias)$/, 4],
  [/^(?:v_proj|value|wv|to_v|attn_v|crossattention|encoder_attn|conv2|running_mean)$/, 5],
  [/^(?:bn2|o_proj|out_proj|wo|to_out|attn_output|post_attention_layernorm|ln_?2|norm2|ffn_norm|layernorm_after|layer_norm2|down_proj|w2|fc2|c_proj|running_var)$/, 6],
  [/^(?:mlp|ffn|feed_forward|block_sparse_moe|intermediate|conv3)$/, 7],
  [/^(?:bn3|output|dense)$/, 8],
  [/^(?:norm|ln_f|final_layernorm|final_layer_norm|final_norm|layernorm|downsample|norm_f|conv_norm_out|ln_post|post_layernorm|pooler)$/, 10],
  [/^(?:conv_out|lm_head|head|heads|classifier|fc|score|qa_outputs|embed_out|proj_out|cls|logits)$/, 11],
];
const OTHER_RANK = 9;

/** Weights as they are where the file has an order of its own, else in the order of RANKS. Stable. */
export function inModuleOrder<Weight extends Pick<WeightDraft, 'name' | 'dtype'>>(weights: readonly Weight[]): readonly Weight[] {
  if (!isAlphabetical(weights)) return weights;
  const keys = weights.map(({ name }) => keyOf(name));
  return [...keys.keys()].sort((a, b) => compareKeys(keys[a]!, keys[b]!)).map((index) => weights[index]!);
}

/** As a whole, or within each type: the safetensors library puts wide types first. */
function isAlphabetical(weights: readonly Pick<WeightDraft, 'name' | 'dtype'>[]): boolean {
  const last = new Map<string, string>();
  return weights.every(({ name, dtype }) => {
    const before = last.get(dtype);
    last.set(dtype, name);
    return before === undefined || before <= name;
  });
}

interface Part {
  readonly rank: number;
  readonly text: string;
  readonly number: number;
}

const partCache = new Map<string, Part>();
/** Parts repeat from layer to layer; a file made of other ones must not fill memory. */
const MAX_CACHED_PARTS = 20_000;

function keyOf(name: string): readonly Part[] {
  return name.split(/[./]/).map(partOf);
}

function partOf(part: string): Part {
  const known = partCache.get(part);
  if (known) return known;
  const match = /^(.*?)(\d{1,15})$/.exec(part);
  const rank = RANKS.find(([pattern]) => pattern.test(part))?.[1] ?? OTHER_RANK;
  const made = { rank, text: match ? match[1]! : part, number: match ? Number(match[2]) : -1 };
  if (partCache.size >= MAX_CACHED_PARTS) partCache.clear();
  partCache.set(part, made);
  return made;
}

function compareKeys(a: readonly Part[], b: readonly Part[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const one = a[i]!;
    const other = b[i]!;
    if (one === other) continue;
    if (one.rank !== other.rank) return one.rank - other.rank;
    if (one.text !== other.text) return one.text < other.text ? -1 : 1;
    if (one.number !== other.number) return one.number - other.number;
  }
  return a.length - b.length;
}
