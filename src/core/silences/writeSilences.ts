import { FormatError } from '../errors';
import { SEVERITIES } from '../rules/rule';
import { newFile, oneLine, withEntry, withKey } from './jsonEdits';
import { readSilenceFile } from './readSilenceFile';
import { readBaseline } from './readBaseline';
import type { Fingerprint, Silence } from './silenceFile';

/**
 * The text of a `.weightgram.json` with one entry more. Comments, order and layout of all else stay.
 * @param text undefined where there is no file yet.
 * @throws FormatError where the text is broken: what a person wrote there must not be lost.
 */
export function withSilence(text: string | undefined, path: string, { rule, model, subject, reason }: Silence): string {
  const entry = { rule, ...(model !== undefined && { model }), ...(subject !== undefined && { subject }), ...(reason !== undefined && { reason }) };
  if (isEmpty(text)) return newFile('silences', [entry]);
  const file = checked(text, path);
  if (file.silences.some((one) => one.rule === rule && one.model === model && one.subject === subject)) return text;
  return withEntry(text, 'silences', entry) ?? withKey(text, 'silences', [entry]);
}

/** The text with its `baseline` replaced: a path, or the list itself. @throws FormatError as `withSilence`. */
export function withBaseline(text: string | undefined, path: string, baseline: string | readonly Fingerprint[]): string {
  if (isEmpty(text)) return newFile('baseline', baseline);
  checked(text, path);
  return withKey(text, 'baseline', baseline);
}

/** A baseline file, an accepted finding a line, sorted: two people's baselines merge. */
export function baselineText(accepted: readonly Fingerprint[]): string {
  const lines = sorted(accepted).map((one) => `    ${oneLine(one)}`);
  return lines.length === 0 ? '{\n  "accepted": []\n}\n' : `{\n  "accepted": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/** What was accepted before about other models, and what is accepted now of these. @param models as in the fingerprints. */
export function mergedBaseline(before: readonly Fingerprint[], now: readonly Fingerprint[], models: ReadonlySet<string>): Fingerprint[] {
  return sorted([...before.filter(({ model }) => !models.has(model)), ...now]);
}

/** @throws FormatError where a file stands in the place of a baseline and is none: it is not overwritten. */
export function acceptedBefore(text: string | undefined, path: string): readonly Fingerprint[] {
  if (isEmpty(text)) return [];
  const { baseline, complaints, isBroken } = readBaseline(text, path);
  if (isBroken) throw new FormatError(`${complaints[0]!.message} It was not overwritten: mend it, or name another file.`);
  return baseline.accepted;
}

function isEmpty(text: string | undefined): text is undefined {
  return text === undefined || text.trim() === '';
}

function checked(text: string, path: string): ReturnType<typeof readSilenceFile> {
  const file = readSilenceFile(text, path);
  if (file.isBroken) throw new FormatError(`${file.complaints[0]!.message} Nothing was written into it.`);
  return file;
}

/** By model, then the gravest first. Code units, not a language's order: the same on every machine. */
function sorted(all: readonly Fingerprint[]): Fingerprint[] {
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...all].sort((a, b) => order(a.model, b.model) || SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || order(a.rule, b.rule) || order(a.subject, b.subject));
}
