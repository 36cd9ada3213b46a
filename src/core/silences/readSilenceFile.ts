import type { Node } from 'jsonc-parser';
import { RULES } from '../rules/index';
import type { Thresholds } from '../rules/index';
import { formatNumber } from '../numberText';
import type { Threshold } from '../rules/rule';
import { contradictionsIn } from './contradictions';
import { entriesOf, extended, JsonTree } from './jsonTree';
import { staysInside, tidyRelative } from './paths';
import { readFingerprints } from './readBaseline';
import { MAX_SILENCE_FILE_CHARACTERS } from './silenceFile';
import type { Complaint, Fingerprint, Place, PlacedSilence, SilenceFile } from './silenceFile';
import { didYouMean } from './suggest';
import { thresholdContradiction } from './thresholdOrder';

const KEYS = ['silences', 'baseline', 'thresholds', '$schema'] as const;
const SILENCE_KEYS = ['rule', 'model', 'subject', 'reason'] as const;

/**
 * Reads a `.weightgram.json`. Never throws: what is wrong becomes a complaint and has no effect, so that a mistake only ever
 * shows more findings, never fewer.
 * @param path absolute; complaints name it.
 */
export function readSilenceFile(text: string, path: string): SilenceFile {
  const tree = new JsonTree(path, text.length > MAX_SILENCE_FILE_CHARACTERS ? '' : text);
  if (text.length > MAX_SILENCE_FILE_CHARACTERS) return broken(path, tree.complaint('error', tree.placeAt(0, 0), 'is too large to be a list of silences: all findings show'));
  const { root, syntaxError } = tree;
  if (syntaxError) return broken(path, extended(syntaxError, 'Nothing in this file has an effect until that is mended: all findings show.'));
  if (root?.type !== 'object') return broken(path, tree.complaint('error', tree.placeAt(0, 0), 'must hold an object with "silences", "baseline" and "thresholds": all findings show'));
  return new Reader(tree, root).read();
}

function broken(path: string, complaint: Complaint): SilenceFile {
  return { path, silences: [], thresholds: {}, thresholdPlaces: new Map(), complaints: [complaint], isBroken: true };
}

class Reader {
  readonly #complaints: Complaint[] = [];
  readonly #silences: PlacedSilence[] = [];
  readonly #thresholds: Record<string, Record<string, number>> = {};
  readonly #thresholdPlaces = new Map<string, Place>();
  #baseline: readonly Fingerprint[] | string | undefined;
  #baselinePlace: Place | undefined;

  constructor(
    private readonly tree: JsonTree,
    private readonly root: Node,
  ) {}

  read(): SilenceFile {
    const seen = new Set<string>();
    for (const { key, keyNode, value } of entriesOf(this.root)) {
      if (seen.has(key)) this.#complain('error', keyNode, `has a second "${key}", which is ignored: join it with the first`);
      else this.#part(key, keyNode, value);
      seen.add(key);
    }
    const file = {
      path: this.tree.path,
      silences: this.#silences,
      thresholds: this.#thresholds as Thresholds,
      thresholdPlaces: this.#thresholdPlaces,
      ...(this.#baseline !== undefined && { baseline: this.#baseline }),
      ...(this.#baselinePlace && { baselinePlace: this.#baselinePlace }),
      isBroken: false,
    };
    return { ...file, complaints: [...this.#complaints, ...contradictionsIn(file)] };
  }

  #part(key: string, keyNode: Node, value: Node): void {
    switch (key) {
      case 'silences':
        if (value.type === 'array') (value.children ?? []).forEach((entry, index) => this.#silence(entry, index));
        else this.#complain('error', value, '"silences" must be a list of { "rule": …, "subject": … }: it silences nothing');
        break;
      case 'baseline':
        this.#readBaseline(value);
        break;
      case 'thresholds':
        this.#readThresholds(value);
        break;
      case '$schema':
        break;
      default:
        this.#complain('error', keyNode, `has no effect with its key "${key}"${didYouMean(key, KEYS)}`);
    }
  }

  #silence(node: Node, index: number): void {
    const where = `silences[${index}]`;
    if (node.type !== 'object') {
      this.#complain('error', node, `${where} must be an object with a "rule": it silences nothing`);
      return;
    }
    const texts: Partial<Record<(typeof SILENCE_KEYS)[number], string>> = {};
    for (const { key, keyNode, value } of entriesOf(node)) {
      const known = SILENCE_KEYS.find((one) => one === key);
      if (!known) {
        // A mistyped "subject" would silence far more than was meant: the whole entry is void.
        this.#complain('error', keyNode, `${where} has an unknown key "${key}" and silences nothing${didYouMean(key, SILENCE_KEYS)}`);
        return;
      }
      if (value.type !== 'string' || (known !== 'reason' && value.value === '')) {
        this.#complain('error', value, `${where}: "${key}" must be a text, so the entry silences nothing`);
        return;
      }
      texts[known] = value.value as string;
    }
    const { rule, model, subject, reason } = texts;
    if (rule === undefined) {
      this.#complain('error', node, `${where} names no "rule" and silences nothing: give the id of a rule, such as "${RULES[0]!.id}"`);
      return;
    }
    if (!this.#isRule(rule, node, where, 'the entry silences nothing')) return;
    this.#silences.push({
      rule,
      ...(model !== undefined && { model: tidyRelative(model) }),
      ...(subject !== undefined && { subject }),
      ...(reason !== undefined && { reason }),
      index,
      place: this.tree.placeOf(node),
    });
  }

  #isRule(id: string, node: Node, where: string, effect: string): boolean {
    if (RULES.some((rule) => rule.id === id)) return true;
    if (/[*?]/.test(id)) this.#complain('error', node, `${where}: the pattern "${id}" would hide what nobody has looked at, so ${effect}; name each rule`);
    else this.#complain('error', node, `${where}: there is no rule "${id}", so ${effect}${didYouMean(id, RULES.map((rule) => rule.id))}`);
    return false;
  }

  #readBaseline(value: Node): void {
    this.#baselinePlace = this.tree.placeOf(value);
    if (value.type === 'array') {
      const { accepted, complaints } = readFingerprints(value, this.tree, 'baseline');
      this.#baseline = accepted;
      this.#complaints.push(...complaints);
    } else if (value.type !== 'string') this.#complain('error', value, '"baseline" must be the path of a file or a list of accepted findings: nothing is accepted');
    else if (!staysInside(value.value as string)) {
      this.#complain('error', value, `"baseline" must be a path below the folder of this file, not "${String(value.value)}": nothing is accepted`);
    } else this.#baseline = tidyRelative(value.value as string);
  }

  #readThresholds(node: Node): void {
    if (node.type !== 'object') {
      this.#complain('error', node, '"thresholds" must be an object such as { "extreme-spike": { … } }: it sets nothing');
      return;
    }
    for (const { key, keyNode, value } of entriesOf(node)) {
      if (!this.#isRule(key, keyNode, 'thresholds', 'nothing is set')) continue;
      if (value.type === 'object') this.#thresholdsOf(key, value);
      else this.#complain('error', value, `thresholds.${key} must be an object of names and numbers: nothing is set`);
    }
  }

  #thresholdsOf(rule: string, node: Node): void {
    const declared: Readonly<Record<string, Threshold>> = RULES.find(({ id }) => id === rule)?.thresholds ?? {};
    const own: Record<string, number> = {};
    for (const { key, keyNode, value } of entriesOf(node)) {
      const threshold = Object.hasOwn(declared, key) ? declared[key] : undefined;
      const problem = threshold ? problemOf(value.type === 'number' ? value.value : undefined, threshold) : undefined;
      if (!threshold) this.#complain('error', keyNode, `thresholds.${rule}: the rule has no "${key}", so nothing is set${namesOf(declared, key)}`);
      else if (problem !== undefined) this.#complain('error', value, `thresholds.${rule}.${key} ${problem}: it is ignored, and what the settings say (else ${formatNumber(threshold.default)}) stays in force`);
      else own[key] = value.value as number;
    }
    if (Object.keys(own).length === 0) return;
    const contradiction = thresholdContradiction(rule, own);
    if (contradiction !== undefined) {
      this.#complain('error', node, `thresholds.${rule}: ${contradiction}. None of them is set`);
      return;
    }
    this.#thresholds[rule] = own;
    this.#thresholdPlaces.set(rule, this.tree.placeOf(node));
  }

  #complain(severity: Complaint['severity'], node: Node, what: string): void {
    this.#complaints.push(this.tree.complaint(severity, this.tree.placeOf(node), what));
  }
}

/** What is wrong with a number that a person set; undefined where nothing is. */
export function problemOf(value: unknown, { minimum, maximum, unit }: Threshold): string | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'must be a number';
  if (value >= minimum && value <= maximum) return undefined;
  return `must lie between ${formatNumber(minimum)} and ${formatNumber(maximum)} (${unit}), and ${formatNumber(value)} does not`;
}

function namesOf(declared: Readonly<Record<string, Threshold>>, wrong: string): string {
  const names = Object.keys(declared);
  if (names.length === 0) return ': this rule has no thresholds';
  return didYouMean(wrong, names) || `: it has ${names.join(', ')}`;
}
