import type { Locator, Page } from 'playwright-core';
import type { UiWindow } from '../support/uiWindow';

/** A row of one of VS Code's trees, as a person reads it. */
export interface Row {
  readonly label: string;
  readonly description: string;
  readonly level: number;
  readonly expanded: boolean | undefined;
  readonly icon: string;
}

export const INSPECT = 'Weightgram: Inspect Weights';

/** VS Code drops a click on a menu that has just opened, so it is tried again until the menu is gone. */
const MENU_TRIES = 20;
const MENU_PAUSE_MS = 150;
const DIALOG_LIMIT_MS = 1_000;
const PALETTE_TRIES = 4;
const PALETTE_LIMIT_MS = 4_000;
const ENTRY_TRIES = 5;
const ENTRY_LIMIT_MS = 3_000;
const HOVER_TRIES = 4;
const HOVER_LIMIT_MS = 4_000;
/** A place of the status bar where nothing shows a hover. */
const REST = { x: 700, y: 890 };

/** What a person does in the workbench around our extension. */
export class Workbench {
  constructor(private readonly window: UiWindow) {}

  get page(): Page {
    return this.window.page;
  }

  /** Closes editors, menus and messages that an earlier test left, and shows the Explorer. */
  async reset(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.run('View: Close All Editors');
    // VS Code may have opened its settings, unsaved, where a test wrote them at the same time.
    await this.page.getByRole('button', { name: "Don't Save" }).click({ timeout: DIALOG_LIMIT_MS }).catch(() => undefined);
    await this.run('Notifications: Clear All Notifications');
    await this.dismissHover();
  }

  /**
   * The row of a file or folder, by its path below the workspace; folders on the way are opened, and all others closed: the Explorer
   * draws only the rows that fit, and siblings of other folders may have the same name.
   */
  async file(path: string): Promise<Locator> {
    await this.page.keyboard.press('Control+Shift+E');
    await this.dismissHover();
    await this.page.keyboard.press('Control+ArrowLeft');
    await this.page.keyboard.press('Home');
    const explorer = this.page.locator('.explorer-folders-view');
    const parts = path.split('/');
    let row = explorer.getByRole('treeitem', { name: parts[0] ?? '', exact: true });
    for (const part of parts.slice(1)) {
      await row.waitFor();
      const level = Number(await row.getAttribute('aria-level'));
      if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
      // Siblings of other folders have the same name: take the first one below this folder.
      const top = await rowTop(row);
      const candidates = explorer.locator(`[role=treeitem][aria-level="${level + 1}"]`).filter({ has: this.page.getByText(part, { exact: true }) });
      await candidates.first().waitFor();
      row = await firstBelow(candidates, top);
    }
    return row;
  }

  async openFile(path: string): Promise<void> {
    await (await this.file(path)).dblclick();
    await this.page.getByRole('tab', { name: path.split('/').at(-1) ?? '' }).first().waitFor();
  }

  /** A hover that still stands would catch the next click. */
  private async dismissHover(): Promise<void> {
    await this.page.mouse.move(REST.x, REST.y);
    await this.page.locator('.workbench-hover-container, .monaco-hover:not(.hidden)').first().waitFor({ state: 'hidden' });
  }

  /** The entries of a row's context menu. */
  async menuOf(row: Locator): Promise<string[]> {
    await row.click({ button: 'right' });
    const menu = this.page.locator('.monaco-menu');
    await menu.getByRole('menuitem').first().waitFor();
    const names = await menu.locator('.action-label[aria-label]').evaluateAll((labels) => labels.map((label) => label.getAttribute('aria-label') ?? ''));
    await this.page.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    return names.filter(Boolean);
  }

  /** Right-clicks a row and chooses our entry. A file that has just been written is found some moments later: one looks again. */
  async inspect(row: Locator): Promise<void> {
    const item = this.page.locator('.monaco-menu').getByRole('menuitem', { name: INSPECT, exact: true });
    for (let tries = 1; tries < ENTRY_TRIES; tries++) {
      await row.click({ button: 'right' });
      const isThere = await item.waitFor({ timeout: ENTRY_LIMIT_MS }).then(() => true, () => false);
      if (isThere) return this.choose(item);
      await this.page.keyboard.press('Escape');
    }
    await row.click({ button: 'right' });
    await this.choose(item);
  }

  /** Clicks an entry of a menu until the menu is gone. */
  async choose(item: Locator): Promise<void> {
    await item.waitFor();
    for (let tries = 0; tries < MENU_TRIES && (await item.isVisible()); tries++) {
      await this.page.waitForTimeout(MENU_PAUSE_MS);
      await item.click({ timeout: 1000 }).catch(() => undefined);
    }
  }

  /** Runs a command by its full title from the palette. */
  async run(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type=text]');
    // A page that has just gone may have had the keyboard: one clicks beside it and tries again.
    for (let tries = 1; tries < PALETTE_TRIES && !(await this.#pressed('F1', input)); tries++) await this.page.mouse.click(REST.x, REST.y);
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().click();
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Whether a key brings `shown`. */
  async #pressed(key: string, shown: Locator): Promise<boolean> {
    await this.page.keyboard.press(key);
    return shown.waitFor({ timeout: PALETTE_LIMIT_MS }).then(() => true, () => false);
  }

  /** Shows our views. */
  async openSidebar(): Promise<void> {
    const tab = this.page.getByRole('tab', { name: /^Weightgram/ });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    for (const view of ['Models', 'Suspicious Layers']) {
      const header = this.page.getByRole('button', { name: `${view} Section` });
      await header.waitFor();
      if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
    }
  }

  tree(view: string): Locator {
    return this.page.getByRole('tree', { name: view, exact: true });
  }

  async rows(view: string): Promise<Row[]> {
    return this.tree(view).getByRole('treeitem').evaluateAll((rows) => rows
      .map((row) => ({
        top: row.getBoundingClientRect().top,
        label: row.querySelector('.label-name')?.textContent ?? '',
        description: row.querySelector('.label-description')?.textContent ?? '',
        level: Number(row.getAttribute('aria-level')),
        expanded: row.hasAttribute('aria-expanded') ? row.getAttribute('aria-expanded') === 'true' : undefined,
        icon: row.querySelector<HTMLElement>('.custom-view-tree-node-item-icon')?.style.backgroundImage ?? '',
      }))
      .sort((a, b) => a.top - b.top));
  }

  row(view: string, label: string): Locator {
    return this.tree(view).getByRole('treeitem').filter({ has: this.page.locator('.label-name').getByText(label, { exact: true }) }).first();
  }

  async expand(view: string, label: string): Promise<void> {
    const row = this.row(view, label);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === 'false') await row.locator('.monaco-tl-twistie').click();
    await this.page.waitForFunction((element) => element?.getAttribute('aria-expanded') === 'true', await row.elementHandle());
  }

  /** Rests the mouse on something; the hover that names `text`. A row that is drawn anew under the mouse shows none, so it is tried again. */
  async hover(target: Locator, text: string): Promise<Locator> {
    const hover = this.page.locator('.workbench-hover, .monaco-hover').filter({ hasText: text }).first();
    for (let tries = 1; tries < HOVER_TRIES; tries++) {
      await this.restOn(target);
      if (await hover.waitFor({ timeout: HOVER_LIMIT_MS }).then(() => true, () => false)) return hover;
    }
    await this.restOn(target);
    await hover.waitFor();
    return hover;
  }

  private async restOn(target: Locator): Promise<void> {
    await this.dismissHover();
    // Near its start: the middle of a long name may lie outside what is seen.
    await target.hover({ position: { x: 12, y: 8 } });
  }

  /** The text of a message. It is read in the notification centre: under test VS Code shows no toasts. */
  async message(text: RegExp): Promise<string> {
    await this.run('Notifications: Show Notifications');
    const message = this.page.locator('.notifications-center .notification-list-item-message').filter({ hasText: text }).first();
    await message.waitFor();
    return message.innerText();
  }

  /** Reloads the window as the command does: VS Code writes down first what it will restore. */
  async reloadWindow(): Promise<void> {
    const reloaded = this.page.waitForEvent('load');
    await this.run('Developer: Reload Window');
    await reloaded;
    await this.page.locator('.explorer-folders-view, .pane-body').first().waitFor();
  }
}

const UNFOLD_MS = 5_000;

async function rowTop(row: Locator): Promise<number> {
  return (await row.boundingBox())?.y ?? 0;
}

/** A folder that unfolds has its rows a moment later, and those of folders above have the same names. */
async function firstBelow(candidates: Locator, top: number): Promise<Locator> {
  const giveUpMs = Date.now() + UNFOLD_MS;
  do {
    for (const candidate of await candidates.all()) {
      if ((await rowTop(candidate)) > top) return candidate;
    }
    await candidates.page().waitForTimeout(50);
  } while (Date.now() < giveUpMs);
  throw new Error('The folder has no such entry.');
}
