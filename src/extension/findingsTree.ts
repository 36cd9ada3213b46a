import * as vscode from 'vscode';
import { formatInteger, plural } from '../core/numberText';
import { RULES } from '../core/rules/index';
import { SEVERITIES } from '../core/rules/rule';
import type { Finding, Rule, Severity } from '../core/rules/rule';
import type { SilencedBy } from '../core/silences/silenceFile';
import { findingHover } from './hoverText';
import { COMMANDS, ITEM_KINDS } from './ids';
import { rowName, visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import type { Found } from './silencing';
import { layerOfFinding } from './subjects';

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

/** The last row: what does not show, and why. */
interface SilencesNode {
  readonly kind: 'silences';
  readonly count: number;
}

export interface SilencedNode {
  readonly kind: 'silenced';
  readonly entry: ModelEntry;
  readonly finding: Finding;
  readonly by: SilencedBy;
  readonly occurrence: number;
  readonly parent: SilencesNode;
}

export type FindingsNode = SeverityNode | RuleNode | FindingNode | SilencesNode | SilencedNode;

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

  /** Of all analyzed models. */
  silencedCount(): number {
    return this.#store.entries.reduce((sum, { analysis }) => sum + (analysis?.silenced?.length ?? 0), 0);
  }

  getTreeItem(node: FindingsNode): vscode.TreeItem {
    switch (node.kind) {
      case 'severity':
        return severityItem(node);
      case 'rule':
        return ruleItem(node);
      case 'finding':
        return findingItem(node, this.#modelCount() > 1);
      case 'silences':
        return silencesItem(node);
      case 'silenced':
        return silencedItem(node);
    }
  }

  getChildren(node?: FindingsNode): FindingsNode[] {
    if (!node) {
      const all = this.#all();
      const severities = SEVERITIES.map((severity): SeverityNode => ({ kind: 'severity', severity, found: all.filter(({ finding }) => finding.severity === severity) }));
      const silenced = this.silencedCount();
      return [...severities.filter(({ found }) => found.length > 0), ...(silenced > 0 ? [{ kind: 'silences', count: silenced } as const] : [])];
    }
    switch (node.kind) {
      case 'severity':
        return rulesOf(node);
      case 'rule':
        return findingsOfRule(node);
      case 'silences':
        return this.#silencedRows(node);
      case 'finding':
      case 'silenced':
        return [];
    }
  }

  getParent(node: FindingsNode): FindingsNode | undefined {
    return node.kind === 'severity' || node.kind === 'silences' ? undefined : node.parent;
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

  #silencedRows(parent: SilencesNode): SilencedNode[] {
    const occurrenceOf = counter();
    return this.#store.entries.flatMap((entry) => (entry.analysis?.silenced ?? []).map(({ finding, by }): SilencedNode => (
      { kind: 'silenced', entry, finding, by, occurrence: occurrenceOf(rowId(entry, finding)), parent }
    )));
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
    const silenced = tree.silencedCount();
    const words = [plural(errors, 'error'), plural(warnings, 'warning'), ...(silenced > 0 ? [`${formatInteger(silenced)} silenced`] : [])].join(', ');
    view.badge = errors + warnings > 0 ? { value: errors + warnings, tooltip: `Weightgram: ${words}` } : undefined;
  };
  return vscode.Disposable.from(tree, view, tree.onDidChangeTreeData(updateBadge));
}

function rulesOf(parent: SeverityNode): RuleNode[] {
  const ids = [...new Set(parent.found.map(({ finding }) => finding.rule))];
  return ids.map((rule) => ({ kind: 'rule', severity: parent.severity, rule, found: parent.found.filter(({ finding }) => finding.rule === rule), parent }));
}

function findingsOfRule(parent: RuleNode): FindingNode[] {
  const occurrenceOf = counter();
  return parent.found.map(({ entry, finding }) => ({ kind: 'finding', entry, finding, occurrence: occurrenceOf(rowId(entry, finding)), parent }));
}

/** How often each text has been asked for before. */
function counter(): (text: string) => number {
  const counts = new Map<string, number>();
  return (text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    return count;
  };
}

function rowId(entry: ModelEntry, { rule, subject }: Finding): string {
  return [rule, entry.path, subject.kind, subject.name].join('\n');
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
  item.id = [parent.severity, rowId(entry, finding), occurrence].join('\n');
  item.description = visible(isOneOfMany && subject.kind !== 'model' ? `${entry.label} · ${finding.message}` : finding.message);
  item.iconPath = SEVERITY_TITLES[finding.severity].icon;
  item.contextValue = ITEM_KINDS.finding;
  item.command = { command: COMMANDS.showLayer, title: 'Show Layer', arguments: [entry.uri, layer] };
  return item;
}

function silencesItem({ count }: SilencesNode): vscode.TreeItem {
  const item = new vscode.TreeItem(`${formatInteger(count)} silenced`, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = 'silences';
  item.description = 'by .weightgram.json';
  item.iconPath = new vscode.ThemeIcon('bell-slash', new vscode.ThemeColor('disabledForeground'));
  item.contextValue = ITEM_KINDS.silences;
  item.tooltip = 'Findings that an entry of .weightgram.json silences, or that a baseline accepts. Click one to see the entry.';
  return item;
}

function silencedItem(node: SilencedNode): vscode.TreeItem {
  const { entry, finding, by, occurrence } = node;
  const item = new vscode.TreeItem(rowName(finding.subject.kind === 'model' ? entry.label : finding.subject.name), vscode.TreeItemCollapsibleState.None);
  item.id = ['silenced', rowId(entry, finding), occurrence].join('\n');
  const why = by.kind === 'baseline' ? 'accepted in the baseline' : (by.reason ?? 'no reason given');
  item.description = visible(`${RULE_BY_ID.get(finding.rule)?.title ?? finding.rule} · ${why}`);
  item.iconPath = new vscode.ThemeIcon('bell-slash', new vscode.ThemeColor('disabledForeground'));
  item.contextValue = ITEM_KINDS.silenced;
  item.command = { command: COMMANDS.openSilences, title: 'Open Silences', arguments: [node] };
  return item;
}

function tooltipOf(node: FindingsNode): vscode.MarkdownString | undefined {
  switch (node.kind) {
    case 'severity':
    case 'silences':
      return undefined;
    case 'rule': {
      const rule = RULE_BY_ID.get(node.rule);
      return rule && new vscode.MarkdownString(`**${rule.title}**\n\n${rule.why}\n\n*When it is normal:* ${rule.whenNormal}`);
    }
    case 'finding':
    case 'silenced':
      return new vscode.MarkdownString(findingHover(node.finding, RULE_BY_ID.get(node.finding.rule)));
  }
}
