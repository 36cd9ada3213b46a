import { isWeight } from './model';
import type { Model } from './model';
import { SEVERITIES } from './rules/rule';
import type { Finding, Severity } from './rules/rule';
import type { TensorStatistics } from './statistics/tensorStatistics';

/** Figures of one layer over its weight tensors. */
export interface LayerFigures {
  /** Elements of the layer's weight tensors, read or not. */
  readonly parameters: number;
  /** Share of exact zeros, 0..1; null where none of the weights has been read. */
  readonly sparsity: number | null;
  /** Share of |w| <= 1 % of the largest magnitude of its own tensor, 0..1; null likewise. */
  readonly nearZero: number | null;
  /** Weights behind the two shares: all that have been read. */
  readonly readParameters: number;
}

/** Shares are over the weights whose statistics are there, so that they stand before the last tensor is done. */
export function layerFigures(model: Model, layerIndex: number, statistics: ReadonlyMap<number, TensorStatistics>): LayerFigures {
  let parameters = 0;
  let counted = 0;
  let zeros = 0;
  let nearZeros = 0;
  for (const index of model.layers[layerIndex]?.tensors ?? []) {
    const tensor = model.tensors[index];
    if (!tensor || !isWeight(tensor)) continue;
    parameters += tensor.elements;
    const figures = statistics.get(index);
    if (!figures) continue;
    counted += figures.count;
    zeros += figures.zeros;
    nearZeros += figures.nearZeros;
  }
  return { parameters, sparsity: shareOf(zeros, counted), nearZero: shareOf(nearZeros, counted), readParameters: counted };
}

/** Findings about the layer itself and about its tensors, in the order given. */
export function findingsOfLayer(model: Model, layerIndex: number, findings: readonly Finding[]): Finding[] {
  const layer = model.layers[layerIndex];
  if (!layer) return [];
  const tensorNames = new Set(layer.tensors.map((index) => model.tensors[index]?.name));
  return findings.filter(({ subject }) => (subject.kind === 'tensor' && tensorNames.has(subject.name)) || (subject.kind === 'layer' && subject.name === layer.name));
}

/** The worst finding of the layer and its tensors; undefined where there is none. */
export function severityOfLayer(model: Model, layerIndex: number, findings: readonly Finding[]): Severity | undefined {
  return worstSeverity(findingsOfLayer(model, layerIndex, findings));
}

export function worstSeverity(findings: readonly Finding[]): Severity | undefined {
  return SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity));
}

function shareOf(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
