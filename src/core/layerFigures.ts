import { isWeight } from './model';
import type { Layer, Model, Role } from './model';
import { SEVERITIES } from './rules/rule';
import type { Finding, Severity } from './rules/rule';
import { ofWhole } from './statistics/evenSample';
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
  let read = 0;
  let counted = 0;
  let zeros = 0;
  let nearZeros = 0;
  for (const index of model.layers[layerIndex]?.tensors ?? []) {
    const tensor = model.tensors[index];
    if (!tensor || !isWeight(tensor)) continue;
    parameters += tensor.elements;
    const figures = statistics.get(index);
    if (!figures) continue;
    read += figures.count;
    // A sample stands for its whole tensor beside others.
    counted += ofWhole(figures.count, figures.sampled);
    zeros += ofWhole(figures.zeros, figures.sampled);
    nearZeros += ofWhole(figures.nearZeros, figures.sampled);
  }
  return { parameters, sparsity: shareOf(zeros, counted), nearZero: shareOf(nearZeros, counted), readParameters: read };
}

/** Findings about the layer itself and about its tensors, in the order given. */
export function findingsOfLayer(model: Model, layerIndex: number, findings: readonly Finding[]): Finding[] {
  const layer = model.layers[layerIndex];
  if (!layer) return [];
  const tensorNames = new Set(layer.tensors.map((index) => model.tensors[index]?.name));
  return findings.filter(({ subject }) => (subject.kind === 'tensor' && tensorNames.has(subject.name)) || (subject.kind === 'layer' && subject.name === layer.name));
}

const byLayerOf = new WeakMap<readonly Finding[], { readonly model: Model; readonly byLayer: ReadonlyMap<number, readonly Finding[]> }>();

/** Findings about each layer and its tensors by index into Model.layers, the gravest first; kept as long as the list of findings is. */
export function findingsByLayer(model: Model, findings: readonly Finding[]): ReadonlyMap<number, readonly Finding[]> {
  const known = byLayerOf.get(findings);
  if (known?.model === model) return known.byLayer;
  const layerOf = new Map<string, number>();
  model.layers.forEach(({ name }, index) => layerOf.set(`layer\n${name}`, index));
  model.tensors.forEach(({ name, layer }) => layerOf.set(`tensor\n${name}`, layer));
  const byLayer = new Map<number, Finding[]>();
  for (const severity of SEVERITIES) {
    for (const finding of findings) {
      const layer = finding.severity === severity ? layerOf.get(`${finding.subject.kind}\n${finding.subject.name}`) : undefined;
      if (layer === undefined) continue;
      const own = byLayer.get(layer);
      if (own) own.push(finding);
      else byLayer.set(layer, [finding]);
    }
  }
  byLayerOf.set(findings, { model, byLayer });
  return byLayer;
}

/** The weight that says most about a layer comes first. */
const MAIN_ROLES: readonly Role[] = ['kernel', 'embedding', 'head', 'adapter', 'normScale'];

/** Index of the weight that stands for its layer: the largest of the most telling role. Undefined for a layer without weights. */
export function mainTensorOf(model: Model, layer: Layer): number | undefined {
  const weights = layer.tensors.filter((index) => isWeight(model.tensors[index]!));
  for (const role of MAIN_ROLES) {
    const found = weights.filter((index) => model.tensors[index]!.role === role);
    if (found.length > 0) return largestOf(model, found);
  }
  return largestOf(model, weights);
}

function largestOf(model: Model, tensors: readonly number[]): number | undefined {
  return tensors.reduce<number | undefined>((best, index) => (best === undefined || model.tensors[index]!.elements > model.tensors[best]!.elements ? index : best), undefined);
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
