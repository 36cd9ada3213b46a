import type { Analysis } from '../core/analysis';
import type { Tensor } from '../core/model';
import { storageWords } from '../core/storageWords';
import { formatBytes, formatExact, formatInteger, formatNumber, formatShape, formatShare } from '../core/numberText';
import type { Report, ReportBlockScales, ReportStatistics, ReportTensor } from '../core/report';
import { sampledLong } from '../core/statistics/sampledWords';
import { layerVerdict } from '../core/verdict/layerVerdict';
import { EXPECTATION_WORDS, verdictText } from '../core/verdict/verdict';
import type { Expectation } from '../core/verdict/verdict';
import { findingLines, textCells } from './reportText';
import { spectrumLines } from './spectrumText';
import type { TableStyle } from './layerTable';
import { barRows, cells, padEnd, padStart, plainSpaces, visible, wrap } from './terminal';
import type { Colour } from './terminal';

const HISTOGRAM_ROWS = 8;

/** A histogram that fits a narrow window; more bins are joined for the drawing. */
const MAX_HISTOGRAM_CELLS = 100;

/** One tensor with all its figures, a taller histogram, and what was found about it. */
export function tensorText(analysis: Analysis, report: Report, style: TableStyle): string {
  const reported = report.tensors[0]!;
  const tensor = analysis.model.tensors.find(({ name }) => name === reported.name)!;
  const reason = report.unreadable[0]?.reason;
  const body = reported.statistics ? figuresAndHistogram(reported.statistics, style) : [reason === undefined ? 'This tensor holds no numbers.' : visible(reason)];
  const own = report.findings.filter(({ subject }) => subject.kind !== 'model');
  return [...headLines(reported, tensor, style), ...verdictLines(analysis, tensor.layer, style), '', ...body, ...(reported.spectrum ? spectrumLines(reported.spectrum, style) : []), ...findingLines(own, style), ''].map(plainSpaces).join('\n');
}

function headLines(reported: ReportTensor, tensor: Tensor, { paint }: TableStyle): string[] {
  const facts = [reported.role, formatShape(tensor), storageWords(tensor), `${formatInteger(reported.parameters)} elements`, formatBytes(reported.bytes)];
  return [paint('bold', visible(reported.name)), facts.join(' · '), `in layer ${visible(reported.layer)}`];
}

const EXPECTATION_COLOURS: Readonly<Record<Expectation, Colour>> = { expected: 'green', suspicious: 'red', noted: 'blue', unknown: 'dim' };

/** What the layer of the tensor looks like, and why. */
function verdictLines(analysis: Analysis, layer: number, { width, paint }: TableStyle): string[] {
  const verdict = layerVerdict(analysis, layer);
  if (!verdict) return [];
  const lines = (text: string, indent = ''): string[] => wrap(visible(text), textCells(width) - indent.length).map((line) => indent + line);
  const [first, ...rest] = lines(verdictText(verdict));
  const word = EXPECTATION_WORDS[verdict.expected];
  const facts = verdict.reasons.filter(({ rule }) => rule === undefined).flatMap(({ text }) => lines(text, '  '));
  return ['', paint(EXPECTATION_COLOURS[verdict.expected], word) + first!.slice(word.length), ...rest, ...facts.map((line) => paint('dim', line))];
}

function figuresAndHistogram(statistics: ReportStatistics, style: TableStyle): string[] {
  const sampled = statistics.sampled ? ['', ...wrap(sampledLong(statistics.sampled), textCells(style.width)).map((line) => style.paint('yellow', line))] : [];
  return [...histogramLines(statistics, style), '', ...figureLines(statistics), ...scaleLines(statistics.blockScales), ...sampled];
}

function histogramLines({ histogram, min, max }: ReportStatistics, { width, paint }: TableStyle): string[] {
  if (histogram.counts.length === 0) return [paint('dim', 'No finite value.')];
  const space = Math.max(10, Math.min(MAX_HISTOGRAM_CELLS, width));
  const counts = joined(histogram.counts, space);
  const most = Math.max(...counts);
  const left = formatNumber(min);
  const right = formatNumber(max);
  const axis = padEnd(left, Math.max(cells(left) + 1, counts.length - cells(right))) + right;
  return [paint('dim', `highest bar: ${formatInteger(most)} weights`), ...barRows(counts, HISTOGRAM_ROWS).map((row) => row.trimEnd()), paint('dim', axis)];
}

/** Neighbouring bins added up until they fit. */
function joined(counts: readonly number[], space: number): number[] {
  if (counts.length <= space) return [...counts];
  const perCell = Math.ceil(counts.length / space);
  return Array.from({ length: Math.ceil(counts.length / perCell) }, (_, cell) =>
    counts.slice(cell * perCell, (cell + 1) * perCell).reduce((sum, count) => sum + count, 0));
}

function figureLines(statistics: ReportStatistics): string[] {
  const { count, zeros, nearZeros, nan, positiveInfinity, negativeInfinity } = statistics;
  const whole = (n: number): string => `${formatInteger(n)}  ${formatShare(n / count)}`;
  const rows: [string, string][] = [
    ['count', formatInteger(count)],
    ['exact zeros', whole(zeros)],
    ['near zero', whole(nearZeros)],
    ...(nan > 0 ? [['NaN', whole(nan)] as [string, string]] : []),
    ...(positiveInfinity > 0 ? [['+Infinity', whole(positiveInfinity)] as [string, string]] : []),
    ...(negativeInfinity > 0 ? [['−Infinity', whole(negativeInfinity)] as [string, string]] : []),
    ['min', formatExact(statistics.min)],
    ...Object.entries(statistics.quantiles).map(([q, value]): [string, string] => [quantileName(Number(q)), formatNumber(value)]),
    ['max', formatExact(statistics.max)],
    ['mean', formatNumber(statistics.mean)],
    ['σ', formatNumber(statistics.standardDeviation)],
    ['skewness', formatNumber(statistics.skewness)],
    ['excess kurtosis', formatNumber(statistics.excessKurtosis)],
    ['L1 norm', formatNumber(statistics.l1Norm)],
    ['L2 norm', formatNumber(statistics.l2Norm)],
  ];
  const widest = Math.max(...rows.map(([name]) => cells(name)));
  return rows.map(([name, value]) => `${padStart(name, widest)}  ${value}`);
}

/** What the blocks of a quantized tensor are scaled with: a table of its own below the figures. */
function scaleLines(scales: ReportBlockScales | undefined): string[] {
  if (!scales) return [];
  const { scale, min } = scales;
  const columns = [scale, ...(min ? [min] : [])];
  const row = (name: string, text: (figures: ReportBlockScales['scale']) => string): string[] => [name, ...columns.map(text)];
  const rows = [
    ['', 'scale of a block', ...(min ? ['its minimum'] : [])],
    row('count', ({ count }) => formatInteger(count)),
    row('exact zeros', ({ zeros }) => formatInteger(zeros)),
    row('not finite', ({ nonFinite }) => formatInteger(nonFinite)),
    row('min', (figures) => formatNumber(figures.min)),
    row('median', ({ quantiles }) => formatNumber(quantiles['0.5'] ?? null)),
    row('max', ({ max }) => formatNumber(max)),
    row('mean', ({ mean }) => formatNumber(mean)),
    row('σ', ({ standardDeviation }) => formatNumber(standardDeviation)),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((each) => cells(each[column]!))));
  return ['', ...rows.map(([name, ...values]) => [padStart(name!, widths[0]!), ...values.map((value, i) => padEnd(value, widths[i + 1]!))].join('  ').trimEnd())];
}

function quantileName(q: number): string {
  return q === 0.5 ? 'median' : `p${Number((q * 100).toPrecision(4))}`;
}
