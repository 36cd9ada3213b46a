import type { Node } from 'jsonc-parser';
import { RULES } from '../rules/index';
import { SEVERITIES } from '../rules/rule';
import type { Severity } from '../rules/rule';
import { entriesOf, extended, JsonTree } from './jsonTree';
import { tidyRelative } from './paths';
import type { Baseline, Complaint, Fingerprint } from './silenceFile';

/** A model of thousands of layers has thousands of findings; a larger file is something else. */
export const MAX_BASELINE_CHARACTERS = 16 * 1024 * 1024;

/** More complaints about one list say nothing new. */
const MAX_COMPLAINTS = 20;

export interface ReadBaseline {
  readonly baseline: Baseline;
  readonly complaints: readonly Complaint[];
  /** Not a baseline at all: it accepts nothing, and is not to be overwritten. */
  readonly isBroken: boolean;
}

/** Reads `{ "accepted": [{ "rule", "model", "subject", "severity" }] }`. Never throws: what is wrong accepts nothing. */
export function readBaseline(text: string, path: string): ReadBaseline {
  const isTooLarge = text.length > MAX_BASELINE_CHARACTERS;
  const tree = new JsonTree(path, isTooLarge ? '' : text);
  const broken = (what: string): ReadBaseline => ({ baseline: { path, accepted: [] }, complaints: [tree.complaint('error', tree.placeAt(0, 0), what)], isBroken: true });
  if (isTooLarge) return broken('is too large to be a baseline: it accepts nothing');
  const { syntaxError, root } = tree;
  if (syntaxError) {
    const complaint = extended(syntaxError, 'The baseline accepts nothing until that is mended: all findings show.');
    return { baseline: { path, accepted: [] }, complaints: [complaint], isBroken: true };
  }
  const list = root?.type === 'object' ? entriesOf(root).find(({ key }) => key === 'accepted')?.value : undefined;
  if (list?.type !== 'array') return broken('is no baseline: it must hold an object with a list "accepted". It accepts nothing');
  const { accepted, complaints } = readFingerprints(list, tree, 'accepted');
  return { baseline: { path, accepted }, complaints, isBroken: false };
}

/** The list itself, in either file. */
export function readFingerprints(list: Node, tree: JsonTree, name: string): { readonly accepted: Fingerprint[]; readonly complaints: Complaint[] } {
  const accepted: Fingerprint[] = [];
  const complaints: Complaint[] = [];
  (list.children ?? []).forEach((node, index) => {
    const read = fingerprint(node);
    if (typeof read !== 'string') accepted.push(read);
    else if (complaints.length < MAX_COMPLAINTS) complaints.push(tree.complaint('error', tree.placeOf(node), `${name}[${index}] ${read}: the entry accepts nothing`));
  });
  return { accepted, complaints };
}

/** What is wrong, where something is. */
function fingerprint(node: Node): Fingerprint | string {
  if (node.type !== 'object') return 'must be an object with "rule", "model", "subject" and "severity"';
  const values = new Map(entriesOf(node).map(({ key, value }) => [key, value.value as unknown]));
  const text = (key: string): string | undefined => {
    const value = values.get(key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [rule, model, subject] = [text('rule'), text('model'), text('subject')];
  if (rule === undefined || model === undefined || subject === undefined) return 'must give "rule", "model", "subject" and "severity" as texts';
  if (!RULES.some(({ id }) => id === rule)) return `names "${rule}", which is no rule`;
  const severity = SEVERITIES.find((one): one is Severity => one === text('severity'));
  if (!severity) return `must have a "severity" of ${SEVERITIES.join(', ')}`;
  return { rule, model: tidyRelative(model), subject, severity };
}
