import { isWeight } from '../core/model';
import type { Model } from '../core/model';
import { SEVERITIES } from '../core/rules/rule';
import type { Severity } from '../core/rules/rule';
import { ofWhole } from '../core/statistics/evenSample';
import { layerViews } from '../protocol/pageView';
import type { LayerView } from '../protocol/pageContract';
import type { LiveAnalysis, ModelEntry } from './modelEntry';

export interface ModelNode {
  readonly kind: 'model';
  readonly entry: ModelEntry;
}

export interface LayerNode {
  readonly kind: 'layer';
  readonly entry: ModelEntry;
  readonly model: Model;
  /** Index into Model.layers. */
  readonly index: number;
  readonly parent: ModelNode | RestNode;
}

export interface TensorNode {
  readonly kind: 'tensor';
  readonly entry: ModelEntry;
  readonly model: Model;
  /** Index into Model.tensors. */
  readonly index: number;
  readonly parent: LayerNode;
}

/** Layers that only carry constants: index and shape tensors of a graph, out of the way of the weights. */
export interface RestNode {
  readonly kind: 'rest';
  readonly entry: ModelEntry;
  readonly model: Model;
  readonly parent: ModelNode;
}

/** Why a model has no rows. */
export interface ProblemNode {
  readonly kind: 'problem';
  readonly entry: ModelEntry;
  readonly message: string;
  readonly parent: ModelNode;
}

export type TreeNode = ModelNode | LayerNode | TensorNode | RestNode | ProblemNode;

export const SORT_ORDERS = ['order', 'sparsity', 'size', 'severity'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

/** Layers that carry weights, and those that carry tensors but none that counts as a weight. Indices, in model order. */
export function partition(model: Model): { readonly withWeights: readonly number[]; readonly rest: readonly number[] } {
  const withWeights: number[] = [];
  const rest: number[] = [];
  model.layers.forEach((layer, index) => {
    if (layer.tensors.length === 0) return;
    (layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!)) ? withWeights : rest).push(index);
  });
  return { withWeights, rest };
}

/** Indices of layers, sorted for people: the most remarkable first, what is not known yet last, else in model order. */
export function sortLayers(layers: readonly number[], order: SortOrder, views: readonly LayerView[]): number[] {
  const weight = (index: number): number => {
    const view = views[index];
    switch (order) {
      case 'order':
        return 0;
      case 'sparsity':
        return view?.nearZero ?? -1;
      case 'size':
        return view?.parameters ?? -1;
      case 'severity':
        return view?.severity ? SEVERITIES.length - SEVERITIES.indexOf(view.severity) : 0;
    }
  };
  return [...layers].sort((a, b) => weight(b) - weight(a) || a - b);
}

const viewsOfAnalysis = new WeakMap<LiveAnalysis, readonly LayerView[]>();

/** Figures of every layer, once for each state of the analysis. */
export function viewsOf(model: Model, analysis: LiveAnalysis | undefined): readonly LayerView[] {
  if (!analysis || analysis.model !== model) return layerViews(model, new Map(), []);
  const known = viewsOfAnalysis.get(analysis) ?? layerViews(model, analysis.statistics, analysis.findings);
  viewsOfAnalysis.set(analysis, known);
  return known;
}

/** Share near zero over all weights that were counted; null before there are any. */
export function nearZeroOfModel({ model, statistics }: LiveAnalysis): number | null {
  let count = 0;
  let nearZeros = 0;
  for (const [index, figures] of statistics) {
    if (!isWeight(model.tensors[index]!)) continue;
    count += ofWhole(figures.count, figures.sampled);
    nearZeros += ofWhole(figures.nearZeros, figures.sampled);
  }
  return count > 0 ? nearZeros / count : null;
}

/** The worst finding about one tensor. */
export function severityOfTensor(analysis: LiveAnalysis | undefined, name: string): Severity | undefined {
  const own = analysis?.findings.filter(({ subject }) => subject.kind === 'tensor' && subject.name === name) ?? [];
  return SEVERITIES.find((severity) => own.some((finding) => finding.severity === severity));
}
