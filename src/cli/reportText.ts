import type { Analysis } from '../core/analysis';
import { assess } from '../core/assessment';
import { formatBytes, formatCount, plural } from '../core/numberText';
import { SEVERITIES } from '../core/rules/rule';
import type { Finding, Severity } from '../core/rules/rule';
import { layerTable, mainTensor, SEVERITY_MARKS } from './layerTable';
import type { TableStyle } from './layerTable';
import { plainSpaces, visible, wrap } from './terminal';
import type { Paint } from './terminal';

/** Notes shown in full; the rest is a line that says how many there are. Errors and warnings are always all shown. */
const MAX_INFOS = 10;

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
    '',
  ].map(plainSpaces).join('\n');
}

export function headLines(analysis: Analysis, { width, paint }: TableStyle): string[] {
  const { model } = analysis;
  const layers = model.layers.filter((layer) => mainTensor(model, layer) !== undefined).length;
  const facts = [model.formatTitle, `${formatCount(model.parameters)} weights`, formatBytes(model.bytes), plural(layers, 'layer')];
  return [
    `${paint('bold', visible(model.name))} · ${visible(facts.join(' · '))}`,
    ...wrap(visible(plainSpaces(assess(analysis))), textCells(width)),
  ];
}

/** Findings by severity, each with its advice below it. */
export function findingLines(findings: readonly Finding[], style: TableStyle): string[] {
  if (findings.length === 0) return [];
  return SEVERITIES.flatMap((severity) => {
    const own = findings.filter((finding) => finding.severity === severity);
    const shown = severity === 'info' ? own.slice(0, MAX_INFOS) : own;
    if (own.length === 0) return [];
    const more = own.length - shown.length;
    return [
      '',
      heading(severity, own.length, style.paint),
      ...shown.flatMap((finding) => oneFinding(finding, style)),
      ...(more > 0 ? [style.paint('dim', `  … and ${plural(more, 'more note')}: --json lists them all.`)] : []),
    ];
  });
}

function heading(severity: Severity, count: number, paint: Paint): string {
  const { mark, colour } = SEVERITY_MARKS[severity];
  return paint(colour, `${mark} ${plural(count, WORDS[severity])}`);
}

function oneFinding({ rule, subject, message, advice }: Finding, { width, paint }: TableStyle): string[] {
  const space = textCells(width) - 4;
  return [
    `  ${paint('bold', visible(subject.name))} ${paint('dim', rule)}`,
    ...wrap(visible(plainSpaces(message)), space).map((text) => `    ${text}`),
    ...wrap(visible(plainSpaces(advice)), space).map((text) => paint('dim', `    ${text}`)),
  ];
}

function textCells(width: number): number {
  return Math.max(MIN_TEXT_CELLS, Math.min(MAX_TEXT_CELLS, width));
}
