import { el } from './dom';

/** As long as VS Code's own hovers wait. */
const DELAY_MS = 300;
const DISTANCE_PX = 12;

/** One hover for the whole page: of elements with `data-tip`, and of charts. Always plain text. */
export class Tooltip {
  readonly #element = el('div', { class: 'tooltip', attributes: { role: 'tooltip', id: 'tooltip', hidden: true } });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #anchor: HTMLElement | undefined;

  constructor() {
    document.body.append(this.#element);
    document.addEventListener('pointerover', (event) => this.#enter(tipElement(event.target), DELAY_MS));
    document.addEventListener('focusin', (event) => {
      if (event.target instanceof Element && event.target.matches(':focus-visible')) this.#enter(tipElement(event.target), DELAY_MS);
    });
    document.addEventListener('focusout', () => this.hide());
    document.addEventListener('pointerdown', () => this.hide(), true);
    document.addEventListener('scroll', () => this.hide(), true);
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.hide();
    }, true);
    document.documentElement.addEventListener('pointerleave', () => this.hide());
  }

  /** Beside a point of the page. */
  showAt(text: string, x: number, y: number): void {
    this.#anchor = undefined;
    clearTimeout(this.#timer);
    this.#show(text, x + DISTANCE_PX, y + DISTANCE_PX, y - DISTANCE_PX);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#anchor?.removeAttribute('aria-describedby');
    this.#anchor = undefined;
    this.#element.hidden = true;
  }

  #enter(element: HTMLElement | undefined, delayMs: number): void {
    if (element === this.#anchor) return;
    if (this.#anchor) this.hide();
    clearTimeout(this.#timer);
    if (!element) return;
    this.#anchor = element;
    this.#timer = setTimeout(() => {
      const tip = element.dataset['tip'];
      if (!tip || !element.isConnected) return;
      const box = element.getBoundingClientRect();
      element.setAttribute('aria-describedby', 'tooltip');
      this.#show(tip, box.left, box.bottom + 6, box.top - 6);
    }, delayMs);
  }

  /** Below where there is room, else above; always inside the window. */
  #show(text: string, left: number, below: number, above: number): void {
    const tip = this.#element;
    tip.textContent = text;
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const x = Math.max(4, Math.min(left, innerWidth - width - 6));
    const y = below + height + 4 <= innerHeight ? below : Math.max(4, above - height);
    tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }
}

function tipElement(target: EventTarget | null): HTMLElement | undefined {
  return (target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null) ?? undefined;
}
