import * as vscode from 'vscode';
import { plural } from '../core/numberText';
import { RULES } from '../core/rules/index';
import { SEVERITIES } from '../core/rules/rule';
import type { Finding, Rule, Severity } from '../core/rules/rule';
import { findingHover } from './hoverText';
import { COMMANDS, ITEM_KINDS } from './ids';
import { rowName, visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';

interface SeverityNode {
  readonly kind: 'severity';
  readonly severity: Severity;
  readonly found: readonly Found[];
}

export interface RuleNode {
  readonly kind: 'rule';
  readonly severity: Severity;
  readonly rule: string;
  readonly found: readonly Found[];
  readonly parent: SeverityNode;
}

export interface FindingNode {
  readonly kind: 'finding';
  readonly entry: ModelEntry;
  readonly finding: Finding;
  /** A rule may say two things of one subject: this tells them apart. */
  readonly occurrence: number;
  readonly parent: RuleNode;
}

export type FindingsNode = SeverityNode | RuleNode | FindingNode;

interface Found {
  readonly entry: ModelEntry;
  readonly finding: Finding;
}

const SEVERITY_TITLES: Record<Severity, { one: string; icon: vscode.ThemeIcon }> = {
  error: { one: 'error', icon: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')) },
  warning: { one: 'warning', icon: new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground')) },
  info: { one: 'note', icon: new vscode.ThemeIcon('info', new vscode.ThemeColor('editorInfo.foreground')) },
};

/** A rule that speaks of more layers says so in one row first. */
const MOST_EXPANDED = 20;

const RULE_BY_ID = new Map<string, Rule>(RULES.map((rule) => [rule.id, rule]));

/** Findings of all analyzed models: severity → rule → layer. */
export class FindingsTree implements vscode.TreeDataProvider<FindingsNode>, vscode.Disposable {
  readonly #store: ModelStore;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];

  constructor(store: ModelStore) {
    this.#store = store;
    this.#subscriptions = [
      store.onDidChangeList(() => this.#changed.fire()),
      store.onDidChangeModel(({ findings, structure }) => (findings || structure) && this.#changed.fire()),
    ];
  }

  /** For the container's badge: what asks for a look. Notes do not. */
  count(severity: Severity): number {
    return this.#all().filter(({ finding }) => finding.severity === severity).length;
  }

  getTreeItem(node: FindingsNode): vscode.TreeItem {
    switch (node.kind) {
      case 'severity':
        return severityItem(node);
      case 'rule':
        return ruleItem(node);
      case 'finding':
        return findingItem(node, this.#modelCount() > 1);
    }
  }

  getChildren(node?: FindingsNode): FindingsNode[] {
    if (!node) {
      const all = this.#all();
      return SEVERITIES.map((severity): SeverityNode => ({ kind: 'severity', severity, found: all.filter(({ finding }) => finding.severity === severity) }))
        .filter(({ found }) => found.length > 0);
    }
    switch (node.kind) {
      case 'severity':
        return rulesOf(node);
      case 'rule':
        return findingsOfRule(node);
      case 'finding':
        return [];
    }
  }

  getParent(node: FindingsNode): FindingsNode | undefined {
    return node.kind === 'severity' ? undefined : node.parent;
  }

  resolveTreeItem(item: vscode.TreeItem, node: FindingsNode): vscode.TreeItem {
    const tooltip = tooltipOf(node);
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #all(): Found[] {
    return this.#store.entries.flatMap((entry) => (entry.analysis?.findings ?? []).map((finding) => ({ entry, finding })));
  }

  #modelCount(): number {
    return this.#store.entries.filter((entry) => (entry.analysis?.findings.length ?? 0) > 0).length;
  }
}

/** The view, its badge, and the refresh. */
export function registerFindingsView(store: ModelStore, viewId: string): vscode.Disposable {
  const tree = new FindingsTree(store);
  const view = vscode.window.createTreeView(viewId, { treeDataProvider: tree, showCollapseAll: true });
  const updateBadge = (): void => {
    const errors = tree.count('error');
    const warnings = tree.count('warning');
    view.badge = errors + warnings > 0 ? { value: errors + warnings, tooltip: `Weightgram: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}` } : undefined;
  };
  return vscode.Disposable.from(tree, view, tree.onDidChangeTreeData(updateBadge));
}

/** The layer that a finding is about; undefined where it is about the whole model. */
export function layerOfFinding(entry: ModelEntry, { subject }: Finding): string | undefined {
  switch (subject.kind) {
    case 'model':
      return undefined;
    case 'layer':
      return subject.name;
    case 'tensor': {
      const { model } = entry;
      const tensor = model?.tensors.find(({ name }) => name === subject.name);
      return tensor && model?.layers[tensor.layer]?.name;
    }
  }
}

function rulesOf(parent: SeverityNode): RuleNode[] {
  const ids = [...new Set(parent.found.map(({ finding }) => finding.rule))];
  return ids.map((rule) => ({ kind: 'rule', severity: parent.severity, rule, found: parent.found.filter(({ finding }) => finding.rule === rule), parent }));
}

function findingsOfRule(parent: RuleNode): FindingNode[] {
  const counts = new Map<string, number>();
  return parent.found.map(({ entry, finding }) => {
    const subject = `${entry.path}\n${finding.subject.kind}\n${finding.subject.name}`;
    const occurrence = counts.get(subject) ?? 0;
    counts.set(subject, occurrence + 1);
    return { kind: 'finding', entry, finding, occurrence, parent };
  });
}

function severityItem({ severity, found }: SeverityNode): vscode.TreeItem {
  const { one, icon } = SEVERITY_TITLES[severity];
  // Notes are mostly what is usual for trained networks: they wait until somebody opens them.
  const state = severity === 'info' ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded;
  const item = new vscode.TreeItem(plural(found.length, one), state);
  item.id = severity;
  item.iconPath = icon;
  return item;
}

function ruleItem({ rule, severity, found }: RuleNode): vscode.TreeItem {
  const state = found.length > MOST_EXPANDED ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded;
  const item = new vscode.TreeItem(RULE_BY_ID.get(rule)?.title ?? rule, state);
  item.id = `${severity}\n${rule}`;
  item.description = String(found.length);
  item.contextValue = ITEM_KINDS.rule;
  return item;
}

function findingItem({ entry, finding, occurrence, parent }: FindingNode, isOneOfMany: boolean): vscode.TreeItem {
  const { subject } = finding;
  const layer = layerOfFinding(entry, finding);
  const item = new vscode.TreeItem(rowName(subject.kind === 'model' ? entry.label : subject.name), vscode.TreeItemCollapsibleState.None);
  item.id = [parent.severity, finding.rule, entry.path, subject.kind, subject.name, occurrence].join('\n');
  item.description = visible(isOneOfMany && subject.kind !== 'model' ? `${entry.label} · ${finding.message}` : finding.message);
  item.iconPath = SEVERITY_TITLES[finding.severity].icon;
  item.contextValue = ITEM_KINDS.finding;
  item.command = { command: COMMANDS.showLayer, title: 'Show Layer', arguments: [entry.uri, layer] };
  return item;
}

function tooltipOf(node: FindingsNode): vscode.MarkdownString | undefined {
  switch (node.kind) {
    case 'severity':
      return undefined;
    case 'rule': {
      const rule = RULE_BY_ID.get(node.rule);
      return rule && new vscode.MarkdownString(`**${rule.title}**\n\n${rule.why}\n\n*When it is normal:* ${rule.whenNormal}`);
    }
    case 'finding':
      return new vscode.MarkdownString(findingHover(node.finding, RULE_BY_ID.get(node.finding.rule)));
  }
}
