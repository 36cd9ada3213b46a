import type { Role, UnitAxes } from '../model';
import type { Assignment, LayerDraft, WeightDraft } from './assembleModel';
import { assignByModulePath } from './moduleNames';

export interface GgufNames {
  readonly layers: readonly LayerDraft[];
  /** One for each weight, in order. */
  readonly assignments: readonly Assignment[];
}

/** What a name of llama.cpp's own means, where the conventions of PyTorch would say something else. */
interface Refinement {
  /** Of the module: the name without its last part where that is `weight`, `bias` and the like. */
  readonly module: RegExp;
  readonly role: Role;
  readonly axes?: UnitAxes;
  readonly className?: string;
}

/** From TENSOR_NAMES of gguf-py, and the tools of llama.cpp. The first that fits has it. */
const REFINEMENTS: readonly Refinement[] = [
  // convert_lora_to_gguf.py hangs the pair on the weight: attn_q.weight.lora_a.
  { module: /\.lora_[ab]$/, role: 'adapter' },
  // Angles and factors that follow from the configuration.
  { module: /^(?:rope_freqs|rope_factors_\w+)$|\.attn_rot_embd$/, role: 'constant' },
  // An importance matrix (llama-imatrix) is about weights and holds none.
  { module: /\.(?:in_sum2|counts)$/, role: 'constant' },
  // NVFP4: a factor for a whole tensor.
  { module: /\.(?:input_)?scale$/, role: 'quantization' },
  { module: /\.exp_probs_b$/, role: 'bias' },
  { module: /(?:^|\.)(?:time_mix_ln|pre_ln|post_ln)$/, role: 'normScale' },
  // Each channel of a state space model or a short convolution has a filter of its own.
  { module: /\.(?:ssm_conv1d(?:_[qkv])?|shortconv\.conv)$/, role: 'kernel', axes: { output: 0 }, className: 'DepthwiseConv1d' },
  // States and decays, a number or a few for each channel.
  { module: /\.(?:ssm_[ad]|time_mix_(?:first|decay|r_k|k_k|k_a|w0|a0|v0|lerp_\w+)|channel_mix_lerp_\w+|attn_sinks|attn_rel_b)$/, role: 'other' },
  // The experts of a layer as one tensor: no single axis counts their units.
  { module: /\.ffn_(?:gate|up|down|gate_up)_(?:ch)?exps$/, role: 'kernel' },
  { module: /^cls(?:\.output)?$/, role: 'head', axes: { output: 0, input: 1 }, className: 'Linear' },
];

/** Layers in the order in which they compute: embeddings, the blocks by number, what comes after the last one. */
export function assignByGgufNames(weights: readonly WeightDraft[]): GgufNames {
  const { layers: drafts, assignments: guessed } = assignByModulePath(weights);
  const layers = [...drafts];
  const assignments = guessed.map((assignment, index) => {
    const weight = weights[index]!;
    const refinement = refinementOf(weight);
    if (!refinement) return assignment;
    const { name, config } = layers[assignment.layer]!;
    layers[assignment.layer] = { name, ...(refinement.className && { className: refinement.className }), ...(config && { config }) };
    const axes = weight.shape.length === 2 ? refinement.axes : undefined;
    return { layer: assignment.layer, role: roleIn(refinement, weight), ...(axes && { axes }) };
  });
  return inOrder(layers, assignments);
}

function refinementOf({ name }: WeightDraft): Refinement | undefined {
  const module = name.replace(/\.(?:weight|bias)$/, '');
  return REFINEMENTS.find((each) => each.module.test(module));
}

/** A bias stays what it is, and so does what has one axis. */
function roleIn({ role }: Refinement, { name, shape }: WeightDraft): Role {
  const isVector = shape.filter((length) => length > 1).length < 2;
  if (name.endsWith('.bias')) return role === 'normScale' ? 'normShift' : 'bias';
  return isVector && (role === 'kernel' || role === 'head') ? 'other' : role;
}

/** Encoders of pictures and sound, what leads from them to the text model, its embeddings, its blocks, its end. */
const STAGES: readonly RegExp[] = [
  /^[va]\.(?!blk\.|post_|pre_ln)/, /^[va]\.blk\./, /^[va]\./, /^(?:mm|resampler)\./,
  /^(?:token_embd|token_types|position_embd|per_layer_|altup_proj|rope_)/, /^enc\.blk\./, /^enc\./, /^dec\.blk\./, /^dec\./, /^blk\./, /^output_norm/,
];

/** Files of llama.cpp begin with the end (output.weight), and models with other names stay as they are. */
function inOrder(layers: readonly LayerDraft[], assignments: readonly Assignment[]): GgufNames {
  const ranks = layers.map(({ name }) => rankOf(name));
  if (!ranks.some(({ isBlock }) => isBlock)) return { layers, assignments };
  const order = [...layers.keys()].sort((a, b) => ranks[a]!.stage - ranks[b]!.stage || ranks[a]!.block - ranks[b]!.block || a - b);
  const place = new Uint32Array(order.length);
  order.forEach((layer, index) => (place[layer] = index));
  return { layers: order.map((layer) => layers[layer]!), assignments: assignments.map((assignment) => ({ ...assignment, layer: place[assignment.layer]! })) };
}

function rankOf(layer: string): { stage: number; block: number; isBlock: boolean } {
  const stage = STAGES.findIndex((pattern) => pattern.test(layer));
  const block = /(?:^|\.)blk\.(\d{1,9})(?:\.|$)/.exec(layer);
  return { stage: stage < 0 ? STAGES.length : stage, block: block ? Number(block[1]) : 0, isBlock: block !== null };
}
