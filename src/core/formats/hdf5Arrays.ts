import type { Assignment, LayerDraft } from './assembleModel';
import { LayerList } from './assembleModel';
import type { Hdf5Contents } from './hdf5/walk';
import { axesOf, roleByName, splitName } from './weightNames';

/** Groups are layers; roles are what names say. Texts and tables are constants. */
export function assignArrays(contents: Hdf5Contents): { weights: Hdf5Contents['datasets'][number]['draft'][]; layers: readonly LayerDraft[]; assignments: Assignment[] } {
  const layers = new LayerList();
  const assignments = contents.datasets.map(({ path, draft }): Assignment => {
    const cut = path.lastIndexOf('/');
    const layer = layers.ensure(cut < 0 ? path : path.slice(0, cut));
    const isNoNumber = draft.dtype === 'string' || (draft.unreadable !== undefined && draft.bytes === 0);
    if (isNoNumber) return { layer, role: 'constant' };
    const role = roleByName({ name: path, shape: draft.shape, isOptimizer: false });
    const axes = axesOf(role, splitName(path).base, draft.shape);
    return { layer, role, ...(axes && { axes }) };
  });
  return { weights: contents.datasets.map(({ draft }) => draft), layers: layers.drafts, assignments };
}
