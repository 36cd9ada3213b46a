import assert from 'node:assert/strict';
import type { Layer } from '../../../../src/core/model';
import { layerVerdict } from '../../../../src/core/verdict/layerVerdict';
import { verdictText } from '../../../../src/core/verdict/verdict';
import type { LayerVerdict } from '../../../../src/core/verdict/verdict';
import { analysisOf } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';
import { clipped, draw, laplace, normal, studentT, twoBells, uniform, withZeros } from '../../../support/samplers';
import type { Sampler } from '../../../support/samplers';

const SHAPE = [3, 3, 16, 32];
const WEIGHTS = 4608;

function kernel(sampler: Sampler, more: Partial<HandMadeTensor> = {}): HandMadeTensor {
  return { name: 'conv/kernel', shape: SHAPE, values: draw(sampler, WEIGHTS, 7), ...more };
}

function verdict(tensors: readonly HandMadeTensor[], layer: Partial<Layer> = { className: 'Conv2D' }, more: Record<string, Partial<Layer>> = {}): LayerVerdict {
  return layerVerdict(analysisOf({ tensors, layers: { conv: layer, ...more } }), 0)!;
}

const plain = (text: string): string => text.replaceAll('\u2009', ' ');

describe('verdict on a layer', () => {
  it('expects what training leaves, and says what it is', () => {
    const bell = verdict([kernel(normal)]);
    assert.equal(bell.expected, 'expected');
    assert.match(plain(bell.sentence), /^A bell around 0, \d(\.\d)? % of the weights near zero \(a bell has 3–4 %\): usual for the last convolution\.$/);
    const heavy = verdict([kernel(laplace)]);
    assert.equal(heavy.expected, 'expected');
    assert.match(heavy.sentence, /heavy tails.*usual for the trained kernel/);
    assert.equal(verdictText(bell), `Expected: a${bell.sentence.slice(1)}`);
  });

  it('measures by what the file says of the layer', () => {
    const layers = { bn: { className: 'BatchNormalization', inputs: ['conv'] }, input: { inputs: [] } };
    const { sentence, reasons } = verdict([kernel(normal)], { className: 'Conv2D', activation: 'linear', inputs: ['input'], initializers: {} }, layers);
    assert.match(sentence, /convolution before batch normalization/);
    assert.ok(reasons.some(({ text }) => /Batch normalization \(bn\) takes the output/.test(text)));
    assert.ok(reasons.some(({ text }) => /declares no regularizer/.test(text)));
  });

  it('gives the regularizer as the reason for what it does', () => {
    const l1 = { className: 'Conv2D', regularizers: { kernel: { name: 'L1', config: { l1: 0.01 } } } };
    const zeros = (layer: Partial<Layer>): LayerVerdict => layerVerdict({ ...analysisOf({ tensors: [kernel(withZeros(normal, 0.7))], layers: { conv: layer } }), findings: [] }, 0)!;
    assert.equal(zeros(l1).expected, 'expected');
    assert.equal(zeros({ regularizers: { kernel: { name: 'L2', config: { l2: 0.01 } } } }).expected, 'noted', 'L2 makes no zeros');
    const sparse = verdict([kernel(withZeros(normal, 0.7))], l1);
    assert.ok(sparse.reasons.some(({ text }) => /Regularizer: L1/.test(text)));
    const shrunk = kernel((random) => studentT(3)(random) * (random.chance(0.6) ? 0.02 : 1));
    const tailed = layerVerdict({ ...analysisOf({ tensors: [shrunk], layers: { conv: l1 } }), findings: [] }, 0)!;
    assert.match(tailed.sentence, /where L1 \(l1 0\.01\) pulls them/);
  });

  it('compares the width with the declared initializer', () => {
    const declared = (stddev: number): Partial<Layer> => ({ className: 'Conv2D', initializers: { kernel: { name: 'RandomNormal', config: { mean: 0, stddev } } } });
    assert.match(verdict([kernel(normal)], declared(0.01)).sentence, /training has widened it to 5 times the σ of the declared RandomNormal/);
    assert.match(verdict([kernel(normal)], declared(0.1)).sentence, /narrowed it to 0\.5 times/);
    const untouched = analysisOf({ tensors: [kernel(normal)], layers: { conv: declared(0.05) } });
    assert.doesNotMatch(layerVerdict({ ...untouched, findings: [] }, 0)!.sentence, /widened|narrowed/);
  });

  it('finds worth a look what training does not leave, without calling it a fault', () => {
    for (const [sampler, words] of [[uniform, /as initializers draw weights/], [twoBells(6), /[Tt]wo humps/]] as const) {
      const found = layerVerdict({ ...analysisOf({ tensors: [kernel(sampler)] }), findings: [] }, 0)!;
      assert.equal(found.expected, 'noted', found.sentence);
      assert.match(found.sentence, words);
    }
  });

  it('expects clipped weights where a constraint is declared', () => {
    const analysis = (layer: Partial<Layer>) => ({ ...analysisOf({ tensors: [kernel(clipped(normal, 1))], layers: { conv: layer } }), findings: [] });
    assert.equal(layerVerdict(analysis({}), 0)!.expected, 'noted');
    assert.equal(layerVerdict(analysis({ constraints: { kernel: { name: 'ClipConstraint', config: {} } } }), 0)!.expected, 'expected');
  });

  it('is suspicious of what a rule warns of, in the words of the finding, then says what the rest looks like', () => {
    const values = draw(normal, WEIGHTS, 7);
    values[3] = NaN;
    const found = verdict([kernel(normal, { values })]);
    assert.equal(found.expected, 'suspicious');
    assert.match(found.sentence, /^1 of 4.?608 .*NaN; a bell around 0\.$/);
    assert.equal(found.distribution, 'A bell around 0.');
    assert.deepEqual([found.reasons[0]?.rule, found.reasons[0]?.severity], ['non-finite-values', 'error']);
  });

  it('names the weight that a finding is about, where it is not the one that is described', () => {
    const bias: HandMadeTensor = { name: 'conv/bias', values: [1, NaN] };
    assert.match(verdict([kernel(normal), bias]).sentence, /^Bias: .*NaN/);
  });

  it('is suspicious only of warnings and errors', () => {
    const base = analysisOf({ tensors: [kernel(normal)] });
    const finding = (severity: 'info' | 'warning') => ({ rule: 'r', severity, subject: { kind: 'layer', name: 'conv' } as const, message: 'Odd. Very odd.', advice: '' });
    assert.equal(layerVerdict({ ...base, findings: [finding('info')] }, 0)!.expected, 'noted');
    assert.equal(layerVerdict({ ...base, findings: [finding('warning')] }, 0)!.expected, 'suspicious');
    assert.match(layerVerdict({ ...base, findings: [finding('info'), finding('warning')] }, 0)!.sentence, /^Odd; a bell/);
  });

  it('says that it does not know', () => {
    const unread = analysisOf({ tensors: [{ name: 'conv/kernel', shape: [64] }] });
    assert.deepEqual([layerVerdict(unread, 0)!.expected, layerVerdict(unread, 0)!.sentence], ['unknown', 'Its weights have not been read yet.']);
    const few = verdict([{ name: 'conv/kernel', values: [1, 2, 4, 8] }]);
    assert.equal(few.expected, 'unknown');
    assert.match(few.sentence, /too few to show a shape/);
    assert.equal(verdict([{ name: 'conv/kernel', shape: [64], unreadable: 'gone' }]).expected, 'suspicious');
  });

  it('says nothing of layers without weights', () => {
    assert.equal(layerVerdict(analysisOf({ tensors: [{ name: 'a/shape', role: 'constant', values: [1] }] }), 0), undefined);
    assert.equal(layerVerdict(analysisOf({ tensors: [] }), 5), undefined);
  });

  it('describes normalization layers by where their scales lie', () => {
    const gamma: HandMadeTensor = { name: 'bn/gamma', values: [0.5, 1, 1.5] };
    assert.equal(layerVerdict({ ...analysisOf({ tensors: [gamma] }), findings: [] }, 0)!.sentence, '3 scales (γ) between 0.5 and 1.5, median 1.');
  });
});

describe('verdicts on a large model', () => {
  it('take some microseconds a layer, whatever the size of the model', () => {
    const { model: base, statistics } = analysisOf({ tensors: [kernel(laplace)] });
    const analysis = (count: number) => {
      const layers = Array.from({ length: count }, (_, i) => ({ name: `block_${i}`, className: 'Conv2D', tensors: [i], inputs: [`block_${i - 1}`] }));
      const model = { ...base, layers, tensors: layers.map(({ name }, i) => ({ ...base.tensors[0]!, name: `${name}/kernel`, layer: i })) };
      return { model, statistics: new Map(layers.map((_, i) => [i, { ...statistics.get(0)! }])), failures: new Map<number, string>(), findings: [], complete: true };
    };
    const cpuMs = (count: number): number => {
      const large = analysis(count);
      const began = process.cpuUsage();
      for (let i = 0; i < count; i++) assert.equal(layerVerdict(large, i)?.shape, 'heavyTailed');
      const { user } = process.cpuUsage(began);
      return user / 1000;
    };
    cpuMs(2000);
    const ms = cpuMs(10_000);
    // Some 200 ms are usual; a cost that grows with the square of the layers would take minutes.
    assert.ok(ms < 3000, `${ms} ms`);
  });
});
