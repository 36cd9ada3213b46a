type Child = Node | string | null | undefined | false;

interface Options {
  readonly class?: string;
  /** Becomes the hover of `tooltip.ts`, and of a focused element. */
  readonly tip?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly on?: { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
}

const SVG = 'http://www.w3.org/2000/svg';

/** An element. Text only ever becomes a text node, so file data cannot turn into markup. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, options: Options = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (options.class) element.className = options.class;
  if (options.tip) element.dataset['tip'] = options.tip;
  setAttributes(element, options.attributes ?? {});
  for (const [name, listener] of Object.entries(options.on ?? {})) element.addEventListener(name, listener as EventListener);
  append(element, children);
  return element;
}

export function svg(tag: string, attributes: Readonly<Record<string, string | number>> = {}, ...children: SVGElement[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** `true` sets an empty attribute, `false` and undefined remove it. */
export function setAttributes(element: Element, attributes: Readonly<Record<string, string | number | boolean | undefined>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Writes only what changed: a text node that is set anew loses the reader's selection. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setTip(element: HTMLElement, tip: string | undefined): void {
  if (tip) element.dataset['tip'] = tip;
  else delete element.dataset['tip'];
}

export function replaceChildren(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter(isPresent));
}

function append(element: Element, children: readonly Child[]): void {
  element.append(...children.filter(isPresent));
}

function isPresent(child: Child): child is Node | string {
  return child !== null && child !== undefined && child !== false;
}

interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly tip?: string;
}

/** A labelled drop-down. */
export function selector<T extends string>(label: string, choices: readonly Choice<T>[], onChange: (value: T) => void): { element: HTMLElement; set(value: T): void } {
  const select = el('select', { on: { change: () => onChange(select.value as T) } }, ...choices.map(({ value, label: text }) => el('option', { attributes: { value } }, text)));
  const element = el('label', { class: 'selector' }, el('span', {}, label), select);
  return { element, set: (value) => void (select.value = value) };
}

/** Buttons of which one is pressed, e.g. linear | log. */
export function segmented<T extends string>(label: string, choices: readonly Choice<T>[], onChange: (value: T) => void): { element: HTMLElement; set(value: T): void } {
  const buttons = choices.map(({ value, label: text, tip }) =>
    el('button', { ...(tip && { tip }), attributes: { type: 'button', 'data-value': value }, on: { click: () => onChange(value) } }, text));
  const element = el('div', { class: 'segmented', attributes: { role: 'group', 'aria-label': label } }, el('span', { class: 'segmented-label' }, label), ...buttons);
  return {
    element,
    set: (value) => buttons.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset['value'] === value))),
  };
}

/** A tick box with its words. */
export function toggle(label: string, tip: string, onChange: (checked: boolean) => void): { element: HTMLElement; set(checked: boolean): void } {
  const box = el('input', { attributes: { type: 'checkbox' }, on: { change: () => onChange(box.checked) } });
  return { element: el('label', { class: 'toggle', tip }, box, label), set: (checked) => void (box.checked = checked) };
}
