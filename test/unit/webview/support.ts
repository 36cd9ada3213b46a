import type { Layer, Model, Tensor } from '../../../src/core/model';
import type { PageState, TensorView } from '../../../src/protocol/pageContract';
import type { Theme } from '../../../src/webview/theme';

export const THEME: Theme = {
  foreground: 'rgb(200, 200, 200)', muted: 'rgb(120, 120, 120)', background: 'rgb(30, 30, 30)', grid: 'rgb(60, 60, 60)', focus: 'rgb(0, 120, 212)', selection: 'rgb(4, 57, 94)',
  blue: 'rgb(0, 0, 255)', orange: 'rgb(255, 128, 0)', red: 'rgb(255, 0, 0)', yellow: 'rgb(255, 255, 0)', green: 'rgb(0, 255, 0)', purple: 'rgb(128, 0, 255)',
  error: 'rgb(240, 0, 0)', warning: 'rgb(200, 160, 0)', info: 'rgb(0, 100, 255)', highContrast: false, fontFamily: 'sans-serif', fontSize: 13,
};

type Figures = TensorView['figures'];

export function figures(more: Partial<Figures> = {}): Figures {
  return {
    count: 1000, zeros: 0, nearZeros: 100, nan: 0, positiveInfinity: 0, negativeInfinity: 0, min: -1, max: 1, mean: 0, standardDeviation: 0.3, skewness: 0, excessKurtosis: 0,
    l1Norm: 1, l2Norm: 1, quantiles: [-0.9, -0.7, -0.5, -0.2, 0, 0.2, 0.5, 0.7, 0.9], ...more,
  };
}

export function tensor(name: string, layer: number, more: Partial<Tensor> = {}): Tensor {
  return { name, layer, role: 'kernel', dtype: 'float32', shape: [4], elements: 4, bytes: 16, segments: [], ...more };
}

export function pageState(layers: readonly Layer[], tensors: readonly Tensor[], more: Partial<PageState> = {}): PageState {
  const model: Model = { name: 'model.json', path: '/m/model.json', format: 'tfjs-layers', formatTitle: 'TensorFlow.js layers model', files: [], bytes: 0, layers, tensors, parameters: 0, problems: [] };
  return {
    model, rules: [], nearZeroRatio: 0.01, histogramBins: 100, tensors: [], layers: layers.map((_, index) => ({ index, parameters: 4, sparsity: null, nearZero: null, severity: null })),
    failures: [], findings: [], silenced: 0, assessment: { sentences: [] }, progress: { kind: 'done', fromCache: false, elapsedMs: 1 }, ...more,
  };
}

export function tensorView(index: number, more: Partial<Figures> = {}): TensorView {
  return { index, figures: figures(more), sparkline: [1, 2, 1], histogram: { edges: [-1, 0, 1], counts: [500, 500] } };
}
