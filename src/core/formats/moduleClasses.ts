import type { Assignment } from './assembleModel';
import { isExpertStack, isGpt2Matrix, isNormalization, isTransposedConvolution } from './moduleRoles';
import type { ModuleGroup } from './moduleRoles';

/** Parameters that hold several projections, one after another along the units. */
const FUSED: readonly (readonly [RegExp, string])[] = [
  [/^(?:qkv|qkv_proj|to_qkv|c_attn|Wqkv|wqkv|W_pack|query_key_value|attn_qkv|in_proj_weight)$/, 'q, k, v'],
  [/^(?:kv|kv_proj|to_kv|Wkv|key_value)$/, 'k, v'],
  [/^(?:gate_up_proj|w12|w13|gate_up)$/, 'gate, up'],
];

/** The class of a module where names and shapes leave no other; undefined where they do. */
export function classNameOf(group: ModuleGroup, assignments: readonly Assignment[]): string | undefined {
  const { members, path } = group;
  if (group.isOptimizer) return undefined;
  const recurrent = recurrentClass(group);
  if (recurrent) return recurrent;
  if (isNormalization(group)) return normalizationClass(group);
  if (members.has('in_proj_weight')) return 'MultiheadAttention';
  const kernel = members.get('weight') ?? members.get('base_layer.weight') ?? members.get('weight_v') ?? members.get('parametrizations.weight.original1');
  const rank = kernel?.shape.length ?? 0;
  if (assignments.some(({ role }) => role === 'embedding') && rank === 2) return 'Embedding';
  if (!assignments.some(({ role }) => role === 'kernel' || role === 'head')) return members.has('qweight') ? 'Linear' : undefined;
  if (rank === 2) return isGpt2Matrix(path) && assignments.some(({ axes }) => axes?.output === 1) ? 'Conv1D' : 'Linear';
  if (rank < 3 || rank > 5 || isExpertStack(path)) return undefined;
  return `Conv${isTransposedConvolution(group) ? 'Transpose' : ''}${rank - 2}d`;
}

/** By how many gates the matrix has that the state is multiplied with. */
function recurrentClass({ members }: ModuleGroup): string | undefined {
  const shape = members.get('weight_hh_l0')?.shape ?? members.get('weight_hh')?.shape;
  if (shape?.length !== 2 || !(members.has('weight_ih_l0') || members.has('weight_ih'))) return undefined;
  const cell = members.has('weight_hh') ? 'Cell' : '';
  // An LSTM with projection has a narrower state: its gates are not told by this matrix.
  if (members.has('weight_hr_l0')) return 'LSTM';
  switch (shape[0]! / shape[1]!) {
    case 4:
      return `LSTM${cell}`;
    case 3:
      return `GRU${cell}`;
    case 1:
      return `RNN${cell}`;
    default:
      return undefined;
  }
}

function normalizationClass({ last, members }: ModuleGroup): string | undefined {
  if (members.has('running_mean')) return 'BatchNorm';
  if (/rms_?norm/i.test(last)) return 'RMSNorm';
  if (/group_?norm|^gn\d*$/i.test(last)) return 'GroupNorm';
  // Without a shift, Llama and its kin call an RMSNorm by this name.
  if (members.has('bias') && /layer_?norm|^ln(?:_?\d+|_[a-z]+)?$/i.test(last)) return 'LayerNorm';
  return undefined;
}

/** What names and shapes say besides: for hovers. */
export function configOf(group: ModuleGroup, assignments: readonly Assignment[]): Record<string, unknown> | undefined {
  const { path, members } = group;
  const fused = fusedOf(group);
  const expert = /(?:^|[./])experts?[./](\d{1,9})(?=[./]|$)/.exec(path)?.[1];
  const quantization = quantizationOf(members);
  const rank = adapterRank(members);
  const groups = depthwiseGroups(group, assignments);
  if (fused === undefined && expert === undefined && quantization === undefined && rank === undefined && groups === undefined) return undefined;
  return {
    ...(fused !== undefined && { fused }),
    ...(expert !== undefined && { expert: Number(expert) }),
    ...(quantization !== undefined && { quantization }),
    ...(rank !== undefined && { adapter_rank: rank }),
    ...(groups !== undefined && { groups }),
  };
}

function fusedOf({ last, members }: ModuleGroup): string | undefined {
  for (const [pattern, words] of FUSED) {
    if (pattern.test(last)) return words;
    for (const name of members.names) if (name !== 'weight' && pattern.test(name)) return words;
  }
  return undefined;
}

function quantizationOf(members: ModuleGroup['members']): string | undefined {
  if (members.has('qweight')) return members.has('g_idx') ? 'GPTQ' : 'GPTQ or AWQ';
  if (members.has('weight_packed')) return 'compressed-tensors, packed';
  if (members.has('weight.absmax')) return 'bitsandbytes, 4 bits';
  if (members.has('SCB')) return 'bitsandbytes, 8 bits';
  if (members.has('weight_scale_inv') || members.has('weight_scale')) return 'codes with scales';
  return undefined;
}

function adapterRank(members: ModuleGroup['members']): number | undefined {
  const first = members.names.find((name) => /^lora_(?:A|down)(?:\.|$)/.test(name));
  const shape = first === undefined ? undefined : members.get(first)!.shape;
  return shape !== undefined && shape.length > 1 ? shape[0] : undefined;
}

function depthwiseGroups({ members }: ModuleGroup, assignments: readonly Assignment[]): number | undefined {
  const shape = members.get('weight')?.shape;
  const isDepthwise = shape !== undefined && shape.length > 2 && assignments.some(({ role, axes }) => role === 'kernel' && axes?.output === 0 && axes.input === undefined);
  return isDepthwise ? shape[0] : undefined;
}
