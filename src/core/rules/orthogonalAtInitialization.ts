import { isRecurrentKernel } from '../layerFacts';
import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { sizeWords, spectralOf } from './spectral';
import { figure } from './thresholds';

/** Two or three equal values are an accident. */
const MIN_ORDER = 8;

export const orthogonalAtInitialization = tensorRule({
  id: 'orthogonal-at-initialization',
  title: 'Still an orthogonal matrix',
  severity: 'info',
  why: 'All singular values are equal, as an orthogonal initializer leaves them, and a step of training would have changed that: the layer has not been trained.',
  whenNormal: 'Layers that are kept orthogonal on purpose (parametrization, projection after each step), fixed transforms such as Fourier or Hadamard matrices, and permutations.',
  thresholds: {
    deviation: figure(1e-3, 'of the singular value', [0, 1], 'Root mean square deviation of the squared singular values from their mean up to which they count as equal.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_ORDER && !spectral.spectrum.isPartial;
  },

  check(context: TensorContext, { deviation: limit }): Verdict | undefined {
    const { spectrum } = spectralOf(context)!;
    const { gain, deviation } = evenness(spectrum.singularValues);
    if (deviation > limit) return undefined;
    const declared = declaredOrthogonal(context);
    return {
      severity: declared ? 'warning' : 'info',
      message: `All ${spectrum.singularValues.length} singular values are ${formatNumber(gain)} (${sizeWords(spectrum)}, deviation ${formatNumber(deviation)} of their square)${declared ? ', and the file declares an orthogonal initializer' : ''}: the matrix is orthogonal${Math.abs(gain - 1) > 1e-2 ? ' up to that factor' : ''}.`,
      advice: 'If the model was trained, this layer was not: look whether it is frozen, whether gradients reach it, and whether the checkpoint was saved after training.',
      evidence: { gain, deviation, order: spectrum.singularValues.length, declared, limit },
    };
  },
});

/** ‖WᵀW / g² − I‖F / √n, with g² the mean of the squared singular values. */
function evenness(values: Float64Array): { gain: number; deviation: number } {
  const squares = values.map((value) => value * value);
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  const spread = squares.reduce((sum, square) => sum + (square / mean - 1) ** 2, 0) / squares.length;
  return { gain: Math.sqrt(mean), deviation: Math.sqrt(spread) };
}

/** For this very weight: a recurrent layer has an initializer for each of its two kernels. */
function declaredOrthogonal({ layer, tensor }: TensorContext): boolean {
  const { initializers = {} } = layer;
  const declared = isRecurrentKernel(tensor) ? (initializers['recurrent'] ?? initializers['recurrent_kernel']) : initializers['kernel'];
  return declared !== undefined && /^orthogonal$/i.test(declared.name);
}
