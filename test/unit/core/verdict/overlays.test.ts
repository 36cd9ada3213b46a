import assert from 'node:assert/strict';
import type { Layer, Tensor } from '../../../../src/core/model';
import { overlaysOf } from '../../../../src/core/verdict/overlays';
import type { Overlay } from '../../../../src/core/verdict/overlay';
import { draw, laplace, normal, studentT, truncatedNormal, uniform, withZeros } from '../../../support/samplers';
import type { Sampler } from '../../../support/samplers';
import { scanned } from '../../../support/scanned';

const TENSOR: Tensor = { name: 'conv/kernel', layer: 0, role: 'kernel', dtype: 'float32', shape: [3, 3, 32, 64], elements: 18_432, bytes: 73_728, segments: [] };

function overlays(sampler: Sampler, layer: Partial<Layer> = {}, scale = 0.05): readonly Overlay[] {
  return overlaysOf({ name: 'conv', tensors: [0], ...layer }, TENSOR, scanned(draw(sampler, TENSOR.elements, 9, scale)));
}

describe('overlays of a histogram', () => {
  it('put the distribution that fits first', () => {
    const first = (sampler: Sampler): string => overlays(sampler)[0]!.kind;
    assert.equal(first(normal), 'normal');
    assert.equal(first(laplace), 'laplace');
    assert.equal(first(studentT(3)), 'studentT');
    assert.equal(first(uniform), 'uniform');
  });

  it('say the distance in words', () => {
    const [bell] = overlays(normal);
    assert.ok(bell!.distance < 0.01);
    assert.match(bell!.words, /^The histogram differs from a bell by at most (<.)?\d(\.\d)?.% of the weights \(Kolmogorov–Smirnov\)\.$/);
    assert.match(overlays(studentT(3))[0]!.label, /^Student t \(ν (2\.\d|3(\.\d)?)\)$/);
  });

  it('leave zeros out where there are many, and say so', () => {
    const [bell] = overlays(withZeros(normal, 0.4));
    assert.equal(bell!.kind, 'normal');
    assert.ok(Math.abs(bell!.weights - 0.6 * TENSOR.elements) < 300);
    assert.match(bell!.words, /of the non-zero weights/);
  });

  it('have the declared initializer, first where the weights are still what it draws', () => {
    const glorot: Partial<Layer> = { initializers: { kernel: { name: 'GlorotNormal', config: {} } } };
    const sigma = Math.sqrt(2 / (9 * 32 + 9 * 64)) / 0.8796;
    const [fresh] = overlays(truncatedNormal, glorot, sigma);
    assert.equal(fresh!.kind, 'initializer');
    assert.match(fresh!.label, /^declared Glorot ?normal$/i);
    assert.ok(fresh!.distance < 0.02, `${fresh!.distance}`);
    const trained = overlays(laplace, glorot);
    assert.equal(trained[0]!.kind, 'laplace');
    assert.ok(trained.some(({ kind, distance }) => kind === 'initializer' && distance > 0.05));
  });

  it('cross a port as JSON', () => {
    const all = overlays(laplace, { initializers: { kernel: { name: 'HeUniform', config: {} } } });
    assert.deepEqual(JSON.parse(JSON.stringify(all)), all);
    assert.equal(new Set(all.map(({ kind }) => kind)).size, all.length);
  });

  it('are none where there is nothing to fit', () => {
    assert.deepEqual(overlaysOf({ name: 'a', tensors: [0] }, TENSOR, scanned([1, 1, 1])), []);
    assert.deepEqual(overlaysOf({ name: 'a', tensors: [0] }, TENSOR, scanned([NaN])), []);
  });
});
