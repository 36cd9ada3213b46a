import type { Layer, Model, Role, Tensor } from '../core/model';
import { SEVERITIES } from '../core/rules/rule';
import type { Finding, Severity } from '../core/rules/rule';
import type { LayerView, PageState, TensorView } from '../protocol/pageContract';
import type { PageData, Sort, SortKey } from './state';

/** A layer as the table shows it. The same object as long as nothing about it changes. */
export interface LayerRow {
  readonly index: number;
  readonly layer: Layer;
  readonly view: LayerView;
  /** Index into Model.tensors of the weight whose figures stand for the layer. */
  readonly mainTensor: number | undefined;
  readonly main: TensorView | undefined;
  /** Why the main weight has no figures. */
  readonly failure: string | undefined;
}

/** Every layer with weights, in model order. Rows of `previous` are kept where they still say the same. */
export function layerRows(data: PageData, previous: readonly LayerRow[] = []): LayerRow[] {
  const known = new Map(previous.map((row) => [row.index, row]));
  return data.layersWithWeights.map(({ index, mainTensor }) => {
    const row: LayerRow = {
      index,
      layer: data.model.layers[index]!,
      view: data.layers[index] ?? { index, parameters: 0, sparsity: null, nearZero: null, severity: null },
      mainTensor,
      main: mainTensor === undefined ? undefined : data.tensors.get(mainTensor),
      failure: mainTensor === undefined ? undefined : failureOf(data, mainTensor),
    };
    const old = known.get(index);
    return old && old.layer === row.layer && sameView(old.view, row.view) && old.main === row.main && old.failure === row.failure ? old : row;
  });
}

/** The host sends all layers with every update; most of them say what they said before. */
function sameView(a: LayerView, b: LayerView): boolean {
  return a === b || (a.parameters === b.parameters && a.sparsity === b.sparsity && a.nearZero === b.nearZero && a.severity === b.severity);
}

export function failureOf(data: PageData, tensor: number): string | undefined {
  return data.failures.get(tensor) ?? data.model.tensors[tensor]?.unreadable;
}

/** Words of the filter must all occur in the name or the class. */
export function filterRows(rows: readonly LayerRow[], filter: string): readonly LayerRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter(({ layer }) => {
    const text = `${layer.name} ${layer.className ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const SORT_VALUES: { readonly [K in Exclude<SortKey, 'name'>]: (row: LayerRow) => number | null } = {
  order: (row) => row.index,
  parameters: (row) => row.view.parameters,
  zeros: (row) => row.view.sparsity,
  nearZero: (row) => row.view.nearZero,
  deviation: (row) => row.main?.figures.standardDeviation ?? null,
  kurtosis: (row) => row.main?.figures.excessKurtosis ?? null,
  severity: (row) => (row.view.severity ? SEVERITIES.length - SEVERITIES.indexOf(row.view.severity) : 0),
};

/** Rows without the figure come last either way; ties keep the model's order. */
export function sortRows(rows: readonly LayerRow[], { key, descending }: Sort): readonly LayerRow[] {
  const sign = descending ? -1 : 1;
  if (key === 'name') {
    const collator = new Intl.Collator(undefined, { numeric: true });
    return [...rows].sort((a, b) => sign * collator.compare(a.layer.name, b.layer.name) || a.index - b.index);
  }
  const value = SORT_VALUES[key];
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.index - b.index;
    return sign * (x - y) || a.index - b.index;
  });
}

/** Once this way, once the other, then back to the order of the model. */
export function nextSort(sort: Sort, key: SortKey, descendingFirst: boolean): Sort {
  if (sort.key !== key) return { key, descending: descendingFirst };
  if (sort.descending === descendingFirst) return { key, descending: !descendingFirst };
  return { key: 'order', descending: false };
}

/** Names of the layers that take each layer's output. */
export function successorsOf(model: Model, name: string): readonly Layer[] {
  return model.layers.filter((layer) => layer.inputs?.includes(name));
}

export interface RuleGroup {
  readonly rule: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

export interface SeverityGroup {
  readonly severity: Severity;
  readonly count: number;
  readonly rules: readonly RuleGroup[];
}

/** Worst first; rules with the most findings first. */
export function findingGroups(findings: readonly Finding[], rules: PageState['rules']): SeverityGroup[] {
  const titles = new Map(rules.map((rule) => [rule.id, rule.title]));
  return SEVERITIES.flatMap((severity) => {
    const mine = findings.filter((finding) => finding.severity === severity);
    if (mine.length === 0) return [];
    const byRule = new Map<string, Finding[]>();
    for (const finding of mine) byRule.set(finding.rule, [...(byRule.get(finding.rule) ?? []), finding]);
    const groups = [...byRule].map(([rule, list]) => ({ rule, title: titles.get(rule) ?? rule, findings: list }));
    return [{ severity, count: mine.length, rules: groups.sort((a, b) => b.findings.length - a.findings.length) }];
  });
}

/** The layer a finding is about; undefined where it is about the model. */
export function layerOfFinding(data: PageData, finding: Finding): string | undefined {
  switch (finding.subject.kind) {
    case 'model':
      return undefined;
    case 'layer':
      return finding.subject.name;
    case 'tensor':
      return data.layerOfTensor.get(finding.subject.name);
  }
}

const ROLE_LABELS: Readonly<Record<Role, string | undefined>> = {
  kernel: 'kernel',
  bias: 'bias',
  normScale: 'γ',
  normShift: 'β',
  runningMean: 'μ',
  runningVariance: 'σ²',
  embedding: 'embedding',
  head: 'head',
  adapter: undefined,
  quantization: undefined,
  optimizer: undefined,
  constant: undefined,
  other: undefined,
};

/** Short names for a layer's tensors: by role, and by the end of their own name where a role occurs twice. */
export function tensorLabels(tensors: readonly Tensor[]): string[] {
  const labels = tensors.map((tensor) => ROLE_LABELS[tensor.role]);
  return tensors.map((tensor, i) => {
    const label = labels[i];
    const unique = label !== undefined && labels.filter((other) => other === label).length === 1;
    return unique ? label : lastSegment(tensor.name);
  });
}

export function lastSegment(name: string): string {
  const segments = name.split(/[/.]/).filter(Boolean);
  return segments.at(-1) ?? name;
}
