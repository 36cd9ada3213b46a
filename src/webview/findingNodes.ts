import type { Finding } from '../core/rules/rule';
import { findingGroups, layerOfFinding } from './selectors';
import type { RuleGroup, SeverityGroup } from './selectors';
import type { PageData } from './state';

interface NodeBase {
  readonly key: string;
  readonly level: 1 | 2 | 3;
  readonly position: number;
  readonly of: number;
}

export type TreeNode = NodeBase &
  (
    | { readonly kind: 'severity'; readonly open: boolean; readonly group: SeverityGroup }
    | { readonly kind: 'rule'; readonly open: boolean; readonly group: RuleGroup }
    | { readonly kind: 'finding'; readonly finding: Finding; readonly layer: string | undefined }
  );

/** What is open, flat. Nodes of `previous` are kept where they say the same, so that their rows stay. */
export function treeNodes(data: PageData, closed: readonly string[], previous: readonly TreeNode[] = []): TreeNode[] {
  const known = new Map(previous.map((node) => [node.key, node]));
  const isOpen = (key: string): boolean => !closed.includes(key);
  const groups = findingGroups(data.findings, data.rules);
  const nodes = groups.flatMap((group, i): TreeNode[] => {
    const open = isOpen(group.severity);
    const node: TreeNode = { kind: 'severity', key: group.severity, level: 1, position: i + 1, of: groups.length, open, group };
    return open ? [node, ...group.rules.flatMap((rule, j) => ruleNodes(data, group, rule, j, isOpen))] : [node];
  });
  return nodes.map((node) => {
    const old = known.get(node.key);
    return old && sameNode(old, node) ? old : node;
  });
}

function ruleNodes(data: PageData, { severity, rules }: SeverityGroup, rule: RuleGroup, j: number, isOpen: (key: string) => boolean): TreeNode[] {
  const key = `${severity}/${rule.rule}`;
  const open = isOpen(key);
  const node: TreeNode = { kind: 'rule', key, level: 2, position: j + 1, of: rules.length, open, group: rule };
  if (!open) return [node];
  return [node, ...rule.findings.map((finding, k): TreeNode => ({
    kind: 'finding', key: `${key}/${finding.subject.kind}/${finding.subject.name}/${k}`, level: 3, position: k + 1, of: rule.findings.length, finding, layer: layerOfFinding(data, finding),
  }))];
}

function sameNode(a: TreeNode, b: TreeNode): boolean {
  if (a.position !== b.position || a.of !== b.of) return false;
  if (a.kind === 'finding') return b.kind === 'finding' && a.finding.message === b.finding.message && a.layer === b.layer;
  if (b.kind === 'finding' || a.open !== b.open) return false;
  const count = (node: typeof a): number => (node.kind === 'severity' ? node.group.count : node.group.findings.length);
  return count(a) === count(b);
}

/** The node that holds a node. */
export function parentIndex(nodes: readonly TreeNode[], index: number): number {
  const level = nodes[index]!.level;
  for (let i = index - 1; i >= 0; i--) if (nodes[i]!.level < level) return i;
  return index;
}
