import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../test/support/paths';
import type { Row } from './score';

/** Warnings are counted on this many layers: a model of usual size. */
const LAYERS = 50;

const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';
const PAGE = path.join(ROOT, 'docs/rules/README.md');

export interface Summary {
  readonly rows: readonly Row[];
  /** Healthy layers with weights. */
  readonly layers: number;
  readonly models: number;
}

export function tableOf({ rows, layers }: Summary): string {
  const per50 = (count: number): string => (count === 0 ? '0' : ((count * LAYERS) / layers).toFixed(2));
  const lines = rows.map(({ rule, severity, cases, found, byOthers, alarms }) => {
    const recall = severity === undefined ? 'no such rule' : cases === 0 ? '–' : `${((100 * found) / cases).toFixed(1)} %${byOthers > 0 ? ` (${byOthers} by a rule that says more)` : ''}`;
    return `| ${rule} | ${cases} | ${recall} | ${alarms.error} | ${per50(alarms.warning)} | ${per50(alarms.info)} |`;
  });
  const sum = (severity: 'error' | 'warning' | 'info'): number => rows.reduce((total, { alarms }) => total + alarms[severity], 0);
  const cases = rows.reduce((total, row) => total + row.cases, 0);
  const found = rows.reduce((total, row) => total + row.found, 0);
  const total = `| **all** | ${cases} | ${((100 * found) / Math.max(1, cases)).toFixed(1)} % | ${sum('error')} | ${per50(sum('warning'))} | ${per50(sum('info'))} |`;
  return ['| rule | cases | recall | errors on healthy models | warnings per 50 healthy layers | notes per 50 healthy layers |', '|---|---|---|---|---|---|', ...lines, total].join('\n');
}

/** Puts text between the marks of docs/rules/README.md. */
export function writePage(text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for what was measured: it needs the lines ${BEGIN} and ${END}.`);
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`);
}
