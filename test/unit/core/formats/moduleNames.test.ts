import assert from 'node:assert/strict';
import type { Dtype } from '../../../../src/core/dtype';
import type { LayerDraft, WeightDraft } from '../../../../src/core/formats/assembleModel';
import { assignByModulePath, moduleName } from '../../../../src/core/formats/moduleNames';
import { inModuleOrder } from '../../../../src/core/formats/moduleOrder';
import type { Role, UnitAxes } from '../../../../src/core/model';

type Declared = readonly [name: string, shape: readonly number[], dtype?: Dtype];

function drafts(declared: readonly Declared[]): WeightDraft[] {
  return declared.map(([name, shape, dtype = 'float32']) => ({ name, shape, dtype, elements: shape.reduce((product, size) => product * size, 1), bytes: 0, segments: [] }));
}

interface Found {
  readonly layer: LayerDraft;
  readonly role: Role;
  readonly axes?: UnitAxes;
}

function assign(...declared: readonly Declared[]): Record<string, Found> {
  const { layers, assignments } = assignByModulePath(drafts(declared));
  return Object.fromEntries(declared.map(([name], i) => [name, { ...assignments[i]!, layer: layers[assignments[i]!.layer]! }]));
}

function roles(...declared: readonly Declared[]): Record<string, Role> {
  return Object.fromEntries(Object.entries(assign(...declared)).map(([name, { role }]) => [name, role]));
}

const UNITS_FIRST: UnitAxes = { output: 0, input: 1 };
const UNITS_LAST: UnitAxes = { output: 1, input: 0 };

describe('layers from names of modules', () => {
  it('everything before the last part is the module', () => {
    assert.deepEqual(moduleName('model.layers.12.mlp.down_proj.weight'), { path: 'model.layers.12.mlp.down_proj', parameter: 'weight' });
    assert.deepEqual(moduleName('params/Dense_0/kernel'), { path: 'params/Dense_0', parameter: 'kernel' });
    assert.deepEqual(moduleName('cls_token'), { path: 'cls_token', parameter: 'cls_token' });
    assert.deepEqual(moduleName('fc.weight (2)'), { path: 'fc', parameter: 'weight' });
    for (const name of ['', '.', '/', '...', 'a.', '.a', '__proto__', 'constructor.weight']) assert.equal(typeof moduleName(name).path, 'string');
  });

  it('what hangs below a module belongs to it', () => {
    const q = 'base_model.model.layers.0.q_proj';
    for (const below of ['lora_A.weight', 'lora_B.default.weight', 'lora_magnitude_vector.default', 'base_layer.weight', 'weight.absmax', 'weight.quant_state.bitsandbytes__nf4', 'parametrizations.weight.original0']) {
      assert.equal(moduleName(`${q}.${below}`).path, q, below);
    }
    assert.equal(moduleName('lora_unet_down_0_to_q.lora_down.weight').path, 'lora_unet_down_0_to_q');
  });

  it('wrappers around everything are left out, and one that tells copies apart is not', () => {
    const layersOf = (...names: string[]): string[] => assignByModulePath(drafts(names.map((name) => [name, [2, 2]]))).layers.map(({ name }) => name);
    assert.deepEqual(layersOf('module.fc.weight', 'module._orig_mod.conv.weight'), ['fc', 'conv']);
    assert.deepEqual(layersOf('_orig_mod.module.fc.weight', '_orig_mod.module.head.weight'), ['fc', 'head']);
    assert.deepEqual(layersOf('module.fc.weight', 'fc.weight'), ['module.fc', 'fc']);
    assert.deepEqual(layersOf('module.fc.weight', 'optimizer.state.0.exp_avg'), ['fc', 'optimizer']);
  });
});

describe('order of modules', () => {
  const sorted = (...names: string[]): string[] => inModuleOrder(drafts([...names].sort().map((name) => [name, [1]]))).map(({ name }) => name);

  it('natural, and a block as it is computed, where the file is in alphabetical order', () => {
    const names = [
      'model.embed_tokens.weight', 'model.layers.2.input_layernorm.weight', 'model.layers.2.self_attn.q_proj.weight', 'model.layers.2.self_attn.k_proj.weight', 'model.layers.2.self_attn.o_proj.weight',
      'model.layers.2.post_attention_layernorm.weight', 'model.layers.2.mlp.gate_proj.weight', 'model.layers.2.mlp.up_proj.weight', 'model.layers.2.mlp.down_proj.weight', 'model.layers.10.input_layernorm.weight', 'model.norm.weight', 'lm_head.weight',
    ];
    assert.deepEqual(sorted(...names), names);
    const resnet = ['conv1.weight', 'bn1.weight', 'bn1.bias', 'layer1.0.conv1.weight', 'layer1.0.bn1.weight', 'layer1.0.conv2.weight', 'layer1.0.bn2.weight', 'layer1.0.downsample.0.weight', 'layer2.0.conv1.weight', 'layer10.0.conv1.weight', 'fc.weight', 'fc.bias'];
    assert.deepEqual(sorted(...resnet), resnet);
  });

  it('the file\'s own, where it has one; types apart, as the safetensors library writes them', () => {
    const own = drafts([['b', [1]], ['a', [1]], ['c', [1]]]);
    assert.equal(inModuleOrder(own), own);
    const apart = drafts([['h.10.w', [1], 'float32'], ['h.9.w', [1], 'float32'], ['h.1.w', [1], 'float16'], ['h.2.w', [1], 'float16']]);
    assert.deepEqual(inModuleOrder(apart).map(({ name }) => name), ['h.1.w', 'h.2.w', 'h.9.w', 'h.10.w']);
  });
});

describe('roles by names of modules', () => {
  it('a convolutional network of torchvision', () => {
    const found = assign(
      ['conv1.weight', [64, 3, 7, 7]], ['bn1.weight', [64]], ['bn1.bias', [64]], ['bn1.running_mean', [64]], ['bn1.running_var', [64]], ['bn1.num_batches_tracked', [], 'int64'],
      ['features.1.0.weight', [64, 1, 3, 3]], ['features.1.1.weight', [64]], ['features.1.1.bias', [64]], ['up.deconv.weight', [64, 32, 2, 2]], ['se.fc.weight', [4, 64]], ['classifier.0.weight', [100, 64]], ['classifier.3.weight', [10, 100]], ['classifier.3.bias', [10]],
    );
    assert.deepEqual(Object.values(found).map(({ role }) => role), ['kernel', 'normScale', 'normShift', 'runningMean', 'runningVariance', 'constant', 'kernel', 'normScale', 'normShift', 'kernel', 'kernel', 'kernel', 'head', 'bias']);
    assert.deepEqual([found['conv1.weight']!.axes, found['features.1.0.weight']!.axes, found['up.deconv.weight']!.axes], [UNITS_FIRST, { output: 0 }, UNITS_LAST]);
    assert.deepEqual(found['features.1.0.weight']!.layer, { name: 'features.1.0', className: 'Conv2d', config: { groups: 64 } });
    assert.deepEqual([found['bn1.weight']!.layer.className, found['up.deconv.weight']!.layer.className], ['BatchNorm', 'ConvTranspose2d']);
  });

  it('the first convolution of a picture with one channel is not depthwise', () => {
    assert.deepEqual(assign(['net.0.weight', [32, 1, 3, 3]], ['net.0.bias', [32]])['net.0.weight']!.axes, UNITS_FIRST);
    assert.deepEqual(assign(['stem_dw.weight', [32, 1, 3, 3]])['stem_dw.weight']!.axes, { output: 0 });
  });

  it('a language model with experts', () => {
    const found = assign(
      ['model.embed_tokens.weight', [1000, 64]], ['model.layers.0.input_layernorm.weight', [64]], ['model.layers.0.self_attn.qkv_proj.weight', [192, 64]], ['model.layers.0.self_attn.rotary_emb.inv_freq', [8]],
      ['model.layers.0.block_sparse_moe.gate.weight', [8, 64]], ['model.layers.0.block_sparse_moe.experts.3.w1.weight', [128, 64]], ['model.norm.weight', [64]], ['lm_head.weight', [1000, 64]],
    );
    assert.deepEqual(Object.values(found).map(({ role }) => role), ['embedding', 'normScale', 'kernel', 'constant', 'kernel', 'kernel', 'normScale', 'head']);
    assert.deepEqual(found['model.embed_tokens.weight']!.axes, UNITS_LAST);
    assert.deepEqual(found['model.layers.0.self_attn.qkv_proj.weight']!.layer.config, { fused: 'q, k, v' });
    assert.deepEqual(found['model.layers.0.block_sparse_moe.experts.3.w1.weight']!.layer.config, { expert: 3 });
    // Llama's RMSNorm bears this name too.
    assert.equal(found['model.layers.0.input_layernorm.weight']!.layer.className, undefined);
  });

  it('GPT-2 keeps matrices as [in, out], others of its names do not', () => {
    const of = (attention: number[], projection: number[]): (UnitAxes | undefined)[] => {
      const found = assign(['transformer.wte.weight', [99, 8]], ['transformer.h.0.attn.bias', [1, 1, 16, 16]], ['transformer.h.0.attn.masked_bias', []], ['transformer.h.0.attn.c_attn.weight', attention], ['transformer.h.0.attn.c_proj.weight', projection]);
      assert.equal(found['transformer.h.0.attn.bias']!.role, 'constant');
      assert.equal(found['transformer.h.0.attn.masked_bias']!.role, 'constant');
      return ['c_attn', 'c_proj'].map((name) => found[`transformer.h.0.attn.${name}.weight`]!.axes);
    };
    assert.deepEqual(of([8, 24], [8, 8]), [UNITS_LAST, UNITS_LAST]);
    assert.deepEqual(of([24, 8], [8, 8]), [UNITS_FIRST, UNITS_FIRST]);
  });

  it('BERT and vision transformers', () => {
    assert.deepEqual(
      Object.values(roles(
        ['bert.embeddings.word_embeddings.weight', [99, 8]], ['bert.embeddings.position_ids', [1, 16], 'int64'], ['bert.embeddings.LayerNorm.gamma', [8]], ['bert.embeddings.LayerNorm.beta', [8]], ['bert.encoder.layer.0.attention.self.query.weight', [8, 8]], ['bert.encoder.layer.0.attention.self.query.bias', [8]],
        ['cls_token', [1, 1, 8]], ['pos_embed', [1, 17, 8]], ['patch_embed.proj.weight', [8, 3, 4, 4]], ['blocks.0.attn.qkv.weight', [24, 8]], ['blocks.0.ls1.gamma', [8]], ['blocks.0.attn.relative_position_bias_table', [9, 2]], ['blocks.0.attn.relative_position_index', [4, 4], 'int64'], ['head.weight', [5, 8]],
      )),
      ['embedding', 'constant', 'normScale', 'normShift', 'kernel', 'bias', 'other', 'embedding', 'kernel', 'kernel', 'other', 'other', 'constant', 'head'],
    );
  });

  it('a time embedding of a diffusion network is no table', () => {
    const found = assign(['time_embedding.linear_1.weight', [16, 8]], ['time_embedding.linear_1.bias', [16]], ['time_embed.weight', [16, 8]], ['time_embed.bias', [16]], ['down_blocks.0.resnets.0.norm1.weight', [8]], ['down_blocks.0.resnets.0.norm1.bias', [8]], ['conv_in.weight', [8, 4, 3, 3]], ['down_blocks.0.group_norm.weight', [8]], ['down_blocks.0.group_norm.bias', [8]]);
    assert.deepEqual(Object.values(found).map(({ role }) => role), ['kernel', 'bias', 'kernel', 'bias', 'normScale', 'normShift', 'kernel', 'normScale', 'normShift']);
    assert.equal(found['down_blocks.0.group_norm.weight']!.layer.className, 'GroupNorm');
  });

  it('adapters', () => {
    const q = 'base_model.model.model.layers.0.self_attn.q_proj';
    const found = assign([`${q}.lora_A.default.weight`, [4, 64]], [`${q}.lora_B.default.weight`, [64, 4]], [`${q}.lora_magnitude_vector.default.weight`, [64]], [`${q}.base_layer.weight`, [64, 64]], ['lora_te_q.lora_down.weight', [4, 8]], ['lora_te_q.alpha', []]);
    assert.deepEqual(Object.values(found).map(({ role }) => role), ['adapter', 'adapter', 'adapter', 'kernel', 'adapter', 'constant']);
    assert.deepEqual(found[`${q}.lora_A.default.weight`]!.layer, { name: q, className: 'Linear', config: { adapter_rank: 4 } });
  });

  it('recurrent layers', () => {
    const lstm = assign(['rnn.weight_ih_l0', [32, 4]], ['rnn.weight_hh_l0', [32, 8]], ['rnn.bias_ih_l0', [32]], ['rnn.weight_ih_l0_reverse', [32, 4]]);
    assert.deepEqual(Object.values(lstm).map(({ role, layer }) => [role, layer.className]), [['kernel', 'LSTM'], ['kernel', 'LSTM'], ['bias', 'LSTM'], ['kernel', 'LSTM']]);
    assert.deepEqual(lstm['rnn.weight_hh_l0']!.axes, UNITS_FIRST);
    assert.equal(assign(['rnn.weight_ih_l0', [24, 4]], ['rnn.weight_hh_l0', [24, 8]])['rnn.weight_hh_l0']!.layer.className, 'GRU');
  });

  it('quantized modules: codes and scales are no weights', () => {
    const gptq = assign(['l.q_proj.qweight', [1, 8], 'int32'], ['l.q_proj.qzeros', [1, 1], 'int32'], ['l.q_proj.scales', [1, 8], 'float16'], ['l.q_proj.g_idx', [8], 'int32'], ['l.q_proj.bias', [8]]);
    assert.deepEqual(Object.values(gptq).map(({ role }) => role), ['quantization', 'quantization', 'quantization', 'quantization', 'bias']);
    assert.deepEqual(gptq['l.q_proj.qweight']!.layer, { name: 'l.q_proj', className: 'Linear', config: { quantization: 'GPTQ' } });
    assert.deepEqual(Object.values(roles(['a.weight', [8, 1], 'uint8'], ['a.weight.absmax', [1]], ['a.weight.quant_map', [16]], ['b.weight', [8, 8], 'float8_e4m3fn'], ['b.weight_scale_inv', [1, 1]], ['b.input_scale', []], ['c.scale', []], ['c.zero_point', [], 'int64'])),
      ['quantization', 'quantization', 'quantization', 'kernel', 'quantization', 'quantization', 'quantization', 'quantization']);
  });

  it('optimizer states, whatever their name', () => {
    const found = assign(['hidden.weight', [4, 4]], ['optimizer.state.0.exp_avg', [4, 4]], ['optimizer_states.0.state.1.step', []], ['state.3.momentum_buffer', [4]]);
    assert.deepEqual(Object.values(found).map(({ role, layer }) => [role, layer.name]), [['kernel', 'hidden'], ['optimizer', 'optimizer'], ['optimizer', 'optimizer'], ['optimizer', 'optimizer']]);
  });

  it('names of Flax, and matrices that lie either way', () => {
    const found = assign(['params/Dense_0/kernel', [4, 9]], ['params/Dense_0/bias', [9]], ['params/LayerNorm_0/scale', [9]], ['params/LayerNorm_0/bias', [9]], ['params/Embed_0/embedding', [50, 4]], ['mlp/w', [4, 9]], ['mlp/b', [9]], ['w', [4, 4]]);
    assert.deepEqual(Object.values(found).map(({ role }) => role), ['kernel', 'bias', 'normScale', 'normShift', 'embedding', 'kernel', 'bias', 'kernel']);
    assert.deepEqual(['params/Dense_0/kernel', 'params/Embed_0/embedding', 'mlp/w', 'w'].map((name) => found[name]!.axes), [UNITS_LAST, UNITS_LAST, UNITS_LAST, undefined]);
  });

  it('llama.cpp', () => {
    const found = assign(['token_embd.weight', [99, 8]], ['blk.0.attn_norm.weight', [8]], ['blk.0.ffn_gate_exps.weight', [4, 16, 8]], ['rope_freqs.weight', [4]], ['output_norm.weight', [8]], ['output.weight', [99, 8]]);
    assert.deepEqual(Object.values(found).map(({ role }) => role), ['embedding', 'normScale', 'kernel', 'constant', 'normScale', 'head']);
    assert.equal(found['blk.0.ffn_gate_exps.weight']!.axes, undefined);
  });

  it('one module of a hundred thousand parameters, and long names, take no longer than they should', () => {
    const start = performance.now();
    assignByModulePath(drafts(Array.from({ length: 100_000 }, (_, i) => [`a.p${i}`, [2]] as const)));
    assignByModulePath(drafts([[`${'lora_A.'.repeat(100_000)}weight`, [2, 2]], ['experts.'.repeat(100_000), [2, 2]], ['classifier.'.repeat(20_000), [2, 2]], ['a'.repeat(1_000_000), [2, 2]]]));
    const took = performance.now() - start;
    assert.ok(took < 10_000, `${took.toFixed(0)} ms`);
  });
});
