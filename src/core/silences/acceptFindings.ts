import type { Finding } from '../rules/rule';
import { topFolderOf } from './findPolicy';
import type { PolicyFiles } from './findPolicy';
import { joinPath, relativePath } from './paths';
import { fingerprints, folderOf } from './policy';
import type { Judgement, Policy } from './policy';
import { BASELINE_FILE, SILENCE_FILE } from './silenceFile';
import type { Fingerprint } from './silenceFile';
import { acceptedBefore, baselineText, mergedBaseline, withBaseline } from './writeSilences';

/** A model that was looked at to the end. */
export interface AcceptedModel {
  /** Absolute. */
  readonly path: string;
  readonly policy: Policy;
  readonly judgement: Judgement;
}

export interface WritablePolicyFiles extends PolicyFiles {
  writeText(path: string, text: string): Promise<void>;
}

export interface WrittenBaseline {
  /** The file that holds the list. */
  readonly path: string;
  /** All that it accepts of these models. */
  readonly accepted: readonly Finding[];
  readonly models: number;
}

/**
 * Writes a baseline that accepts every finding of these models that no entry silences. What was accepted of other models stays.
 * The list goes where `.weightgram.json` has it, else into a file of its own that the `.weightgram.json` is made to name.
 * @throws FormatError where a file in its place cannot be read as what it should be: nothing is overwritten that a person wrote.
 */
export async function acceptFindings(models: readonly AcceptedModel[], files: WritablePolicyFiles): Promise<WrittenBaseline[]> {
  const groups = new Map<string, { readonly place: ListPlace; readonly models: AcceptedModel[] }>();
  for (const model of models) {
    const place = await placeFor(model, files);
    const group = groups.get(place.path) ?? { place, models: [] };
    group.models.push(model);
    groups.set(place.path, group);
  }
  const written: WrittenBaseline[] = [];
  for (const { place, models: own } of groups.values()) written.push(await write(place, own, files));
  return written;
}

interface ListPlace {
  /** Of the file that holds the list. */
  readonly path: string;
  readonly isInline: boolean;
  /** A `.weightgram.json` that has yet to name the list. */
  readonly namedBy?: string;
}

async function placeFor({ path, policy: { file } }: AcceptedModel, files: PolicyFiles): Promise<ListPlace> {
  if (files.baseline !== undefined) return { path: files.baseline, isInline: false };
  if (typeof file?.baseline === 'object') return { path: file.path, isInline: true };
  if (file) return { path: joinPath(folderOf(file.path), file.baseline ?? BASELINE_FILE), isInline: false, ...(file.baseline === undefined && { namedBy: file.path }) };
  const folder = await topFolderOf(path, files);
  return { path: joinPath(folder, BASELINE_FILE), isInline: false, namedBy: joinPath(folder, SILENCE_FILE) };
}

async function write({ path, isInline, namedBy }: ListPlace, models: readonly AcceptedModel[], files: WritablePolicyFiles): Promise<WrittenBaseline> {
  const folder = folderOf(path);
  const found = models.map((model) => ({ model, findings: acceptable(model) }));
  const now = found.flatMap(({ model, findings }) => fingerprints(findings, model.path, folder));
  const names = new Set(found.map(({ model }) => relativePath(folder, model.path)));
  const text = await files.readText(path);
  if (isInline) {
    const before = models[0]!.policy.file!.baseline as readonly Fingerprint[];
    await files.writeText(path, withBaseline(text, path, mergedBaseline(before, now, names)));
  } else {
    const merged = mergedBaseline(acceptedBefore(text, path), now, names);
    // The name first: where that file is broken, nothing at all is written.
    if (namedBy !== undefined) await files.writeText(namedBy, withBaseline(await files.readText(namedBy), namedBy, BASELINE_FILE));
    await files.writeText(path, baselineText(merged));
  }
  return { path, accepted: found.flatMap(({ findings }) => findings), models: models.length };
}

/** What shows, and what a baseline hides so far; what an entry silences needs no second reason. */
function acceptable({ judgement }: AcceptedModel): Finding[] {
  return [...judgement.findings, ...judgement.silenced.filter(({ by }) => by.kind === 'baseline').map(({ finding }) => finding)];
}
