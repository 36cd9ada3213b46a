import type { Overlay } from '../core/verdict/overlay';
import type { Context } from './context';
import { el, replaceChildren, setTip, svg, toggle } from './dom';
import { chosenOverlays, OVERLAY_CHOICES, OVERLAY_NAMES, overlayLine } from './overlayCurves';
import type { OverlayChoice } from './overlayCurves';

const TIPS: Readonly<Record<OverlayChoice, string>> = {
  best: 'The distribution that comes nearest to this weight: normal, Student t, Laplace or uniform, fitted by maximum likelihood, or the declared initializer',
  initializer: 'What the initializer that the file declares would have drawn',
  normal: 'A normal distribution of the same mean and σ',
  studentT: 'Student’s t: a bell with heavier tails, the heavier the smaller ν',
  laplace: 'Laplace: a sharp peak with exponential tails',
  uniform: 'Uniform from the smallest to the largest weight',
};

const DASHES = { solid: '', dash: '6 3', dot: '2 2' } as const;

export interface OverlayControls {
  /** Tick boxes of what can be drawn over this weight. */
  readonly boxes: HTMLElement;
  /** Which curve is which, and how far each lies from the weights. */
  readonly legend: HTMLElement;
  show(overlays: readonly Overlay[]): void;
  redraw(): void;
}

export function createOverlayControls({ store, theme }: Context): OverlayControls {
  let shown: readonly Overlay[] = [];
  const boxes = new Map(OVERLAY_CHOICES.map((choice) => [choice, toggle(OVERLAY_NAMES[choice], TIPS[choice], (checked) => {
    const others = store.state.view.overlays.filter((other) => other !== choice);
    store.setView({ overlays: checked ? [...others, choice] : others });
  })]));
  const group = el('span', { class: 'controls-group', attributes: { role: 'group', 'aria-label': 'Distributions to draw over the histogram' } }, el('span', { class: 'segmented-label' }, 'curves'), ...[...boxes.values()].map(({ element }) => element));
  const legend = el('ul', { class: 'overlay-legend', attributes: { 'aria-label': 'Curves' } });

  function draw(): void {
    const { overlays: choices } = store.state.view;
    for (const [choice, box] of boxes) {
      box.set(choices.includes(choice));
      const own = choice === 'best' ? shown[0] : shown.find(({ kind }) => kind === choice);
      box.element.hidden = own === undefined;
      setTip(box.element, own ? `${TIPS[choice]}\n${own.label}: ${own.words}` : TIPS[choice]);
    }
    replaceChildren(legend, ...chosenOverlays(shown, choices).map((overlay) => {
      const { color, dash = 'solid' } = overlayLine(overlay.kind, theme());
      const sample = svg('svg', { viewBox: '0 0 24 10', width: 24, height: 10, class: 'line-sample', 'aria-hidden': 'true' },
        svg('line', { x1: 0, x2: 24, y1: 5, y2: 5, stroke: color, 'stroke-width': 2, 'stroke-dasharray': DASHES[dash] }));
      return el('li', {}, sample, el('span', { class: 'overlay-label' }, overlay.label), ` · ${overlay.words.charAt(0).toLowerCase()}${overlay.words.slice(1)}`);
    }));
  }

  store.subscribe(({ view }, previous) => {
    if (view.overlays !== previous.view.overlays) draw();
  });
  return {
    boxes: group,
    legend,
    show: (overlays) => {
      if (overlays === shown) return;
      shown = overlays;
      draw();
    },
    redraw: draw,
  };
}
