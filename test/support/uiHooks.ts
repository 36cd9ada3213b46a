import assert from 'node:assert/strict';
import { closeSharedWindow, openedWindow } from './uiWindow';

let seenFaults = 0;

/** A failed UI test leaves a picture of what stood on the screen; the window closes after the last test. */
export const uiHooks: Mocha.RootHookObject = {
  async afterEach(this: Mocha.Context) {
    const window = await openedWindow();
    const title = this.currentTest?.fullTitle().replaceAll(/\W+/g, '-').slice(0, 80) ?? '';
    if (this.currentTest?.state === 'failed') await window?.screenshot(`failed-${title}`);
    const faults = window?.faults.slice(seenFaults) ?? [];
    seenFaults += faults.length;
    assert.deepEqual(faults, [], 'no exception and no violation of a content security policy');
  },
  async afterAll() {
    await closeSharedWindow();
  },
};
