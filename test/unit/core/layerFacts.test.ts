import assert from 'node:assert/strict';
import { factsOf, hasTopology, isRecurrentKernel, recurrentKind, tiedTensors } from '../../../src/core/layerFacts';
import type { LayerFacts } from '../../../src/core/layerFacts';
import type { Layer, Model } from '../../../src/core/model';
import { openModel } from '../../../src/core/formats/index';
import { analysisOf } from '../../support/handMade';
import type { HandMadeTensor } from '../../support/handMade';
import { memorySource } from '../../support/memorySource';

type Layers = Readonly<Record<string, Partial<Layer>>>;

/** A chain: each layer takes the output of the one before it, unless it says otherwise. */
function chain(layers: Layers, weights: readonly string[] = []): Model {
  const names = Object.keys(layers);
  const linked = Object.fromEntries(names.map((name, i) => [name, { inputs: i > 0 ? [names[i - 1]!] : [], ...layers[name] }]));
  return analysisOf({ tensors: weights.map(tensor), layers: linked }).model;
}

function tensor(name: string): HandMadeTensor {
  return { name, shape: name.endsWith('kernel') || name.endsWith('embeddings') ? [4, 4] : [4] };
}

function facts(model: Model, name: string): LayerFacts {
  return factsOf(model, model.layers.find((layer) => layer.name === name)!);
}

const CONV = { className: 'Conv2D', activation: 'linear' };
const BN = { className: 'BatchNormalization' };

describe('what a model says of its layers', () => {
  describe('activation', () => {
    const activation = (layers: Layers, of = 'conv'): unknown => {
      const { name, kind, isNormalizedFirst } = facts(chain(layers), of).activation ?? {};
      return name === undefined ? undefined : [name, kind, isNormalizedFirst];
    };

    it("is the layer's own", () => {
      assert.deepEqual(activation({ conv: { className: 'Conv2D', activation: 'relu' }, next: CONV }), ['relu', 'rectifier', false]);
    });

    it('is that of a layer behind it, with or without a normalization or a reshaping between', () => {
      assert.deepEqual(activation({ conv: CONV, act: { className: 'Activation', activation: 'relu6' } }), ['relu6', 'rectifier', false]);
      assert.deepEqual(activation({ conv: CONV, bn: BN, act: { className: 'LeakyReLU' } }), ['LeakyReLU', 'leaky', true]);
      assert.deepEqual(activation({ conv: CONV, pad: { className: 'ZeroPadding2D' }, drop: { className: 'Dropout' }, act: { className: 'ELU' } }), ['ELU', 'saturating', false]);
      assert.deepEqual(activation({ conv: CONV, bn: BN, act: { className: 'PReLU' } }, 'bn'), ['PReLU', 'leaky', false]);
    });

    it('is leaky for a ReLU layer that declares a slope, and a rectifier for one that does not', () => {
      assert.deepEqual(activation({ conv: CONV, act: { className: 'ReLU', config: { negative_slope: 0.3 } } }), ['ReLU', 'leaky', false]);
      assert.deepEqual(activation({ conv: CONV, act: { className: 'ReLU', config: { negative_slope: 0, max_value: 6 } } }), ['ReLU', 'rectifier', false]);
    });

    it('is known to be none where the layer says linear and nothing follows, and unknown where the file does not say', () => {
      assert.deepEqual(activation({ conv: CONV, pool: { className: 'MaxPooling2D' }, act: { className: 'ReLU' } }), ['linear', 'linear', false]);
      assert.equal(activation({ conv: { className: 'Conv2D' } }), undefined);
      assert.equal(activation({ conv: {} }), undefined);
    });

    it('is not claimed where the output goes elsewhere too', () => {
      assert.equal(activation({ conv: {}, act: { className: 'ReLU' }, add: { className: 'Add', inputs: ['conv', 'act'] } }), undefined);
    });

    it('does not know a function that is not in the table', () => {
      assert.deepEqual(activation({ conv: { className: 'Dense', activation: 'my_own' } }), ['my_own', 'other', false]);
    });
  });

  describe('normalization', () => {
    const after = (layers: Layers): string | undefined => facts(chain(layers), 'conv').normalizationAfter?.name;
    const before = (layers: Layers): string | undefined => facts(chain(layers), 'conv').normalizationBefore?.name;

    it('follows directly, through a dropout but not through an activation', () => {
      assert.equal(after({ conv: CONV, bn: BN }), 'bn');
      assert.equal(after({ conv: CONV, drop: { className: 'SpatialDropout2D' }, bn: BN }), 'bn');
      assert.equal(after({ conv: CONV, act: { className: 'Activation', activation: 'relu' }, bn: BN }), undefined);
      assert.equal(after({ conv: { className: 'Conv2D', activation: 'relu' }, bn: BN }), undefined);
      assert.equal(after({ conv: CONV, bn: BN, add: { className: 'Add', inputs: ['conv', 'bn'] } }), undefined);
    });

    it('precedes directly, but not with an activation between', () => {
      assert.equal(before({ bn: BN, conv: CONV }), 'bn');
      assert.equal(before({ bn: BN, act: { className: 'ReLU' }, conv: CONV }), undefined);
    });

    it('is told in graphs by the operation, where both carry the name of the activation behind them', () => {
      const fused = { className: 'FusedBatchNormV3' };
      assert.equal(after({ conv: { className: 'Conv2D', activation: 'Relu' }, bn: { ...fused, activation: 'Relu' } }), 'bn');
      assert.equal(after({ conv: { className: 'Conv2D', activation: 'Relu' }, bn: fused }), undefined);
      assert.equal(before({ bn: { ...fused, activation: 'Relu6' }, conv: { className: 'Conv2D' } }), undefined);
    });

    it('of layers or groups is none of batches', () => {
      assert.equal(after({ conv: CONV, ln: { className: 'LayerNormalization' } }), undefined);
    });
  });

  it('tells regularizers that are absent from those that a file would not keep', () => {
    const l2 = { kernel: { name: 'L2', config: { l2: 0.01 } } };
    const glorot = { kernel: { name: 'GlorotUniform', config: {} } };
    const model = chain({ a: { initializers: glorot, regularizers: l2 }, b: { initializers: glorot }, c: {} });
    assert.deepEqual(['a', 'b', 'c'].map((name) => facts(model, name).regularization), ['declared', 'none', 'unknown']);
  });

  it('finds the dropout before or after a layer, up to the next kernel, and that of recurrent layers', () => {
    const drop = { className: 'Dropout', config: { rate: 0.4 } };
    const model = chain({ a: CONV, pool: { className: 'MaxPooling2D' }, drop, b: CONV, c: CONV, rnn: { className: 'LSTM', config: { dropout: 0, recurrent_dropout: 0.2 } } }, ['a/kernel', 'b/kernel', 'c/kernel', 'rnn/kernel']);
    assert.deepEqual(facts(model, 'a').dropout, { layer: 'drop', rate: 0.4 });
    assert.deepEqual(facts(model, 'b').dropout, { layer: 'drop', rate: 0.4 });
    assert.equal(facts(model, 'c').dropout, undefined);
    assert.deepEqual(facts(model, 'rnn').dropout, { layer: 'rnn', rate: 0.2 });
  });

  it('knows depthwise, grouped, embedding and recurrent layers', () => {
    const model = chain({ dw: { className: 'DepthwiseConv2D' }, grouped: { className: 'Conv2D', config: { groups: 4 } }, words: { className: 'Embedding' }, rnn: { className: 'LSTM', config: { unit_forget_bias: true } } }, ['words/embeddings', 'rnn/kernel']);
    assert.ok(facts(model, 'dw').isDepthwise && !facts(model, 'grouped').isDepthwise);
    assert.equal(facts(model, 'grouped').groups, 4);
    assert.ok(facts(model, 'words').isEmbedding);
    assert.deepEqual([facts(model, 'rnn').recurrent, facts(model, 'rnn').hasForgetBias], ['LSTM', true]);
    assert.deepEqual(['CuDNNGRU', 'LSTMCell', 'ConvLSTM2D', 'BlockLSTMV2', 'GRUBlockCell', 'Dense'].map((className) => recurrentKind({ name: '', tensors: [], className })), ['GRU', 'LSTM', 'ConvLSTM', 'LSTM', 'GRU', undefined]);
  });

  it('tells recurrent kernels by the weight name', () => {
    const names = ['lstm/lstm_cell/recurrent_kernel', 'gru/recurrent_kernel_1:0', 'rnn.weight_hh_l0_reverse', 'lstm/kernel', 'rnn.weight_ih_l0'];
    assert.deepEqual(names.map((name) => isRecurrentKernel({ ...chain({}, ['a/kernel']).tensors[0]!, name })), [true, true, true, false, false]);
  });

  describe('head', () => {
    const heads = (model: Model): string[] => model.layers.filter((layer) => factsOf(model, layer).isHead).map(({ name }) => name);

    it('is the last layer with a kernel, whatever comes behind it', () => {
      assert.deepEqual(heads(chain({ a: CONV, b: {}, soft: { className: 'Softmax' } }, ['a/kernel', 'b/kernel'])), ['b']);
    });

    it('may be several in a model with several outputs', () => {
      const model = chain({ a: CONV, box: { inputs: ['a'] }, score: { inputs: ['a'] } }, ['a/kernel', 'box/kernel', 'score/kernel']);
      assert.deepEqual(heads(model), ['box', 'score']);
    });

    it('is the last one in the file where the file has no topology', () => {
      const { model } = analysisOf({ tensors: [tensor('a/kernel'), tensor('b/kernel'), tensor('b/bias')] });
      assert.equal(hasTopology(model), false);
      assert.deepEqual(heads(model), ['b']);
    });
  });

  it('finds tensors that lie on the same bytes', () => {
    const place = { segments: [{ file: 0, offset: 64, length: 64 }] };
    const { model } = analysisOf({ tensors: [{ ...tensor('embed/embeddings'), ...place }, { ...tensor('head/kernel'), ...place }, tensor('other/kernel')] });
    assert.deepEqual(model.tensors.map((one) => tiedTensors(model, one).map(({ name }) => name)), [['head/kernel'], ['embed/embeddings'], []]);
  });

  it('survives a topology that runs in circles', () => {
    const model = chain({ a: { inputs: ['b'] }, b: { inputs: ['a'] }, c: { inputs: ['c'] } }, ['a/kernel', 'b/kernel', 'c/kernel']);
    assert.doesNotThrow(() => model.layers.map((layer) => factsOf(model, layer)));
  });

  it('takes time in proportion to the layers', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `layer${i}`);
    const model: Model = { ...chain({}), layers: names.map((name, i) => ({ name, tensors: [], className: i % 2 ? 'Dropout' : 'Conv2D', inputs: i ? [names[i - 1]!] : [] })) };
    const start = performance.now();
    for (const layer of model.layers) factsOf(model, layer);
    // Quadratic time would be 400 million steps, some seconds; this takes some 30 ms.
    assert.ok(performance.now() - start < 1500);
  });

  it('reads them from a real file of Keras', async () => {
    const config = (name: string, more: object): object => ({ name, ...more });
    const initializer = { class_name: 'VarianceScaling', config: { scale: 1, mode: 'fan_avg', distribution: 'uniform', seed: null } };
    const layers = [
      { class_name: 'Conv2D', config: config('conv', { filters: 2, kernel_size: [1, 1], activation: 'linear', kernel_initializer: initializer, kernel_regularizer: null, batch_input_shape: [null, 4, 4, 3] }) },
      { class_name: 'BatchNormalization', config: config('bn', { epsilon: 0.001 }) },
      { class_name: 'LeakyReLU', config: config('leaky', { alpha: 0.3 }) },
    ];
    const json = { format: 'layers-model', modelTopology: { class_name: 'Sequential', config: { name: 's', layers } }, weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'conv/kernel', shape: [1, 1, 3, 2], dtype: 'float32' }] }] };
    const model = await openModel(memorySource(new Map([['model.json', Buffer.from(JSON.stringify(json))], ['w.bin', new Uint8Array(24)]]), 'model.json'));
    const found = facts(model, 'conv');
    assert.equal(found.normalizationAfter?.name, 'bn');
    assert.deepEqual(found.activation, { name: 'LeakyReLU', kind: 'leaky', layer: 'leaky', isNormalizedFirst: true });
    assert.equal(found.regularization, 'none');
    assert.ok(found.isHead);
  });
});
