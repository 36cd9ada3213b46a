import { isWeight } from '../core/model';
import type { Model } from '../core/model';
import { SEVERITIES } from '../core/rules/rule';
import type { Finding, Severity } from '../core/rules/rule';
import { ofWhole } from '../core/statistics/evenSample';
import { layerViews } from '../protocol/pageView';
import type { LayerView } from '../protocol/pageContract';
import type { LayerGroup } from './layerGroups';
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
  readonly parent: ModelNode | RestNode | GroupNode;
}

/** Layers of a model that has too many for one level. */
export interface GroupNode {
  readonly kind: 'group';
  readonly entry: ModelEntry;
  readonly model: Model;
  readonly group: LayerGroup;
  readonly parent: ModelNode | RestNode | GroupNode;
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

export type TreeNode = ModelNode | GroupNode | LayerNode | TensorNode | RestNode | ProblemNode;

export const SORT_ORDERS = ['order', 'sparsity', 'size', 'severity'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

interface Partition {
  readonly withWeights: readonly number[];
  readonly rest: readonly number[];
}

const partitions = new WeakMap<Model, Partition>();

/** Layers that carry weights, and those that carry tensors but none that counts as a weight. Indices, in model order. */
export function partition(model: Model): Partition {
  const known = partitions.get(model);
  if (known) return known;
  const withWeights: number[] = [];
  const rest: number[] = [];
  model.layers.forEach((layer, index) => {
    if (layer.tensors.length === 0) return;
    (layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!)) ? withWeights : rest).push(index);
  });
  const found = { withWeights, rest };
  partitions.set(model, found);
  return found;
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

const viewsOfAnalysis = new WeakMap<LiveAnalysis | Model, readonly LayerView[]>();

/** Figures of every layer, once for each state of the analysis. */
export function viewsOf(model: Model, analysis: LiveAnalysis | undefined): readonly LayerView[] {
  const isOf = analysis?.model === model;
  const key = isOf ? analysis : model;
  const known = viewsOfAnalysis.get(key) ?? (isOf ? layerViews(model, analysis.statistics, analysis.findings) : layerViews(model, new Map(), []));
  viewsOfAnalysis.set(key, known);
  return known;
}

/** Figures of some layers, for rows that are looked at while an analysis runs. */
export function viewsOfLayers(model: Model, analysis: LiveAnalysis | undefined, layers: readonly number[]): readonly LayerView[] {
  const isOf = analysis?.model === model;
  return layerViews(model, isOf ? analysis.statistics : new Map(), isOf ? analysis.findings : [], layers);
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

const worstOfFindings = new WeakMap<readonly Finding[], ReadonlyMap<string, Severity>>();

/** The worst finding about one tensor. */
export function severityOfTensor(analysis: LiveAnalysis | undefined, name: string): Severity | undefined {
  if (!analysis) return undefined;
  const known = worstOfFindings.get(analysis.findings) ?? worstByTensor(analysis.findings);
  worstOfFindings.set(analysis.findings, known);
  return known.get(name);
}

function worstByTensor(findings: readonly Finding[]): Map<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const { subject, severity } of findings) {
    if (subject.kind !== 'tensor') continue;
    const known = worst.get(subject.name);
    if (!known || SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(known)) worst.set(subject.name, severity);
  }
  return worst;
}
