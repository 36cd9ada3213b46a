import type { Layer, Role, Tensor } from '../model';
import { formatNumber } from '../numberText';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import type { Shape } from './shape';

const NAMES: Partial<Record<Role, string>> = {
  normScale: 'scales (γ)', normShift: 'shifts (β)', runningMean: 'running means', runningVariance: 'running variances', bias: 'biases',
};

/** What a layer without a kernel is judged by: where its numbers lie. */
export function vectorWords(tensor: Tensor, layer: Layer, statistics: TensorStatistics, shape: Shape): string {
  const name = NAMES[tensor.role] ?? (/^(?:add|mul|sub)/i.test(layer.className ?? '') ? 'constants' : 'values');
  const { min, max, quantiles, count } = statistics;
  if (min === null || max === null) return `none of the ${count} ${name} is a finite number`;
  if (shape.kind === 'zero' || shape.kind === 'constant') return count === 1 ? `one value, ${formatNumber(min)}` : `all ${count} ${name} are ${formatNumber(min)}`;
  return `${count} ${name} between ${formatNumber(min)} and ${formatNumber(max)}, median ${formatNumber(quantiles[4])}`;
}
