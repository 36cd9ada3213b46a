import type { Role, UnitAxes } from '../model';
import type { Assignment } from './assembleModel';
import type { Member, Members } from './moduleMembers';
import { axesOf } from './weightNames';


/** A module and its parameters by their names below it. */
export interface ModuleGroup {
  readonly path: string;
  /** Of the path. */
  readonly last: string;
  readonly isOptimizer: boolean;
  readonly members: Members;
}

export interface ModuleModel {
  readonly groups: readonly ModuleGroup[];
  /** The matrices of GPT-2's names are [in, out]. */
  readonly isTransposed: boolean;
  readonly firstKernel: ModuleGroup | undefined;
  readonly lastHeads: ReadonlySet<ModuleGroup>;
}

const OPTIMIZER = /^(?:optimizers?(?:_states?)?|optim(?:_states?)?|opt_state|lr_schedulers?)(?:[./]|$)|(?:^|[./_])(?:exp_avg(?:_sq)?|max_exp_avg_sq|momentum_buffer|square_avg|acc_delta)(?:[./]|$)/;

const ADAPTER = /^(?:lora_|hada_w|lokr_w|dora_scale$)/;
const ADAPTER_PATH = /(?:^|[./_])(?:lora|adapters?)(?:$|[./_])/;

/** Of GPTQ, AWQ, bitsandbytes, compressed-tensors, FP8, HQQ, AQLM, quanto, torch.ao and gpt-oss. */
const QUANTIZATION = /^(?:qweight|qzeros|scales|scales_and_zeros|g_idx|perm|SCB|SCBt|CB|weight_format|W_q|codes|codebooks|(?:weight|input|output|act|k|v|q|kv|up|down|gate)_scales?(?:_inv|_2)?|(?:weight|input|output)_zero_points?|weight_(?:packed|shape|g_idx)|\w+_proj_(?:blocks|scales)|q?weight[./].+|(?:weight_fake_quant|activation_post_process)[./].+)$/;

/** Buffers: computed, not learned. */
const CONSTANT = /(?:^|[./_])(?:inv_freq|original_inv_freq|position_ids|token_type_ids|masked_bias|num_batches_tracked|relative_position_index|attn_mask|causal_mask|cos_cached|sin_cached|freqs_cis|freqs_cos|freqs_sin|anchors|anchor_grid|stride|strides|total_ops|total_params|n_averaged|weight_mask|bias_mask|alpha|sigmas|betas|alphas_cumprod)$/;
const CONSTANT_PATH = /(?:^|[./])(?:rope_freqs|rope_factors\w*)$/;

const NORM_NAME = /norm|^(?:ln|bn|gn|in)_?(?:\d+|[a-z]{1,4})?$/i;
const EMBEDDING_NAME = /(?:^|_)(?:embed|emb|embd|embedding)s?(?:_(?:tokens?|positions?|in|words?|ids))?$|^(?:wte|wpe|shared|relative_attention_bias|token_types)$/i;
const HEAD_NAME = /^(?:lm_head|mlm_head|classifier|score|qa_outputs|embed_out|logits|output_layer|head|cls_head|heads)$/;
/** Heads only where they are not deep inside: the attention of many networks has an `output` too. */
const TOP_HEADS: ReadonlySet<string> = new Set(['fc', 'output', 'proj_out', 'linear_head']);
const TOP_HEAD = /^(?:(?:model|module|net|network|backbone|decoder)[./])*(?:fc|output|proj_out|linear_head)$/;
const DECODER_HEAD = /(?:^|[./])(?:cls[./]predictions|lm_head)[./]decoder$/;

const KERNELS = new Set(['weight', 'weight_v', 'weight_orig', 'kernel', 'w', 'in_proj_weight', 'q_proj_weight', 'k_proj_weight', 'v_proj_weight', 'base_layer.weight', 'modules_to_save.default.weight']);
const TRANSPOSED_NAME = /transpose|deconv|^(?:convt|up_?conv|upconv)\d*(?:$|_)/i;
const DEPTHWISE_NAME = /depthwise|(?:^|_)dw(?:_?conv)?(?:$|_|\d)|dwconv/i;

/** Whole numbers that are no codes of a weight: sizes, indices, masks. */
const INDEX_TYPES = new Set(['int16', 'int32', 'int64', 'uint16', 'uint32', 'uint64', 'bool']);

export function isModuleOptimizer(name: string): boolean {
  return OPTIMIZER.test(name);
}

export function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('.'), path.lastIndexOf('/')) + 1);
}

/** A parameter in its module. */
export interface PlacedParameter {
  readonly group: ModuleGroup;
  readonly parameter: string;
  readonly weight: Member;
}

export function assignmentOf(model: ModuleModel, layer: number, { group, parameter, weight }: PlacedParameter): Assignment {
  const role = roleOf(model, group, parameter, weight);
  const axes = moduleAxes(model, group, parameter, weight, role);
  return axes ? { layer, role, axes } : { layer, role };
}

function roleOf(model: ModuleModel, group: ModuleGroup, parameter: string, weight: Member): Role {
  if (group.isOptimizer) return 'optimizer';
  const { path } = group;
  if (ADAPTER.test(parameter) || (ADAPTER_PATH.test(path) && parameter === 'weight')) return 'adapter';
  if (QUANTIZATION.test(parameter) || isQuantizationPair(group, parameter, weight)) return 'quantization';
  if (CONSTANT.test(parameter) || CONSTANT_PATH.test(path)) return 'constant';
  if (INDEX_TYPES.has(weight.dtype)) return 'constant';
  return vectorRole(group, parameter, weight) ?? kernelRole(model, group, parameter, weight) ?? 'other';
}

/** torch.ao keeps the output's scale and zero point in the module; packed codes say nothing without what stands beside them. */
function isQuantizationPair({ members }: ModuleGroup, parameter: string, { elements, dtype }: Member): boolean {
  if ((parameter === 'scale' || parameter === 'zero_point') && members.has('scale') && members.has('zero_point')) return elements === 1;
  return parameter === 'weight' && (dtype === 'uint8' || dtype === 'int8') && members.names.some((name) => name.startsWith('weight.'));
}

function vectorRole(group: ModuleGroup, parameter: string, { shape }: Member): Role | undefined {
  switch (parameter) {
    case 'running_mean':
    case 'moving_mean':
      return 'runningMean';
    case 'running_var':
    case 'moving_variance':
      return 'runningVariance';
    case 'mean':
      return group.members.has('var') ? 'runningMean' : undefined;
    case 'var':
      return group.members.has('mean') ? 'runningVariance' : undefined;
    case 'beta':
      return 'normShift';
    case 'gamma':
      // Alone it scales a residual branch (LayerScale), and starts near zero on purpose.
      return group.members.has('beta') ? 'normScale' : undefined;
    case 'weight':
    case 'scale':
      return isNormalization(group) ? 'normScale' : undefined;
    default:
      break;
  }
  if (/^(?:bias|b|biases|base_layer\.bias|dt_bias|in_proj_bias|out_proj_bias|bias_[ih]h_l\d+(?:_reverse)?|bias_[ih]h)$/.test(parameter) || /_bias$/.test(parameter)) {
    // GPT-2 keeps its causal mask under this name.
    if (parameter === 'bias' && shape.length === 4 && shape[0] === 1 && shape[1] === 1) return 'constant';
    return parameter === 'bias' && isNormalization(group) ? 'normShift' : 'bias';
  }
  return undefined;
}

/**
 * Statistics tell, then the name of the module; without either, a vector with a bias of its own length and nothing else: only a normalization
 * has these.
 */
export function isNormalization({ last, members }: ModuleGroup): boolean {
  if (members.has('running_mean') || members.has('running_var') || (members.has('mean') && members.has('var'))) return true;
  const weight = members.get('weight') ?? members.get('scale');
  const bias = members.get('bias');
  if (!weight) return bias !== undefined && members.size === 1 && NORM_NAME.test(last) && bias.shape.length === 1;
  if (weight.shape.length === 0) return false;
  const isAlike = bias !== undefined && bias.shape.join() === weight.shape.join();
  if (NORM_NAME.test(last)) return weight.shape.length === 1 || isAlike;
  return weight.shape.length === 1 && isAlike;
}

function kernelRole(model: ModuleModel, group: ModuleGroup, parameter: string, { shape }: Member): Role | undefined {
  const { last } = group;
  const hasPath = group.path !== parameter;
  const isKernel = KERNELS.has(parameter) || /^weight_[ih]h(?:_l\d+(?:_reverse)?)?$|^parametrizations\.weight\.original1?$|^(?:base_layer|modules_to_save)\..*weight$/.test(parameter);
  if (/^(?:embeddings?|pos(?:ition(?:al)?)?_embed(?:ding)?s?|positional_embedding)$/.test(parameter)) return shape.length > 1 ? 'embedding' : undefined;
  if (isKernel && shape.length > 1) {
    if (isHead(model, group)) return 'head';
    const isTable = shape.length === 2 && hasPath && EMBEDDING_NAME.test(last) && !group.members.has('bias');
    return isTable ? 'embedding' : 'kernel';
  }
  if (shape.length < 2) return undefined;
  // Matrices that are parameters of a module themselves: experts in one tensor, hand-made networks.
  return /(?:^|_)(?:proj|w\d*|weights?\d*|kernel)$/i.test(parameter) || /^w\d+$|^[wW]_?\d*$/.test(parameter) ? 'kernel' : undefined;
}

function isHead({ lastHeads }: ModuleModel, group: ModuleGroup): boolean {
  return HEAD_NAME.test(group.last) || (TOP_HEADS.has(group.last) && TOP_HEAD.test(group.path)) || (group.last === 'decoder' && DECODER_HEAD.test(group.path)) || lastHeads.has(group);
}

/**
 * Unit axes as PyTorch lays kernels out: units first, then inputs. `kernel` is what Keras and Flax call theirs, whose units come last; a bias as
 * long as the other axis says the same of any matrix.
 */
function moduleAxes(model: ModuleModel, group: ModuleGroup, parameter: string, { shape }: Member, role: Role): UnitAxes | undefined {
  const rank = shape.length;
  if (role === 'embedding') return rank === 2 ? { output: 1, input: 0 } : undefined;
  if ((role !== 'kernel' && role !== 'head' && role !== 'adapter') || rank < 2 || rank > 5) return undefined;
  if (parameter === 'kernel') return axesOf('kernel', 'kernel', shape);
  if (rank === 2) return matrixAxes(model, group, parameter, shape, role);
  return /(?:^|[./])weight(?:_v|_orig)?$|original1?$/.test(parameter) ? convolutionAxes(model, group, shape) : undefined;
}

function matrixAxes(model: ModuleModel, group: ModuleGroup, parameter: string, shape: readonly number[], role: Role): UnitAxes | undefined {
  if (role === 'adapter') return { output: 0, input: 1 };
  const bias = group.members.get('bias') ?? group.members.get('b');
  if (bias?.shape.length === 1 && shape[0] !== shape[1]) {
    if (bias.shape[0] === shape[1]) return { output: 1, input: 0 };
    if (bias.shape[0] === shape[0]) return { output: 0, input: 1 };
  }
  if (model.isTransposed && isGpt2Matrix(group.path)) return { output: 1, input: 0 };
  // A matrix called `w` lies either way.
  return /weight/.test(parameter) ? { output: 0, input: 1 } : undefined;
}

export function isGpt2Matrix(path: string): boolean {
  return /(?:^|[./])h[./]\d+[./](?:attn|crossattention|mlp)[./](?:c_attn|c_proj|c_fc|q_attn)$/.test(path);
}

function convolutionAxes({ firstKernel }: ModuleModel, group: ModuleGroup, shape: readonly number[]): UnitAxes | undefined {
  if (isExpertStack(group.path)) return undefined;
  if (isTransposedConvolution(group)) return { output: 1, input: 0 };
  const isSingleChannel = shape[1] === 1 && shape[0]! > 1;
  if (isSingleChannel && (group !== firstKernel || DEPTHWISE_NAME.test(group.path))) return { output: 0 };
  return { output: 0, input: 1 };
}

export function isTransposedConvolution({ last }: ModuleGroup): boolean {
  return TRANSPOSED_NAME.test(last);
}

/** Matrices of all experts in one tensor of three axes (GGUF, and the experts of newer transformers). */
export function isExpertStack(path: string): boolean {
  return /(?:^|[./])(?:ffn_\w+_exps|experts)(?:$|[./])/.test(path) && !/experts?[./]\d+/.test(path);
}
