import assert from 'node:assert/strict';
import { closeSharedWindow, openedWindow } from './uiWindow';

let seenFaults = 0;
let pictures: Promise<unknown> = Promise.resolve();

/** A failed UI test, or its hook, leaves a picture of what stood on the screen. */
export function pictureFailure(title: string): void {
  const name = `failed-${title.replaceAll(/\W+/g, '-').slice(0, 80)}`;
  pictures = pictures.then(async () => (await openedWindow())?.screenshot(name)).catch((error: unknown) => console.error(error));
}

/** No test may leave an exception or a violation behind; the window closes after the last test. */
export const uiHooks: Mocha.RootHookObject = {
  async afterEach() {
    await pictures;
    const window = await openedWindow();
    const faults = window?.faults.slice(seenFaults) ?? [];
    seenFaults += faults.length;
    assert.deepEqual(faults, [], 'no exception and no violation of a content security policy');
  },
  async afterAll() {
    await pictures;
    await closeSharedWindow();
  },
};
