import type { Thresholds } from '../rules/index';
import type { Finding } from '../rules/rule';
import { SEVERITIES } from '../rules/rule';
import { complaintAt } from './jsonTree';
import { parentOf, relativePath } from './paths';
import type { Baseline, Complaint, Fingerprint, PlacedSilence, SilencedBy, SilencedFinding, SilenceFile } from './silenceFile';
import { thresholdContradiction } from './thresholdOrder';

/** What was decided about the findings of one model. */
export interface Policy {
  readonly file?: SilenceFile;
  readonly baseline?: Baseline;
  /** About all files that were read for it. */
  readonly complaints: readonly Complaint[];
}

export const NO_POLICY: Policy = { complaints: [] };

export interface Judgement {
  /** What every front shows. */
  readonly findings: readonly Finding[];
  readonly silenced: readonly SilencedFinding[];
  /** Indices of the silences that matched a finding, those too that may not silence it. */
  readonly usedSilences: ReadonlySet<number>;
  /** What only shows with the findings at hand. */
  readonly complaints: readonly Complaint[];
}

/** The file's thresholds go before those of the settings: it is shared with the team. Where both together make no sense, its own stand alone. */
export function thresholdsOf({ file }: Policy, settings: Thresholds = {}): Thresholds {
  const own = file?.thresholds ?? {};
  const both = (rule: string): Readonly<Record<string, number>> => {
    const joined = { ...settings[rule], ...own[rule] };
    return thresholdContradiction(rule, joined) === undefined ? joined : (own[rule] ?? {});
  };
  return Object.fromEntries([...new Set([...Object.keys(settings), ...Object.keys(own)])].map((rule) => [rule, both(rule)]));
}

/**
 * Parts findings into those that show and those that are silenced: by an entry of the file, or because the baseline accepts them.
 * An error is silenced only by an entry that names its rule and its subject or model: "this rule, everywhere" was decided
 * before anybody saw it.
 * @param modelPath absolute.
 */
export function judge(findings: readonly Finding[], modelPath: string, policy: Policy): Judgement {
  const { file } = policy;
  const silences = silencesOf(file, modelPath);
  const isAccepted = acceptance(policy.baseline, modelPath);
  const usedSilences = new Set<number>();
  const tooWide = new Set<PlacedSilence>();
  const kept: Finding[] = [];
  const silenced: SilencedFinding[] = [];
  for (const finding of findings) {
    const matching = silences.filter((silence) => matches(silence, finding));
    for (const { index } of matching) usedSilences.add(index);
    const silence = matching.find((one) => maySilence(one, finding));
    if (silence) silenced.push({ finding, by: bySilence(file!, silence) });
    else if (isAccepted(finding)) silenced.push({ finding, by: { kind: 'baseline', path: policy.baseline!.path } });
    else {
      kept.push(finding);
      for (const one of matching) tooWide.add(one);
    }
  }
  const complaints = [...tooWide].map(({ rule, index, place }) =>
    complaintAt(file!.path, 'warning', place, `silences[${index}] does not silence the errors of ${rule} in ${modelPath}: an error is silenced only by an entry that names its subject or model as well`));
  return { findings: kept, silenced, usedSilences, complaints };
}

/**
 * Silences that matched nothing in any of the models they could be about: a finding that is mended, or a name that was mistyped.
 * @param judged models of the file that were looked at to the end, by absolute path. An entry that names another model is not judged.
 * @param areAll whether these are all models that the file is about: else nothing is said of entries that name no model.
 */
export function unusedSilences(file: SilenceFile, judged: ReadonlyMap<string, Judgement>, areAll = true): Complaint[] {
  const folder = folderOf(file.path);
  const models = new Set([...judged.keys()].map((path) => relativePath(folder, path)));
  const used = new Set([...judged.values()].flatMap(({ usedSilences }) => [...usedSilences]));
  if (models.size === 0) return [];
  return file.silences.filter(({ index, model }) => !used.has(index) && (model === undefined ? areAll : models.has(model))).map(({ rule, model, subject, index, place }) => {
    const of = [subject === undefined ? '' : ` about "${subject}"`, model === undefined ? ` in the models looked at` : ` in ${model}`].join('');
    return complaintAt(file.path, 'warning', place, `silences[${index}] matches nothing: there is no finding of ${rule}${of}; correct its names, or remove it`);
  });
}

/** What identifies findings in a baseline that lies in `folder`. Each once: a rule may say two things of one subject. */
export function fingerprints(findings: readonly Finding[], modelPath: string, folder: string): Fingerprint[] {
  const model = relativePath(folder, modelPath);
  const all = findings.map(({ rule, subject, severity }): Fingerprint => ({ rule, model, subject: subject.name, severity }));
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

export function folderOf(path: string): string {
  return parentOf(path) ?? '/';
}

function silencesOf(file: SilenceFile | undefined, modelPath: string): readonly PlacedSilence[] {
  if (!file) return [];
  const relative = relativePath(folderOf(file.path), modelPath);
  return file.silences.filter(({ model }) => model === undefined || model === relative);
}

function matches({ rule, subject }: PlacedSilence, finding: Finding): boolean {
  return rule === finding.rule && (subject === undefined || subject === finding.subject.name);
}

function maySilence({ model, subject }: PlacedSilence, { severity }: Finding): boolean {
  return severity !== 'error' || model !== undefined || subject !== undefined;
}

function bySilence({ path }: SilenceFile, { index, reason }: PlacedSilence): SilencedBy {
  return { kind: 'silence', path, index, ...(reason !== undefined && { reason }) };
}

/** A finding is accepted at the severity at which it was, and at any milder one. */
function acceptance(baseline: Baseline | undefined, modelPath: string): (finding: Finding) => boolean {
  if (!baseline) return () => false;
  const model = relativePath(folderOf(baseline.path), modelPath);
  const worst = new Map<string, number>();
  for (const one of baseline.accepted) {
    if (one.model !== model) continue;
    const key = `${one.rule}\n${one.subject}`;
    worst.set(key, Math.min(worst.get(key) ?? Infinity, SEVERITIES.indexOf(one.severity)));
  }
  return ({ rule, subject, severity }) => SEVERITIES.indexOf(severity) >= (worst.get(`${rule}\n${subject.name}`) ?? Infinity);
}

function keyOf({ rule, model, subject, severity }: Fingerprint): string {
  return JSON.stringify([rule, model, subject, severity]);
}
