import path from 'node:path';
import { anchorsOf } from '../core/anchors';
import type { Anchor } from '../core/anchors';
import { CancelledError, FileError, HumanError, messageOf } from '../core/errors';
import { MAX_POSITIONS_CHARACTERS } from '../core/formats/jsonPositions';
import type { Model } from '../core/model';
import { SEVERITIES } from '../core/rules/rule';
import type { Subject } from '../core/rules/rule';
import { acceptFindings } from '../core/silences/acceptFindings';
import type { WrittenBaseline } from '../core/silences/acceptFindings';
import { findPolicy } from '../core/silences/findPolicy';
import { judge, thresholdsOf, unusedSilences } from '../core/silences/policy';
import type { Judgement, Policy } from '../core/silences/policy';
import { readBaseline } from '../core/silences/readBaseline';
import type { Complaint, SilenceFile } from '../core/silences/silenceFile';
import type { Engine } from '../protocol/engine';
import { checkPath } from './checkPath';
import type { CheckCommand, FailLevel } from './options';
import { policyFiles, readText } from './policyFiles';
import type { ProgressBar } from './progressBar';

/** A model that was read, and what is said of it. */
export interface CheckedModel {
  /** As it was given. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly model: Model;
  readonly policy: Policy;
  readonly judgement: Judgement;
  readonly anchorOf: (subject: Subject) => Anchor;
}

export interface Unreadable {
  readonly file: string;
  readonly path: string;
  readonly error: string;
}

export interface CheckResult {
  readonly models: readonly CheckedModel[];
  readonly unreadable: readonly Unreadable[];
  /** About `.weightgram.json` files and baselines. */
  readonly complaints: readonly Complaint[];
  /** Where a baseline was written. */
  readonly written?: readonly WrittenBaseline[];
}

export interface CheckContext {
  readonly engine: Engine;
  readonly progress: ProgressBar;
  readonly signal: AbortSignal;
}

/** Reads and judges every file. A file that cannot be read is told of, and the others are checked. @throws HumanError where the baseline is not to be had. */
export async function check(command: CheckCommand, context: CheckContext): Promise<CheckResult> {
  if (command.baseline !== undefined && !command.writeBaseline) await requireBaseline(command.baseline);
  const models: CheckedModel[] = [];
  const unreadable: Unreadable[] = [];
  for (const file of command.files) {
    try {
      models.push(await checkModel(file, command, context));
    } catch (error) {
      if (error instanceof CancelledError || context.signal.aborted || !(error instanceof HumanError)) throw error;
      unreadable.push({ file, path: path.resolve(file), error: messageOf(error) });
    }
  }
  const written = command.writeBaseline ? await acceptFindings(models, policyFiles(command.baseline)) : undefined;
  return { models, unreadable, complaints: complaintsOf(models, written !== undefined), ...(written && { written }) };
}

/** Whether something was found at or over the level. */
export function hasFailed({ models, written }: CheckResult, failOn: FailLevel): boolean {
  const least = SEVERITIES.indexOf(failOn);
  return !written && models.some(({ judgement }) => judgement.findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= least));
}

async function checkModel(file: string, command: CheckCommand, { engine, progress, signal }: CheckContext): Promise<CheckedModel> {
  await checkPath(file);
  const absolute = path.resolve(file);
  const model = await engine.open(absolute, signal);
  const policy = await findPolicy(absolute, policyFiles(command.baseline));
  try {
    const analysis = await engine.analyze(model, {
      signal, noCache: command.noCache, budgetBytes: command.budgetBytes, thresholds: thresholdsOf(policy), onProgress: (done, total) => progress.update(done, total),
    });
    return { file, path: absolute, model, policy, judgement: judge(analysis.findings, absolute, policy), anchorOf: anchorsOf(model, await textOf(model)) };
  } finally {
    progress.clear();
  }
}

/** The text that findings are anchored in; undefined where it is too large. */
async function textOf({ path: file, files }: Model): Promise<string | undefined> {
  return (files[0]?.sizeBytes ?? 0) > MAX_POSITIONS_CHARACTERS ? undefined : await readText(file);
}

/** A baseline that was asked for by name and is not there must not look like a clean one. */
async function requireBaseline(file: string): Promise<void> {
  const text = await readText(path.resolve(file));
  if (text === undefined) throw new FileError(`${file}: there is no such baseline. Check the path, or make it with --write-baseline.`);
  const { isBroken, complaints } = readBaseline(text, path.resolve(file));
  if (isBroken) throw new FileError(complaints[0]!.message);
}

/** Each once, though many models may share a file. After a baseline was written, what was wrong with the one before is of no interest. */
function complaintsOf(models: readonly CheckedModel[], isRewritten: boolean): Complaint[] {
  const all = models.flatMap(({ policy, judgement }) => [...policy.complaints, ...judgement.complaints]);
  const files = new Map<string, SilenceFile>(models.flatMap(({ policy: { file } }) => (file ? [[file.path, file]] : [])));
  const unused = [...files.values()].flatMap((file) => {
    const own = models.filter(({ policy }) => policy.file?.path === file.path);
    return unusedSilences(file, new Map(own.map((model) => [model.path, model.judgement])));
  });
  const silenceFiles = new Set(files.keys());
  const kept = isRewritten ? all.filter(({ path: about }) => silenceFiles.has(about)) : all;
  return [...new Map([...kept, ...unused].map((complaint) => [complaint.message, complaint])).values()];
}
