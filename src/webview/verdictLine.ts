import { EXPECTATION_WORDS } from '../core/verdict/verdict';
import type { LayerVerdict } from '../core/verdict/verdict';
import type { Context } from './context';
import { el, replaceChildren } from './dom';
import { verdictIcon } from './icons';
import { unbroken } from './linkedText';
import type { PageData } from './state';

export interface VerdictLine {
  readonly element: HTMLElement;
  /** Asks anew where something that the sentence speaks of has changed. */
  show(data: PageData, layer: number): void;
}

/** The sentence on the selected layer with its mark; what the file says of the layer unfolds. */
export function createVerdictLine({ host, report }: Context): VerdictLine {
  const element = el('div', { class: 'verdict', attributes: { role: 'status' } });
  let asked: { readonly model: unknown; readonly layer: number; readonly findings: unknown; readonly figures: unknown } | undefined;
  let asking: AbortController | undefined;

  const draw = (verdict: LayerVerdict | null): void => {
    element.hidden = verdict === null;
    if (verdict) replaceChildren(element, ...verdictNodes(verdict));
  };

  return {
    element,
    show: (data, layer) => {
      const next = { model: data.model, layer, findings: data.findings, figures: data.layers[layer] };
      if (asked && asked.model === next.model && asked.layer === next.layer && asked.findings === next.findings && asked.figures === next.figures) return;
      // Another layer's sentence must not stand beside this one's name; its place stays, so that nothing jumps.
      if (asked?.layer !== layer || asked.model !== data.model) element.replaceChildren();
      asked = next;
      asking?.abort();
      const controller = new AbortController();
      asking = controller;
      host.request('verdict', { layer }, controller.signal).then(
        (verdict) => {
          if (asking === controller) draw(verdict);
        },
        (error: unknown) => {
          if (asking === controller && !controller.signal.aborted) report(error);
        });
    },
  };
}

function verdictNodes(verdict: LayerVerdict): HTMLElement[] {
  const { expected, distribution, reasons } = verdict;
  // Findings stand below with their advice.
  const facts = reasons.filter(({ rule }) => rule === undefined);
  const words = reasons.length > facts.length ? `see below. The distribution: ${distribution.charAt(0).toLowerCase()}${distribution.slice(1)}` : `${distribution.charAt(0).toLowerCase()}${distribution.slice(1)}`;
  const head = [verdictIcon(verdict), el('span', { class: 'verdict-text' }, el('strong', {}, `${EXPECTATION_WORDS[expected]}:`), ` ${unbroken(words)}`)];
  if (facts.length === 0) return [el('p', { class: `verdict-head ${expected}` }, ...head)];
  return [el('details', { class: 'verdict-details' },
    el('summary', { class: `verdict-head ${expected}` }, ...head, el('span', { class: 'twistie', attributes: { 'aria-hidden': 'true' } })),
    el('ul', { class: 'verdict-reasons' }, ...facts.map(({ text }) => el('li', {}, unbroken(text)))))];
}
