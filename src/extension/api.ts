import type { Engine } from '../protocol/engine';
import type { ModelStore } from './models';
import type { Panels } from './panels';

/** What `activate` returns: for tests and for extensions that want to know what Weightgram knows. Not yet stable. */
export interface WeightgramApi {
  /** All known models with their analyses, and events when they change. */
  readonly store: ModelStore;
  /** The open panels. */
  readonly panels: Panels;
  /** The engine of the moment: ask anew after a change of settings. */
  readonly engine: Engine;
  /** Resolves when the first search of the workspace is over. */
  readonly searched: Promise<void>;
}
