import { messageOf } from '../errors';
import { baselineAgainstThresholds } from './contradictions';
import { complaintAt } from './jsonTree';
import { joinPath, parentOf } from './paths';
import { folderOf, NO_POLICY } from './policy';
import type { Policy } from './policy';
import { readBaseline } from './readBaseline';
import { readSilenceFile } from './readSilenceFile';
import { SILENCE_FILE } from './silenceFile';
import type { Baseline, Complaint, Place, SilenceFile } from './silenceFile';

export interface PolicyFiles {
  /** undefined where there is no such file. @throws where there is one and it cannot be read. */
  readText(path: string): Promise<string | undefined>;
  /** No folder above this one is looked into. */
  isTop(folder: string): Promise<boolean> | boolean;
  /** A baseline that goes before that of the file, as a path. */
  readonly baseline?: string;
}

const FILE_START: Place = { offset: 0, length: 0, line: 1, column: 1 };

/**
 * The decisions that stand for one model: the `.weightgram.json` in its folder, or else in the nearest folder above, with its baseline.
 * Never throws: a file that cannot be read is complained about, and has no effect.
 */
export async function findPolicy(modelPath: string, files: PolicyFiles): Promise<Policy> {
  const found = await nearestFile(modelPath, files);
  const file = found && 'file' in found ? found.file : undefined;
  const complaints: Complaint[] = found && 'complaint' in found ? [found.complaint] : [...(file?.complaints ?? [])];
  const baseline = await baselineOf(file, files, complaints);
  if (file && baseline && baseline.path !== file.path) complaints.push(...baselineAgainstThresholds(file, baseline));
  if (!file && !baseline && complaints.length === 0) return NO_POLICY;
  return { ...(file && { file }), ...(baseline && { baseline }), complaints };
}

/** Where a new `.weightgram.json` for this model belongs: the topmost folder that is looked into. */
export async function topFolderOf(modelPath: string, { isTop }: Pick<PolicyFiles, 'isTop'>): Promise<string> {
  for (let folder: string | undefined = folderOf(modelPath); folder !== undefined; folder = parentOf(folder)) {
    if (await isTop(folder)) return folder;
  }
  return folderOf(modelPath);
}

async function nearestFile(modelPath: string, { readText, isTop }: PolicyFiles): Promise<{ file: SilenceFile } | { complaint: Complaint } | undefined> {
  for (let folder = parentOf(modelPath); folder !== undefined; folder = parentOf(folder)) {
    const path = joinPath(folder, SILENCE_FILE);
    try {
      const text = await readText(path);
      if (text !== undefined) return { file: readSilenceFile(text, path) };
    } catch (error) {
      return { complaint: complaintAt(path, 'error', FILE_START, `cannot be read, so all findings show: ${withoutStop(messageOf(error))}`) };
    }
    if (await isTop(folder)) return undefined;
  }
  return undefined;
}

async function baselineOf(file: SilenceFile | undefined, { readText, baseline: given }: PolicyFiles, complaints: Complaint[]): Promise<Baseline | undefined> {
  if (given === undefined && typeof file?.baseline === 'object') return { path: file.path, accepted: file.baseline };
  const path = given ?? (file && typeof file.baseline === 'string' ? joinPath(folderOf(file.path), file.baseline) : undefined);
  if (path === undefined) return undefined;
  // What stands in the file is complained about there; a path that was given by hand is the baseline's own affair.
  const [where, place] = given === undefined && file?.baselinePlace ? [file.path, file.baselinePlace] : [path, FILE_START];
  try {
    const text = await readText(path);
    if (text === undefined) complaints.push(complaintAt(where, 'error', place, `names the baseline ${path}, which is not there: nothing is accepted`));
    else {
      const read = readBaseline(text, path);
      complaints.push(...read.complaints);
      return read.baseline;
    }
  } catch (error) {
    complaints.push(complaintAt(where, 'error', place, `names the baseline ${path}, which cannot be read, so nothing is accepted: ${withoutStop(messageOf(error))}`));
  }
  return undefined;
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
