import { formatInteger, formatNumber, formatShare } from '../core/numberText';
import { sampledShort } from '../core/statistics/sampledWords';
import { QUANTILES } from '../core/statistics/tensorStatistics';
import type { BlockScales, ScaleFigures } from '../core/statistics/tensorStatistics';
import type { TensorView } from '../protocol/pageContract';
import { EXPLANATIONS, nearZeroExplanation } from './explanations';

type Figures = TensorView['figures'];

export interface FigureRow {
  /** As in the report. */
  readonly key: string;
  readonly label: string;
  readonly explanation: string;
  readonly value: number | null;
  /** As shown. */
  readonly text: string;
  /** Worth a second look, as NaN is. */
  readonly alarming?: boolean;
}

export interface FigureGroup {
  readonly title: string;
  readonly rows: readonly FigureRow[];
}

export function figureGroups(figures: Figures, nearZeroRatio: number): FigureGroup[] {
  const share = (n: number): string => (figures.count > 0 ? ` · ${formatShare(n / figures.count)}` : '');
  const count = (key: string, label: string, explanation: string, value: number, withShare = true): FigureRow =>
    ({ key, label, explanation, value, text: formatInteger(value) + (withShare && value > 0 ? share(value) : '') });
  const number = (key: string, label: string, explanation: string, value: number | null): FigureRow => ({ key, label, explanation, value, text: formatNumber(value) });
  const bad = (row: FigureRow): FigureRow => ({ ...row, alarming: row.value !== null && row.value > 0 });
  return [
    {
      title: figures.sampled ? `Counts (${sampledShort(figures.sampled)})` : 'Counts',
      rows: [
        count('count', 'weights', EXPLANATIONS.count, figures.count, false),
        count('zeros', 'zeros', EXPLANATIONS.zeros, figures.zeros),
        count('nearZeros', 'near zero', nearZeroExplanation(nearZeroRatio), figures.nearZeros),
        bad(count('nan', 'NaN', EXPLANATIONS.nan, figures.nan)),
        bad(count('negativeInfinity', '−Infinity', EXPLANATIONS.infinities, figures.negativeInfinity)),
        bad(count('positiveInfinity', '+Infinity', EXPLANATIONS.infinities, figures.positiveInfinity)),
      ],
    },
    {
      title: 'Moments and norms',
      rows: [
        number('mean', 'mean', EXPLANATIONS.mean, figures.mean),
        number('standardDeviation', 'σ', EXPLANATIONS.standardDeviation.replace(', of the main weight', ''), figures.standardDeviation),
        number('skewness', 'skewness', EXPLANATIONS.skewness, figures.skewness),
        number('excessKurtosis', 'excess kurtosis', EXPLANATIONS.excessKurtosis, figures.excessKurtosis),
        number('l1Norm', 'L1 norm', EXPLANATIONS.l1Norm, figures.l1Norm),
        number('l2Norm', 'L2 norm', EXPLANATIONS.l2Norm, figures.l2Norm),
      ],
    },
    {
      title: 'Quantiles',
      rows: [
        number('min', 'min', EXPLANATIONS.min, figures.min),
        ...QUANTILES.map((q, i) => number(String(q), q === 0.5 ? 'median' : quantileName(q), `${formatShare(q)} of the finite weights are not larger than this`, figures.quantiles[i] ?? null)),
        number('max', 'max', EXPLANATIONS.max, figures.max),
      ],
    },
    ...(figures.blockScales ? scaleGroups(figures.blockScales) : []),
  ];
}

/** Of tensors of quantized blocks. Keys are paths in the report. */
function scaleGroups({ scale, min }: BlockScales): FigureGroup[] {
  const group = (title: string, path: string, what: string, figures: ScaleFigures): FigureGroup => {
    const count = (key: string, label: string, explanation: string, value: number): FigureRow => ({ key: `${path}.${key}`, label, explanation, value, text: formatInteger(value) });
    const number = (key: string, label: string, value: number | null): FigureRow => ({ key: `${path}.${key}`, label, explanation: `${label}: ${what}`, value, text: formatNumber(value) });
    return {
      title,
      rows: [
        count('count', 'count', what, figures.count),
        count('zeros', 'zeros', EXPLANATIONS.blockZeros, figures.zeros),
        { ...count('nonFinite', 'not finite', EXPLANATIONS.blockNonFinite, figures.nonFinite), alarming: figures.nonFinite > 0 },
        number('min', 'min', figures.min),
        number('quantiles.0.5', 'median', figures.quantiles[QUANTILES.indexOf(0.5)] ?? null),
        number('max', 'max', figures.max),
        number('mean', 'mean', figures.mean),
        number('standardDeviation', 'σ', figures.standardDeviation),
      ],
    };
  };
  return [
    group('Block scales', 'blockScales.scale', EXPLANATIONS.blockScale, scale),
    ...(min ? [group('Block minima', 'blockScales.min', EXPLANATIONS.blockMin, min)] : []),
  ];
}

export function quantileName(q: number): string {
  return `p${Number((q * 100).toPrecision(3))}`;
}

export interface FiguresOf {
  readonly layer: string;
  readonly tensor: string;
  readonly groups: readonly FigureGroup[];
}

/** RFC 4180, one row a figure. */
export function figuresCsv({ layer, tensor, groups }: FiguresOf): string {
  const rows = groups.flatMap(({ rows: figures }) => figures.map(({ key, value }) => [layer, tensor, key, value === null ? '' : String(value)]));
  return [['layer', 'tensor', 'figure', 'value'], ...rows].map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n';
}

/** A name that a spreadsheet would run as a formula gets an apostrophe (OWASP, CSV injection); numbers stay numbers. */
function csvField(field: string): string {
  const isNumber = field !== '' && Number.isFinite(Number(field));
  const safe = !isNumber && /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** The names of the report. */
export function figuresJson({ layer, tensor, groups }: FiguresOf): string {
  const statistics: NestedFigures = {};
  for (const { key, value } of groups.flatMap((group) => group.rows)) {
    // Names of quantiles have a point of their own.
    const quantile = /(?:^|\.)(0\.\d+)$/.exec(key)?.[1];
    const path = (quantile === undefined ? key : key.slice(0, -quantile.length)).split('.').filter((part) => part !== '');
    if (quantile !== undefined && path.length === 0) path.push('quantiles');
    const last = quantile ?? path.pop()!;
    let inner = statistics;
    for (const part of path) inner = (inner[part] ??= {}) as NestedFigures;
    inner[last] = value;
  }
  return JSON.stringify({ layer, tensor, statistics }, null, 2);
}

interface NestedFigures {
  [name: string]: number | null | NestedFigures;
}
