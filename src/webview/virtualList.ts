import { el } from './dom';

export interface VirtualListOptions<T> {
  /** Prefix of the rows' element ids. */
  readonly id: string;
  readonly role: 'grid' | 'tree';
  readonly label: string;
  /** Pixels. */
  readonly rowHeight: number;
  /** Stays at the top while rows scroll. */
  readonly head?: HTMLElement;
  renderRow(item: T): HTMLElement;
  /** Rows keep their element while this and the item stay the same. */
  onMove(item: T, index: number): void;
  /** Enter, or a double click. */
  onOpen(item: T, index: number): void;
  onClick(item: T, index: number): void;
  /** Keys of its own, e.g. arrows that open a branch; true where it took the key. */
  onKey?(key: string, item: T, index: number): boolean;
  onScroll?(top: number): void;
}

/** Beyond what is seen, so that a fast scroll shows no gaps. */
const OVERSCAN_ROWS = 8;

/** A list of any length in rows of one height; only those in sight are in the page. */
export class VirtualList<T> {
  readonly element: HTMLElement;
  readonly #body = el('div', { class: 'rows', attributes: { role: 'rowgroup' } });
  readonly #options: VirtualListOptions<T>;
  readonly #shown = new Map<number, { item: T; element: HTMLElement }>();
  #items: readonly T[] = [];
  #active = -1;
  #scheduled = false;

  constructor(options: VirtualListOptions<T>) {
    this.#options = options;
    if (options.role === 'tree') this.#body.setAttribute('role', 'none');
    this.element = el('div', { class: `list ${options.role}`, attributes: { role: options.role, tabindex: 0, 'aria-label': options.label } }, options.head, this.#body);
    this.element.addEventListener('scroll', () => {
      this.#schedule();
      options.onScroll?.(this.element.scrollTop);
    });
    this.element.addEventListener('keydown', (event) => this.#key(event));
    this.#body.addEventListener('click', (event) => this.#pointed(event, (item, index) => {
      this.element.focus({ preventScroll: true });
      options.onClick(item, index);
    }));
    this.#body.addEventListener('dblclick', (event) => this.#pointed(event, options.onOpen));
    new ResizeObserver(() => this.#schedule()).observe(this.element);
  }

  get items(): readonly T[] {
    return this.#items;
  }

  get activeIndex(): number {
    return this.#active;
  }

  setItems(items: readonly T[], active: number): void {
    if (items === this.#items && active === this.#active) return;
    this.#items = items;
    this.#active = active;
    this.#body.style.height = `${items.length * this.#options.rowHeight}px`;
    if (this.#options.role === 'grid') this.element.setAttribute('aria-rowcount', String(items.length + 1));
    this.#render();
  }

  /** Scrolls as little as shows the row. */
  reveal(index: number): void {
    const { rowHeight, head } = this.#options;
    if (index < 0) return;
    const headHeight = head?.offsetHeight ?? 0;
    const top = index * rowHeight;
    const room = this.element.clientHeight - headHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > this.element.scrollTop + room) this.element.scrollTop = top + rowHeight - room;
    this.#render();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#render();
    });
  }

  #render(): void {
    const { rowHeight, id } = this.#options;
    const first = Math.max(0, Math.floor(this.element.scrollTop / rowHeight) - OVERSCAN_ROWS);
    const last = Math.min(this.#items.length - 1, Math.ceil((this.element.scrollTop + this.element.clientHeight) / rowHeight) + OVERSCAN_ROWS);
    for (const [index, { element }] of this.#shown) {
      if (index >= first && index <= last && index < this.#items.length) continue;
      element.remove();
      this.#shown.delete(index);
    }
    for (let index = first; index <= last; index++) this.#renderRow(index);
    this.element.setAttribute('aria-activedescendant', this.#shown.has(this.#active) ? `${id}-${this.#active}` : '');
  }

  #renderRow(index: number): void {
    const { rowHeight, id, role } = this.#options;
    const item = this.#items[index]!;
    const known = this.#shown.get(index);
    let element = known?.element;
    if (!known || known.item !== item || !element) {
      const fresh = this.#options.renderRow(item);
      fresh.id = `${id}-${index}`;
      fresh.dataset['index'] = String(index);
      fresh.style.top = `${index * rowHeight}px`;
      fresh.style.height = `${rowHeight}px`;
      if (role === 'grid') fresh.setAttribute('aria-rowindex', String(index + 2));
      if (element) element.replaceWith(fresh);
      else this.#body.append(fresh);
      element = fresh;
      this.#shown.set(index, { item, element });
    }
    const active = index === this.#active;
    element.classList.toggle('active', active);
    element.setAttribute('aria-selected', String(active));
  }

  #pointed(event: Event, act: (item: T, index: number) => void): void {
    const row = (event.target as Element).closest<HTMLElement>('[data-index]');
    const index = Number(row?.dataset['index'] ?? -1);
    const item = this.#items[index];
    if (row && item !== undefined) act(item, index);
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey || this.#items.length === 0) return;
    const current = this.#items[this.#active];
    if (current !== undefined && this.#options.onKey?.(event.key, current, this.#active)) {
      event.preventDefault();
      return;
    }
    if (event.key === 'Enter' && current !== undefined) {
      event.preventDefault();
      this.#options.onOpen(current, this.#active);
      return;
    }
    const target = this.#target(event.key);
    if (target === undefined) return;
    event.preventDefault();
    this.move(target);
  }

  move(target: number): void {
    const index = Math.max(0, Math.min(this.#items.length - 1, target));
    const item = this.#items[index];
    if (item === undefined) return;
    this.#active = index;
    this.#render();
    this.reveal(index);
    this.#options.onMove(item, index);
  }

  #target(key: string): number | undefined {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#options.rowHeight) - 2);
    switch (key) {
      case 'ArrowDown':
        return this.#active + 1;
      case 'ArrowUp':
        return this.#active < 0 ? 0 : this.#active - 1;
      case 'PageDown':
        return this.#active + page;
      case 'PageUp':
        return this.#active - page;
      case 'Home':
        return 0;
      case 'End':
        return this.#items.length - 1;
      default:
        return undefined;
    }
  }
}
