import { sharedWindow } from '../support/uiWindow';
import type { UiWindow } from '../support/uiWindow';
import { Panel } from './panel';
import { Workbench } from './workbench';

/** The window that all tests share, what a person does in it, and the page of the model that was inspected last. */
export interface Desk {
  readonly window: UiWindow;
  readonly workbench: Workbench;
  readonly panel: Panel;
}

/** Clears what an earlier test left behind. */
export async function clearDesk(): Promise<Desk> {
  const window = await sharedWindow();
  const workbench = new Workbench(window);
  await workbench.reset();
  return { window, workbench, panel: new Panel(window.page) };
}

/** Inspects a file, by its path below the workspace, and waits for its figures. `prepare` may write it first. */
export async function inspectOnDesk(path: string, prepare?: (folder: string) => void): Promise<Desk> {
  const desk = await clearDesk();
  prepare?.(desk.window.folder);
  await desk.workbench.inspect(await desk.workbench.file(path));
  await desk.panel.finished();
  return desk;
}
