import type { Finding } from '../core/rules/rule';
import type { PageState } from '../protocol/pageContract';
import type { Context } from './context';
import { el } from './dom';
import { severityIcon } from './icons';
import type { PageData } from './state';

/** What the rules say of a layer and its tensors, worst first. */
export function findingsOf(data: PageData, layer: string): readonly Finding[] {
  const order = { error: 0, warning: 1, info: 2 };
  return data.findings
    .filter(({ subject }) => (subject.kind === 'layer' && subject.name === layer) || (subject.kind === 'tensor' && data.layerOfTensor.get(subject.name) === layer))
    .sort((a, b) => order[a.severity] - order[b.severity]);
}

/** Message and the begin of the advice; all of it, and why it matters, unfolds. */
export function layerFindings({ host, report }: Context, findings: readonly Finding[], rules: PageState['rules']): HTMLElement {
  const texts = new Map(rules.map((rule) => [rule.id, rule]));
  return el('ul', { class: 'layer-findings', attributes: { 'aria-label': 'Findings of this layer' } }, ...findings.map((finding) => {
    const text = texts.get(finding.rule);
    const open = (): void => void host.request('openRule', { rule: finding.rule }).catch(report);
    return el('li', { class: finding.severity }, el('details', {},
      el('summary', {}, severityIcon(finding.severity), el('span', { class: 'finding-head' }, el('span', { class: 'finding-message' }, finding.message), el('span', { class: 'finding-gist' }, finding.advice)), el('span', { class: 'twistie', attributes: { 'aria-hidden': 'true' } })),
      el('div', { class: 'finding-body' },
        el('p', {}, finding.advice),
        text && el('p', { class: 'why' }, `Why it matters: ${text.why}`),
        text && el('p', { class: 'why' }, `When it is normal: ${text.whenNormal}`),
        el('button', { class: 'link', attributes: { type: 'button' }, tip: 'Open the page of this rule', on: { click: open } }, `About the rule: ${text?.title ?? finding.rule}`))));
  }));
}
