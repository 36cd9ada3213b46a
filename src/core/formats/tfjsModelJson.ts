import { UnsupportedError } from '../errors';
import type { Problem } from '../model';
import { own } from './jsonValues';
import type { JsonObject } from './jsonValues';

/** The weightsManifest of a model.json; missing or empty is a model without weights, and told as a problem. */
export function manifestOf(json: JsonObject, fileName: string): { manifest: unknown; problems: readonly Problem[] } {
  const manifest = own(json, 'weightsManifest');
  if (manifest === undefined || manifest === null || (Array.isArray(manifest) && manifest.length === 0)) {
    const what = Array.isArray(manifest) ? 'an empty weightsManifest' : 'no weightsManifest';
    return {
      manifest: [],
      problems: [{ message: `${fileName} has ${what}: it describes a model without weights`, remedy: 'Save the model together with its weights (model.save writes both), or open the file that has them.' }],
    };
  }
  return { manifest, problems: [] };
}

/** ModelArtifacts dumped as JSON carry their weights as text within: that is no model.json. */
export function refuseInline(json: JsonObject, fileName: string): void {
  if (own(json, 'weightsManifest') !== undefined || own(json, 'weightData') === undefined) return;
  throw new UnsupportedError(
    `${fileName} carries its weights as text inside the JSON (weightData), which Weightgram does not read. ` +
      'Save the model with model.save("file://…") or the converter, so that the weights lie in binary shards beside it.',
  );
}
