import type { Analysis } from '../core/analysis';
import { layerFigures, mainTensorOf, worstSeverity } from '../core/layerFigures';
import type { Tensor } from '../core/model';
import { formatCount, formatNumber, formatShape, formatShare } from '../core/numberText';
import type { Finding, Severity } from '../core/rules/rule';
import { sparklineCounts } from '../core/statistics/histogram';
import { cells, padEnd, padStart, plainSpaces, sparkline, truncate, visible } from './terminal';
import type { Colour, Paint } from './terminal';

const SPARKLINE_CELLS = 16;

/** Columns are left out before names are cut further than this. */
const ENOUGH_NAME_CELLS = 20;
const MIN_NAME_CELLS = 8;

const GAP = '  ';

export const SEVERITY_MARKS: Readonly<Record<Severity, { readonly mark: string; readonly colour: Colour }>> = {
  error: { mark: '●', colour: 'red' },
  warning: { mark: '▲', colour: 'yellow' },
  info: { mark: '·', colour: 'blue' },
};

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Gives way when the terminal is narrow. */
  readonly flexible?: boolean;
  /** Left out on a narrow terminal, 1 first. */
  readonly leftOut?: number;
}

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: 'histogram', align: 'left' },
  { title: 'layer', align: 'left', flexible: true },
  { title: 'shape', align: 'left', leftOut: 3 },
  { title: 'weights', align: 'right' },
  { title: 'zero', align: 'right' },
  { title: 'near zero', align: 'right' },
  { title: 'σ', align: 'right', leftOut: 2 },
  { title: 'kurtosis', align: 'right', leftOut: 1 },
];

export interface TableStyle {
  /** Cells of a line; Infinity where nothing needs to be cut. */
  readonly width: number;
  readonly paint: Paint;
}

/** One line a layer with weights, in model order, below a line of titles. Figures of a layer's shape are its main tensor's. */
export function layerTable(analysis: Analysis, style: TableStyle): string[] {
  const severities = severitiesByLayer(analysis);
  const indices = analysis.model.layers.flatMap((layer, index) => (mainTensorOf(analysis.model, layer) === undefined ? [] : [index]));
  const rows = indices.map((index) => layerRow(analysis, index, severities.get(index)));
  const widths = columnWidths(rows, style.width);
  const header = line(COLUMNS.map(({ title }) => title), widths);
  return [style.paint('dim', header), ...rows.map((row, i) => paintMark(line(row, widths), severities.get(indices[i]!), style.paint))];
}

function severitiesByLayer({ model, findings }: Analysis): Map<number, Severity> {
  const layerOf = new Map<string, number>();
  model.layers.forEach(({ name }, index) => layerOf.set(`layer\n${name}`, index));
  model.tensors.forEach(({ name, layer }) => layerOf.set(`tensor\n${name}`, layer));
  const byLayer = new Map<number, Finding[]>();
  for (const finding of findings) {
    const layer = layerOf.get(`${finding.subject.kind}\n${finding.subject.name}`);
    if (layer !== undefined) byLayer.set(layer, [...(byLayer.get(layer) ?? []), finding]);
  }
  return new Map([...byLayer].map(([layer, own]) => [layer, worstSeverity(own)!]));
}

function layerRow(analysis: Analysis, index: number, severity: Severity | undefined): string[] {
  const { model, statistics } = analysis;
  const layer = model.layers[index]!;
  const main = mainTensorOf(model, layer)!;
  const tensor: Tensor = model.tensors[main]!;
  const figures = statistics.get(main);
  const { parameters, sparsity, nearZero } = layerFigures(model, index, statistics);
  return [
    severity ? SEVERITY_MARKS[severity].mark : ' ',
    figures ? sparkline(sparklineCounts(figures, SPARKLINE_CELLS)) : 'unreadable',
    visible(layer.name),
    formatShape(tensor),
    formatCount(parameters),
    formatShare(sparsity),
    formatShare(nearZero),
    formatNumber(figures?.standardDeviation),
    formatNumber(figures?.excessKurtosis),
  ].map(plainSpaces);
}

/** Cells of each column; undefined where it is left out. */
type Widths = (number | undefined)[];

function columnWidths(rows: readonly (readonly string[])[], width: number): Widths {
  const flexible = COLUMNS.findIndex((column) => column.flexible);
  const widths: Widths = COLUMNS.map(({ title }, column) => rows.reduce((widest, row) => Math.max(widest, cells(row[column]!)), cells(title)));
  const wanted = widths[flexible]!;
  const room = (): number => {
    const others = widths.filter((_, column) => column !== flexible).filter((cellsOfColumn) => cellsOfColumn !== undefined);
    return width - others.reduce((sum, cellsOfColumn) => sum + cellsOfColumn + GAP.length, 0);
  };
  const leaving = COLUMNS.flatMap(({ leftOut }, column) => (leftOut === undefined ? [] : [{ column, leftOut }])).sort((a, b) => a.leftOut - b.leftOut);
  for (const { column } of leaving) if (room() < Math.min(wanted, ENOUGH_NAME_CELLS)) widths[column] = undefined;
  widths[flexible] = Math.min(wanted, Math.max(MIN_NAME_CELLS, room()));
  return widths;
}

function line(row: readonly string[], widths: Widths): string {
  const parts = row.flatMap((text, column) => {
    const width = widths[column];
    if (width === undefined) return [];
    const fitted = truncate(text, width);
    return [COLUMNS[column]!.align === 'right' ? padStart(fitted, width) : padEnd(fitted, width)];
  });
  return parts.join(GAP).trimEnd();
}

function paintMark(text: string, severity: Severity | undefined, paint: Paint): string {
  if (!severity) return text;
  const { mark, colour } = SEVERITY_MARKS[severity];
  return paint(colour, mark) + text.slice(mark.length);
}
