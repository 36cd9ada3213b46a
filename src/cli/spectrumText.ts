import { formatInteger, formatNumber } from '../core/numberText';
import { eigenvalueBins } from '../core/statistics/eigenvalueBins';
import { alphaWords } from '../core/statistics/spectrumFigures';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import type { TableStyle } from './layerTable';
import { textCells } from './reportText';
import { barRows, cells, padEnd, padStart, wrap } from './terminal';

const CHART_ROWS = 6;

/** Bars stand twice as wide, so that few of them are a picture. */
const CELLS_A_BAR = 2;

/** The eigenvalues as a chart with the edge of a random matrix marked, and every figure. */
export function spectrumLines(spectrum: SpectrumSummary, style: TableStyle): string[] {
  const rows = figureRows(spectrum);
  const widest = Math.max(...rows.map(([name]) => cells(name)));
  const figures = rows.flatMap(([name, value]) => {
    const [first = '', ...rest] = wrap(value, Math.max(20, textCells(style.width) - widest - 2));
    return [`${padStart(name, widest)}  ${first}`, ...rest.map((line) => `${' '.repeat(widest)}  ${line}`)];
  });
  return ['', style.paint('bold', `Spectrum of ${formatInteger(spectrum.rows)} × ${formatInteger(spectrum.columns)}`), ...chartLines(spectrum, style), '', ...figures];
}

function chartLines(spectrum: SpectrumSummary, { paint, width }: TableStyle): string[] {
  const { edges, counts } = eigenvalueBins(spectrum);
  if (counts.length === 0) return [paint('dim', 'All singular values are 0.')];
  const cellsEach = counts.length * CELLS_A_BAR <= width ? CELLS_A_BAR : 1;
  const wide = counts.flatMap((count) => new Array<number>(cellsEach).fill(count));
  const left = formatNumber(10 ** edges[0]!);
  const right = formatNumber(10 ** edges.at(-1)!);
  const axis = padEnd(left, Math.max(cells(left) + 1, wide.length - cells(right))) + right;
  return [
    paint('dim', `eigenvalues σ², logarithmic; highest bar: ${formatInteger(Math.max(...counts))}`),
    ...barRows(wide, CHART_ROWS).map((row) => row.trimEnd()),
    ...edgeLine(spectrum, edges, wide.length).map((line) => paint('green', line)),
    paint('dim', axis),
  ];
}

/** A mark below the bar where the edge of a random matrix lies. */
function edgeLine({ marchenkoPastur }: SpectrumSummary, edges: readonly number[], width: number): string[] {
  if (!marchenkoPastur) return [];
  const share = (Math.log10(marchenkoPastur.edge) - edges[0]!) / (edges.at(-1)! - edges[0]!);
  const words = `random edge ${formatNumber(marchenkoPastur.edge)}`;
  if (share < 0) return [`← ${words}`];
  if (share > 1) return [`${padStart(words, Math.max(cells(words), width - 2))} →`];
  const at = Math.min(width - 1, Math.floor(share * width));
  return [at > cells(words) ? `${padStart(words, at - 1)} ▲` : `${' '.repeat(at)}▲ ${words}`];
}

function figureRows(spectrum: SpectrumSummary): [string, string][] {
  const { rows, columns, isPartial, singularValues, spectralNorm, stableRank, effectiveRank, numericalRank, smallest, condition, marchenkoPastur, shuffledNorm, powerLaw, filterEntropy, filters } = spectrum;
  const order = formatInteger(Math.min(rows, columns));
  const needsAll = `needs all ${order} singular values; the ${formatInteger(singularValues.length)} largest are known`;
  const ofOrder = (value: number | null): string => (value === null ? (isPartial ? needsAll : '–') : `${formatNumber(value)} of ${order}`);
  return [
    ['spectral norm', formatNumber(spectralNorm)],
    ['stable rank', formatNumber(stableRank)],
    ['effective rank', ofOrder(effectiveRank)],
    ['rank', ofOrder(numericalRank)],
    ['condition', condition !== null ? formatNumber(condition) : smallest === 0 ? '∞' : needsAll],
    ...(marchenkoPastur ? [
      ['random edge', formatNumber(marchenkoPastur.edge)],
      ['beyond it', `${marchenkoPastur.beyond === singularValues.length ? 'at least ' : ''}${formatInteger(marchenkoPastur.beyond)}`],
      ['largest / edge', formatNumber(spectralNorm ** 2 / marchenkoPastur.edge)],
      ['shuffled / edge', shuffledNorm === null ? 'too many weights to shuffle' : formatNumber(shuffledNorm ** 2 / marchenkoPastur.edge)],
    ] as [string, string][] : []),
    ...(filterEntropy !== null && filters ? [['filter entropy', `${formatNumber(filterEntropy)} of at most ${formatNumber(Math.log10(filters.size[0] * filters.size[1]))}, ${formatInteger(filters.count)} filters`] as [string, string]] : []),
    ...lawRows(powerLaw),
  ];
}

function lawRows(powerLaw: SpectrumSummary['powerLaw']): [string, string][] {
  if ('notApplicable' in powerLaw) return [['alpha', `not applicable: ${powerLaw.notApplicable}`]];
  const { alpha, tail, xMin, distance } = powerLaw;
  return [
    ['alpha', `${formatNumber(alpha)}, ${alphaWords(alpha)} (WeightWatcher)`],
    ['tail', `${formatInteger(tail)} eigenvalues from ${formatNumber(xMin)} on, fit distance ${formatNumber(distance)}`],
  ];
}
