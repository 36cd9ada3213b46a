import { formatInteger } from '../core/numberText';
import type { Context } from './context';
import { el, setText } from './dom';
import { parentIndex, treeNodes } from './findingNodes';
import type { TreeNode } from './findingNodes';
import { severityIcon, severityWord } from './icons';
import type { PageData } from './state';
import { VirtualList } from './virtualList';

/** Pixels; as webview.css. */
const ROW_HEIGHT = 24;

export function createFindingsTree(context: Context, openDetail: () => void): { element: HTMLElement } {
  const { store, host } = context;
  let nodes: readonly TreeNode[] = [];
  let activeKey: string | undefined;

  const toggle = (node: TreeNode, open?: boolean): void => {
    if (node.kind === 'finding' || node.open === open) return;
    const { closed } = store.state.view;
    activeKey = node.key;
    store.setView({ closed: node.open ? [...closed, node.key] : closed.filter((key) => key !== node.key) });
  };
  const show = (node: TreeNode): void => {
    activeKey = node.key;
    if (node.kind === 'finding' && node.layer !== undefined) context.select(node.layer);
  };
  const list = new VirtualList<TreeNode>({
    id: 'finding', role: 'tree', label: 'Suspicious layers', rowHeight: ROW_HEIGHT, renderRow,
    onMove: show,
    onClick: (node, index) => {
      if (node.kind !== 'finding') toggle(node);
      show(node);
      list.setItems(nodes, index);
    },
    onOpen: (node) => {
      if (node.kind !== 'finding') return;
      if (node.layer === undefined) void host.request('openRule', { rule: node.finding.rule }).catch(context.report);
      else openDetail();
    },
    onKey: (key, node, index) => {
      if (key === 'ArrowRight') {
        if (node.kind !== 'finding' && node.open) list.move(index + 1);
        else toggle(node, true);
      } else if (key === 'ArrowLeft') {
        if (node.kind !== 'finding' && node.open) toggle(node, false);
        else list.move(parentIndex(nodes, index));
      } else if (key === ' ' || (key === 'Enter' && node.kind !== 'finding')) toggle(node);
      else return false;
      return true;
    },
  });
  const summary = el('span', { class: 'summary' });
  const empty = el('p', { class: 'empty', attributes: { hidden: true } });

  store.subscribe(({ data, view }, previous) => {
    if (!data) return;
    const same = data.findings === previous.data?.findings && data.progress.kind === previous.data.progress.kind && view.closed === previous.view.closed;
    const selected = view.selectedLayer !== previous.view.selectedLayer;
    if (same && !selected) return;
    if (!same) nodes = treeNodes(data, view.closed, nodes);
    // The layer was chosen elsewhere: the tree follows to its first finding, unless it already shows one of it.
    const active = nodes.find((node) => node.key === activeKey);
    if (selected && !(active?.kind === 'finding' && active.layer === view.selectedLayer)) {
      activeKey = nodes.find((node) => node.kind === 'finding' && node.layer === view.selectedLayer)?.key;
    }
    const index = nodes.findIndex((node) => node.key === activeKey);
    list.setItems(nodes, index);
    if (selected) list.reveal(index);
    element.classList.toggle('none', nodes.length === 0);
    list.element.hidden = nodes.length === 0;
    empty.hidden = nodes.length > 0;
    setText(empty, emptyWords(data));
    setText(summary, data.findings.length > 0 ? formatInteger(data.findings.length) : '');
  });

  const element = el('section', { class: 'findings', attributes: { 'aria-label': 'Suspicious layers' } },
    el('div', { class: 'section-head' }, el('h2', {}, 'Suspicious layers'), summary), list.element, empty);
  return { element };
}

function renderRow(node: TreeNode): HTMLElement {
  const row = el('div', {
    class: `row level-${node.level}`,
    attributes: { role: 'treeitem', 'aria-level': node.level, 'aria-posinset': node.position, 'aria-setsize': node.of, 'aria-expanded': node.kind === 'finding' ? undefined : String(node.open) },
  });
  const twistie = (open: boolean): HTMLElement => el('span', { class: `twistie${open ? ' open' : ''}`, attributes: { 'aria-hidden': 'true' } });
  switch (node.kind) {
    case 'severity':
      row.append(twistie(node.open), severityIcon(node.group.severity), el('span', { class: 'tree-label' }, `${formatInteger(node.group.count)} ${severityWord(node.group.severity, node.group.count)}`));
      break;
    case 'rule':
      row.append(twistie(node.open), el('span', { class: 'tree-label' }, node.group.title), el('span', { class: 'badge' }, formatInteger(node.group.findings.length)));
      break;
    case 'finding':
      row.dataset['tip'] = `${node.finding.subject.name}\n${node.finding.message}\n${node.finding.advice}`;
      row.append(el('span', { class: 'tree-label' }, node.layer ?? 'whole model'), el('span', { class: 'tree-message' }, node.finding.message));
      break;
  }
  return row;
}

function emptyWords({ progress }: PageData): string {
  switch (progress.kind) {
    case 'running':
      return 'Nothing suspicious so far.';
    case 'done':
      return 'Nothing suspicious: every rule that applies to this model is content.';
    case 'cancelled':
    case 'failed':
      return 'The analysis did not finish, so no rule has the last word.';
  }
}
