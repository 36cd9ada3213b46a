import type { Analysis } from '../core/analysis';
import { assess } from '../core/assessment';
import { mainTensorOf } from '../core/layerFigures';
import { formatBytes, formatCount, formatInteger, plural } from '../core/numberText';
import { SEVERITIES } from '../core/rules/rule';
import type { Finding, Severity } from '../core/rules/rule';
import type { SilencedFinding } from '../core/silences/silenceFile';
import { layerTable, SEVERITY_MARKS } from './layerTable';
import type { TableStyle } from './layerTable';
import { plainSpaces, visible, wrap } from './terminal';
import type { Paint } from './terminal';

/** Findings of one kind shown in full; the rest is a line that says how many there are. */
const MOST_SHOWN: Readonly<Record<Severity, number>> = { error: 20, warning: 20, info: 10 };

/** Sentences longer than this are hard to read even on a wide screen. */
const MAX_TEXT_CELLS = 110;
const MIN_TEXT_CELLS = 40;

const WORDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** The whole report for a terminal: what it is, the short answer, a line a layer, what was found. */
export function reportText(analysis: Analysis, style: TableStyle): string {
  const { model } = analysis;
  const rows = layerTable(analysis, style);
  const hidden = model.layers.length - (rows.length - 1);
  return [
    ...headLines(analysis, style),
    '',
    ...(rows.length > 1 ? rows : []),
    ...(hidden > 0 && rows.length > 1 ? [style.paint('dim', `${plural(hidden, 'layer')} without weights ${hidden === 1 ? 'is' : 'are'} not shown.`)] : []),
    ...findingLines(analysis.findings, style),
    ...silencedLines(analysis.silenced ?? [], style),
    '',
  ].map(plainSpaces).join('\n');
}

export function headLines(analysis: Analysis, { width, paint }: TableStyle): string[] {
  const { model } = analysis;
  const layers = model.layers.filter((layer) => mainTensorOf(model, layer) !== undefined).length;
  const facts = [model.formatTitle, `${formatCount(model.parameters)} weights`, formatBytes(model.bytes), plural(layers, 'layer')];
  return [
    `${paint('bold', visible(model.name))} · ${visible(facts.join(' · '))}`,
    // A sentence a line. Thin spaces keep a number and its unit together; they become plain ones in the end.
    ...assess(analysis).sentences.flatMap(({ text }) => wrap(visible(text), textCells(width))),
  ];
}

/** How many findings do not show, and who says so. */
function silencedLines(silenced: readonly SilencedFinding[], { paint }: TableStyle): string[] {
  if (silenced.length === 0) return [];
  const files = [...new Set(silenced.map(({ by }) => by.path))];
  return ['', paint('dim', `${plural(silenced.length, 'finding')} silenced by ${visible(files.join(' and '))}; --json lists them.`)];
}

/** Findings by severity; those that share rule and advice stand together, the advice below them. `forAll` is the option that shows what is cut. */
export function findingLines(findings: readonly Finding[], style: TableStyle, forAll = '--json'): string[] {
  return SEVERITIES.flatMap((severity) => {
    const own = findings.filter((finding) => finding.severity === severity);
    if (own.length === 0) return [];
    const shown = own.slice(0, MOST_SHOWN[severity]);
    const more = own.length - shown.length;
    return [
      '',
      heading(severity, own.length, style.paint),
      ...alike(shown).flatMap((group) => groupLines(group, style)),
      ...(more > 0 ? [style.paint('dim', `  … and ${formatInteger(more)} more: ${forAll} lists them all.`)] : []),
    ];
  });
}

/** In the order in which the first of each group comes. */
function alike(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.rule}\n${finding.advice}`;
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.values()];
}

function heading(severity: Severity, count: number, paint: Paint): string {
  const { mark, colour } = SEVERITY_MARKS[severity];
  return paint(colour, `${mark} ${plural(count, WORDS[severity])}`);
}

function groupLines(group: readonly Finding[], { width, paint }: TableStyle): string[] {
  const space = textCells(width) - 4;
  const indented = (text: string): string[] => wrap(visible(plainSpaces(text)), space).map((part) => `    ${part}`);
  return [
    ...group.flatMap(({ rule, subject, message }) => [`  ${paint('bold', visible(subject.name))} ${paint('dim', rule)}`, ...indented(message)]),
    ...indented(group[0]!.advice).map((text) => paint('dim', text)),
  ];
}

export function textCells(width: number): number {
  return Math.max(MIN_TEXT_CELLS, Math.min(MAX_TEXT_CELLS, width));
}
