import { closeSharedWindow, openedWindow } from './uiWindow';

/** A failed UI test leaves a picture of what stood on the screen; the window closes after the last test. */
export const uiHooks: Mocha.RootHookObject = {
  async afterEach(this: Mocha.Context) {
    if (this.currentTest?.state !== 'failed') return;
    const title = this.currentTest.fullTitle().replaceAll(/\W+/g, '-').slice(0, 80);
    await (await openedWindow())?.screenshot(`failed-${title}`);
  },
  async afterAll() {
    await closeSharedWindow();
  },
};
