import assert from 'node:assert/strict';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { checkInvariants } from '../../../support/modelChecks';
import { buildModel, float32Weight, graphOf, int32Weight, openBuilt, stringWeight } from '../../../support/tfjsBuilder';
import type { BuiltWeight } from '../../../support/tfjsBuilder';

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Record<string, unknown>;
}

const text = (value: string): string => Buffer.from(value).toString('base64');
const fused = (...operations: string[]): Record<string, unknown> => ({ fused_ops: { list: { s: operations.map(text) } } });

/** A graph of these operations; every weight is a Const node. */
async function open(nodes: readonly Node[], weights: readonly BuiltWeight[], extra: Record<string, unknown> = {}, library?: unknown): Promise<Model> {
  const constants = weights.map(({ spec }) => ({ name: spec.name, op: 'Const', attr: {} })).filter(({ name }) => !nodes.some((node) => node.name === name));
  const all = [{ name: 'x', op: 'Placeholder' }, ...constants, ...nodes] as unknown as Record<string, unknown>[];
  const model = await openModel(openBuilt(buildModel([{ weights, shards: [{ path: 'w.bin' }] }], { ...graphOf(all, library), ...extra })));
  checkInvariants(model);
  assert.deepEqual(model.problems, []);
  return model;
}

/** "layer (Class, activation) <- inputs: weight=role, …" */
function told(model: Model): string[] {
  return model.layers.map((layer) => {
    const weights = layer.tensors.map((i) => `${model.tensors[i]!.name}=${model.tensors[i]!.role}`).join(', ');
    const kind = [layer.className, layer.activation].filter(Boolean).join(' ');
    return `${layer.name} (${kind}) <- ${(layer.inputs ?? []).join(' ')}: ${weights}`;
  });
}

describe('graph models', () => {
  it('a fused convolution, its folded normalization and its activation are one layer; the next one takes its output', async () => {
    const model = await open(
      [
        { name: 'StatefulPartitionedCall/net/re_lu/Relu', op: '_FusedConv2D', input: ['x', 'StatefulPartitionedCall/net/conv/Conv2D_weights', 'StatefulPartitionedCall/net/conv/Conv2D_bn_offset'], attr: { ...fused('BiasAdd', 'Relu'), strides: { list: { i: ['1', '2', '2', '1'] } }, padding: { s: text('SAME') } } },
        { name: 'StatefulPartitionedCall/net/pool/Mean', op: 'Mean', input: ['StatefulPartitionedCall/net/re_lu/Relu', 'StatefulPartitionedCall/net/pool/axes'] },
        { name: 'StatefulPartitionedCall/net/fc/Softmax', op: 'Softmax', input: ['StatefulPartitionedCall/net/fc/BiasAdd'] },
        { name: 'StatefulPartitionedCall/net/fc/BiasAdd', op: '_FusedMatMul', input: ['StatefulPartitionedCall/net/pool/Mean', 'StatefulPartitionedCall/net/fc/MatMul/ReadVariableOp', 'StatefulPartitionedCall/net/fc/BiasAdd/ReadVariableOp'], attr: fused('BiasAdd') },
      ],
      [
        float32Weight('StatefulPartitionedCall/net/fc/MatMul/ReadVariableOp', [4, 2]),
        float32Weight('StatefulPartitionedCall/net/fc/BiasAdd/ReadVariableOp', [2]),
        float32Weight('StatefulPartitionedCall/net/conv/Conv2D_weights', [3, 3, 3, 4]),
        float32Weight('StatefulPartitionedCall/net/conv/Conv2D_bn_offset', [4]),
        int32Weight('StatefulPartitionedCall/net/pool/axes', [2]),
      ],
    );
    assert.deepEqual(told(model), [
      'net/conv (Conv2D Relu) <- : StatefulPartitionedCall/net/conv/Conv2D_weights=kernel, StatefulPartitionedCall/net/conv/Conv2D_bn_offset=bias',
      'net/pool () <- : StatefulPartitionedCall/net/pool/axes=constant',
      'net/fc (MatMul Softmax) <- net/conv: StatefulPartitionedCall/net/fc/MatMul/ReadVariableOp=kernel, StatefulPartitionedCall/net/fc/BiasAdd/ReadVariableOp=bias',
    ]);
    assert.deepEqual(model.layers[0]!.config, { strides: [1, 2, 2, 1], padding: 'SAME' });
    assert.equal(model.parameters, 8 + 2 + 108 + 4);
  });

  it('unfused: a BiasAdd, an Add, a Mul behind a convolution belong to it; FusedBatchNorm is a layer of its own', async () => {
    const model = await open(
      [
        { name: 'a/kernel/read', op: 'Identity', input: ['a/kernel'] },
        { name: 'a/Conv2D', op: 'Conv2D', input: ['x', 'a/kernel/read'] },
        { name: 'a/mul', op: 'Mul', input: ['a/Conv2D', 'a/scale'] },
        { name: 'a/add', op: 'AddV2', input: ['a/mul', 'a/shift'] },
        { name: 'a/Relu6', op: 'Relu6', input: ['a/add'] },
        { name: 'b/depthwise', op: 'DepthwiseConv2dNative', input: ['a/Relu6', 'b/depthwise_weights'] },
        { name: 'b/bn/FusedBatchNormV3', op: 'FusedBatchNormV3', input: ['b/depthwise', 'b/bn/gamma', 'b/bn/beta', 'b/bn/moving_mean', 'b/bn/moving_variance'], attr: { epsilon: { f: 0.001 } } },
        { name: 'c/conv2d_transpose', op: 'Conv2DBackpropInput', input: ['c/stack', 'c/kernel', 'b/bn/FusedBatchNormV3'] },
        { name: 'c/BiasAdd', op: 'BiasAdd', input: ['c/conv2d_transpose', 'c/bias'] },
      ],
      [
        float32Weight('a/kernel', [1, 1, 3, 4]), float32Weight('a/scale', [4]), float32Weight('a/shift', [1, 1, 1, 4]), float32Weight('b/depthwise_weights', [3, 3, 4, 1]),
        float32Weight('b/bn/gamma', [4]), float32Weight('b/bn/beta', [4]), float32Weight('b/bn/moving_mean', [4]), float32Weight('b/bn/moving_variance', [4]),
        float32Weight('c/kernel', [3, 3, 2, 4]), float32Weight('c/bias', [2]), int32Weight('c/stack', [4]),
      ],
    );
    assert.deepEqual(told(model), [
      'a (Conv2D Relu6) <- : a/kernel=kernel, a/scale=normScale, a/shift=bias',
      'b (DepthwiseConv2dNative) <- a: b/depthwise_weights=kernel',
      'b/bn (FusedBatchNormV3) <- b: b/bn/gamma=normScale, b/bn/beta=normShift, b/bn/moving_mean=runningMean, b/bn/moving_variance=runningVariance',
      'c (Conv2DBackpropInput) <- b/bn: c/kernel=kernel, c/bias=bias, c/stack=constant',
    ]);
    assert.equal(model.layers[2]!.config?.['epsilon'], 0.001);
    const axes = Object.fromEntries(model.tensors.map(({ name, axes: own }) => [name, own]));
    assert.deepEqual(axes['a/kernel'], { output: 3, input: 2 });
    assert.deepEqual(axes['b/depthwise_weights'], { output: 2 });
    assert.deepEqual(axes['c/kernel'], { output: 2, input: 3 });
  });

  it('products know their sides, tables are embeddings, numbers are constants', async () => {
    const model = await open(
      [
        { name: 'emb/lookup', op: 'GatherV2', input: ['emb/table', 'x', 'emb/axis'] },
        { name: 'l/MatMul', op: 'MatMul', input: ['emb/lookup', 'l/w'], attr: { transpose_b: { b: true } } },
        { name: 'r/MatMul', op: 'MatMul', input: ['r/w', 'l/MatMul'] },
        { name: 'n/add', op: 'AddV2', input: ['r/MatMul', 'n/epsilon'] },
        { name: 'n/mul', op: 'Mul', input: ['n/add', 'n/one'] },
        { name: 'p/Reshape', op: 'Reshape', input: ['n/mul', 'p/shape'] },
        { name: 'p/Equal', op: 'Equal', input: ['p/Reshape', 'p/labels'] },
      ],
      [
        float32Weight('emb/table', [10, 3]), int32Weight('emb/axis', []), float32Weight('l/w', [5, 3]), float32Weight('r/w', [7, 5]), float32Weight('n/epsilon', []), float32Weight('n/one', [1, 1]),
        int32Weight('p/shape', [2]), stringWeight('p/labels', [2], ['a', 'b']),
      ],
    );
    const find = (name: string): Model['tensors'][number] => model.tensors.find((tensor) => tensor.name === name)!;
    assert.deepEqual(model.tensors.filter(({ role }) => role === 'constant').map(({ name }) => name), ['emb/axis', 'n/epsilon', 'n/one', 'p/shape', 'p/labels']);
    assert.equal(find('emb/table').role, 'embedding');
    assert.deepEqual(find('emb/table').axes, { output: 1, input: 0 });
    assert.deepEqual(find('l/w').axes, { output: 0, input: 1 });
    assert.deepEqual(find('r/w').axes, { output: 0, input: 1 });
    assert.equal(model.parameters, 30 + 15 + 35);
  });

  it('many kernels in one scope stay layers of their own; a separable pair is one', async () => {
    const model = await open(
      [
        { name: 'net/Conv2D', op: 'Conv2D', input: ['x', 'net/Const'] },
        { name: 'net/Conv2D_1', op: 'Conv2D', input: ['net/Conv2D', 'net/Const_1'] },
        { name: 'net/sep/separable_conv2d/depthwise', op: 'DepthwiseConv2dNative', input: ['net/Conv2D_1', 'net/sep/separable_conv2d/ReadVariableOp'] },
        { name: 'net/sep/separable_conv2d', op: 'Conv2D', input: ['net/sep/separable_conv2d/depthwise', 'net/sep/separable_conv2d/ReadVariableOp_1'] },
        { name: 'MatMul_3', op: 'MatMul', input: ['net/sep/separable_conv2d', 'unknown_7'] },
      ],
      [
        float32Weight('net/Const', [1, 1, 3, 3]), float32Weight('net/Const_1', [1, 1, 3, 3]), float32Weight('net/sep/separable_conv2d/ReadVariableOp', [3, 3, 3, 1]),
        float32Weight('net/sep/separable_conv2d/ReadVariableOp_1', [1, 1, 3, 4]), float32Weight('unknown_7', [4, 2]),
      ],
    );
    assert.deepEqual(model.layers.map(({ name, className, inputs }) => [name, className, inputs]), [
      ['net/Conv2D', 'Conv2D', []],
      ['net/Conv2D_1', 'Conv2D', ['net/Conv2D']],
      ['net/sep', 'Conv2D', ['net/Conv2D_1']],
      ['MatMul_3', 'MatMul', ['net/sep']],
    ]);
    assert.equal(model.layers[2]!.tensors.length, 2);
  });

  it('weights of functions and of the initializer are found', async () => {
    const library = { function: [{ signature: { name: 'body' }, nodeDef: [{ name: 'body/cell/kernel', op: 'Const' }, { name: 'cell/MatMul', op: 'MatMul', input: ['args_0', 'body/cell/kernel:output:0'] }] }] };
    const model = await open(
      [{ name: 'loop', op: 'StatelessWhile', input: ['x'] }],
      [float32Weight('body/cell/kernel', [4, 4]), stringWeight('table/keys', [1], ['a'])],
      { modelInitializer: { node: [{ name: 'table/keys', op: 'Const' }, { name: 'table/init', op: 'LookupTableImportV2', input: ['table/hash', 'table/keys'] }] } },
      library,
    );
    assert.equal(model.tensors[0]!.role, 'kernel');
    assert.equal(model.layers[model.tensors[0]!.layer]!.name, 'body/cell');
    assert.equal(model.tensors[1]!.role, 'constant');
  });

  it('loops of TensorFlow 1, unknown inputs and repeated node names do no harm', async () => {
    const model = await open(
      [
        { name: 'l/Merge', op: 'Merge', input: ['x', 'l/Next'] },
        { name: 'l/MatMul', op: 'MatMul', input: ['l/Merge', 'l/kernel'] },
        { name: 'l/Next', op: 'NextIteration', input: ['l/MatMul'] },
        { name: 'l/MatMul', op: 'MatMul', input: ['nowhere', 'l/kernel'] },
        { name: 'l/self', op: 'Add', input: ['l/self', 'l/self'] },
      ],
      [float32Weight('l/kernel', [2, 2])],
    );
    assert.deepEqual(told(model), ['l (MatMul) <- : l/kernel=kernel']);
  });

  it('a graph of 100,000 nodes opens within seconds', async () => {
    const nodes: Node[] = Array.from({ length: 50_000 }, (_, i) => ({ name: `n${i}/MatMul`, op: 'MatMul', input: [i === 0 ? 'x' : `n${i - 1}/MatMul`, i < 2000 ? `n${i}/kernel` : 'x'] }));
    const weights = Array.from({ length: 2000 }, (_, i) => float32Weight(`n${i}/kernel`, [1, 1]));
    const adds: Node[] = Array.from({ length: 50_000 }, (_, i) => ({ name: `a${i}`, op: 'AddV2', input: [`n${i}/MatMul`, i === 0 ? 'x' : `a${i - 1}`] }));
    const all = [{ name: 'x', op: 'Placeholder' }, ...weights.map(({ spec }) => ({ name: spec.name, op: 'Const' })), ...nodes, ...adds] as unknown as Record<string, unknown>[];
    const files = buildModel([{ weights, shards: [{ path: 'w.bin' }] }], graphOf(all));
    const started = performance.now();
    const model = await openModel(openBuilt(files));
    assert.ok(performance.now() - started < 10_000);
    assert.equal(model.layers.length, 2000);
    assert.deepEqual(model.layers[1999]!.inputs, ['n1998']);
  });
});
