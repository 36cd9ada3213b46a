import { isWeight } from '../core/model';
import type { Layer, Model, Tensor } from '../core/model';
import { findingsOfLayer, layerFigures } from '../core/layerFigures';
import { formatBytes, formatInteger, formatNumber, formatShape, formatShare, plural } from '../core/numberText';
import type { Finding, Severity } from '../core/rules/rule';
import { sparklineCounts } from '../core/statistics/histogram';
import { QUANTILES } from '../core/statistics/tensorStatistics';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import { histogramSvg, svgDataUri } from '../core/svg';
import type { Palette } from '../core/svg';
import { escapeMarkdown, shorten } from './markdown';

/** What a hover is made from. All text of the file is escaped: see markdown.ts. */
export interface HoverSubject {
  readonly model: Model;
  readonly statistics: ReadonlyMap<number, TensorStatistics>;
  readonly failures: ReadonlyMap<number, string>;
  readonly findings: readonly Finding[];
  readonly nearZeroRatio: number;
  readonly palette: Palette;
  /** Named where the hover is not beside the model itself. */
  readonly modelLabel?: string;
  /** Stands where figures are missing, e.g. that they are being computed. */
  readonly waiting?: string;
}

const PICTURE_BINS = 64;

/** More findings than these make a hover that nobody reads: the panel has them all. */
const MOST_FINDINGS = 4;

/** Weights of a layer that are listed by name. */
const MOST_TENSORS = 12;

const SEVERITY_WORDS: Record<Severity, string> = { error: '● Error', warning: '▲ Warning', info: '○ Note' };

export function layerHover(subject: HoverSubject, index: number): string {
  const { model, statistics } = subject;
  const layer = model.layers[index]!;
  const main = mainTensor(model, layer);
  const figures = layerFigures(model, index, statistics);
  const weights = layer.tensors.filter((tensor) => isWeight(model.tensors[tensor]!));
  const isOne = weights.length === 1 && main !== undefined;
  return blocks([
    heading(layer.name, [layer.className, layer.activation, layer.trainable === false ? 'frozen' : undefined], subject.modelLabel),
    main !== undefined ? picture(subject, main) : undefined,
    lines([
      figure('Parameters', formatInteger(figures.parameters)),
      isOne ? tensorLine(model.tensors[main]!) : undefined,
      ...(isOne ? [] : layer.tensors.slice(0, MOST_TENSORS).map((tensor) => `${literal(lastPart(model.tensors[tensor]!.name))} ${shapeWords(model.tensors[tensor]!)}`)),
      layer.tensors.length > MOST_TENSORS ? `and ${plural(layer.tensors.length - MOST_TENSORS, 'more tensor')}` : undefined,
    ]),
    main !== undefined && statistics.has(main) ? shares(figures.sparsity, figures.nearZero, subject.nearZeroRatio) : undefined,
    main !== undefined ? distributionWords(subject, main, !isOne) : undefined,
    findingsBlock(findingsOfLayer(model, index, subject.findings)),
  ]);
}

export function tensorHover(subject: HoverSubject, index: number): string {
  const { model, statistics } = subject;
  const tensor = model.tensors[index]!;
  const figures = statistics.get(index);
  const layer = model.layers[tensor.layer];
  return blocks([
    heading(tensor.name, [tensor.role, layer?.className], subject.modelLabel),
    picture(subject, index),
    lines([figure('Parameters', formatInteger(tensor.elements)), tensorLine(tensor)]),
    figures && figures.count > 0 ? shares(figures.zeros / figures.count, figures.nearZeros / figures.count, subject.nearZeroRatio) : undefined,
    distributionWords(subject, index, false),
    findingsBlock(subject.findings.filter(({ subject: about }) => about.kind === 'tensor' && about.name === tensor.name)),
  ]);
}

export function modelHover(subject: HoverSubject, assessment: string): string {
  const { model } = subject;
  const withWeights = model.layers.filter((layer) => layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!))).length;
  return blocks([
    heading(model.name, [model.formatTitle]),
    assessment ? escapeMarkdown(assessment) : subject.waiting,
    lines([
      figure('Parameters', formatInteger(model.parameters)),
      figure('Layers', withWeights === model.layers.length ? formatInteger(model.layers.length) : `${formatInteger(model.layers.length)}, ${formatInteger(withWeights)} of them with weights`),
      figure('Size', `${formatBytes(model.bytes)} in ${plural(model.files.length, 'file')}`),
      model.producer ? figure('Made by', escapeMarkdown(shorten(model.producer))) : undefined,
      `*${escapeMarkdown(model.path)}*`,
    ]),
  ]);
}

/** A finding of any subject, with its reasons. */
export function findingHover(finding: Finding, rule: { readonly title: string; readonly why: string; readonly whenNormal: string } | undefined): string {
  return blocks([
    `**${SEVERITY_WORDS[finding.severity]}** ${escapeMarkdown(rule?.title ?? finding.rule)} · ${literal(shorten(finding.subject.name))}`,
    escapeMarkdown(finding.message),
    escapeMarkdown(finding.advice),
    rule && lines([`*Why it matters:* ${escapeMarkdown(rule.why)}`, `*When it is normal:* ${escapeMarkdown(rule.whenNormal)}`]),
  ]);
}

/** The tensor that stands for its layer: its largest weight. */
export function mainTensor(model: Model, layer: Layer): number | undefined {
  let main: number | undefined;
  for (const index of layer.tensors) {
    const tensor = model.tensors[index]!;
    if (isWeight(tensor) && (main === undefined || tensor.elements > model.tensors[main]!.elements)) main = index;
  }
  return main;
}

function heading(name: string, details: readonly (string | undefined)[], modelLabel?: string): string {
  const words = details.filter((detail) => detail !== undefined && detail !== '').map((detail) => escapeMarkdown(shorten(detail!)));
  const place = modelLabel === undefined ? '' : `  \nin ${escapeMarkdown(shorten(modelLabel))}`;
  return `**${escapeMarkdown(shorten(name))}**${words.length > 0 ? ` · ${words.join(' · ')}` : ''}${place}`;
}

function picture({ statistics, failures, palette, model, waiting }: HoverSubject, index: number): string | undefined {
  const reason = failures.get(index) ?? model.tensors[index]!.unreadable;
  if (reason !== undefined) return `**Not readable:** ${escapeMarkdown(reason)}`;
  const figures = statistics.get(index);
  if (!figures) return waiting === undefined ? undefined : `*${escapeMarkdown(waiting)}*`;
  const low = figures.quantiles[0];
  const high = figures.quantiles[QUANTILES.length - 1];
  if (typeof low !== 'number' || typeof high !== 'number') return undefined;
  const svg = histogramSvg({
    counts: sparklineCounts(figures, PICTURE_BINS),
    low, high,
    zeros: figures.zeros,
    lowLabel: formatNumber(low),
    highLabel: formatNumber(high),
    zerosLabel: `${formatShare(figures.zeros / figures.count)} zero`,
    palette,
  });
  return `![Histogram of the weights from the 0.1st to the 99.9th percentile](${svgDataUri(svg)})`;
}

function shares(sparsity: number | null, nearZero: number | null, ratio: number): string {
  return lines([
    figure('Exact zeros', formatShare(sparsity)),
    figure('Near zero', formatShare(nearZero), `|w| ≤ ${formatShare(ratio)} of the tensor's largest`),
  ]);
}

function distributionWords({ statistics, model }: HoverSubject, index: number, isNamed: boolean): string | undefined {
  const figures = statistics.get(index);
  if (!figures) return undefined;
  const at = (q: (typeof QUANTILES)[number]): string => formatNumber(figures.quantiles[QUANTILES.indexOf(q)]);
  const special = [
    [figures.nan, 'NaN'],
    [figures.positiveInfinity, '+Infinity'],
    [figures.negativeInfinity, '−Infinity'],
  ].filter(([count]) => (count as number) > 0);
  return lines([
    isNamed ? `Of ${literal(lastPart(model.tensors[index]!.name))}, the largest:` : undefined,
    figure('Quantiles', `1 % ${at(0.01)} · 25 % ${at(0.25)} · median ${at(0.5)} · 75 % ${at(0.75)} · 99 % ${at(0.99)}`),
    figure('Range', `${formatNumber(figures.min)} to ${formatNumber(figures.max)}`),
    figure('Mean ± σ', `${formatNumber(figures.mean)} ± ${formatNumber(figures.standardDeviation)}`),
    special.length > 0 ? figure('Not finite', special.map(([count, word]) => `${formatInteger(count as number)} ${word}`).join(', ')) : undefined,
  ]);
}

function findingsBlock(findings: readonly Finding[]): string | undefined {
  if (findings.length === 0) return undefined;
  const shown = findings.slice(0, MOST_FINDINGS).map((finding) => `- **${SEVERITY_WORDS[finding.severity]}** ${escapeMarkdown(finding.message)}`);
  const more = findings.length - shown.length;
  return ['---', ...shown, ...(more > 0 ? [`- ${plural(more, 'more finding')}`] : [])].join('\n');
}

function tensorLine(tensor: Tensor): string {
  return figure('Shape', shapeWords(tensor));
}

function shapeWords(tensor: Tensor): string {
  const stored = tensor.quantization ? `, ${tensor.quantization.originalDtype} stored as ${tensor.dtype}` : `, ${tensor.dtype}`;
  return formatShape(tensor) + stored;
}

function figure(name: string, value: string, note?: string): string {
  return `${name}: **${value}**${note === undefined ? '' : ` *(${note})*`}`;
}

function literal(text: string): string {
  return escapeMarkdown(shorten(text));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1) || name;
}

function lines(all: readonly (string | undefined)[]): string {
  return all.filter((line) => line !== undefined).join('  \n');
}

function blocks(all: readonly (string | undefined)[]): string {
  return all.filter((block) => block !== undefined && block !== '').join('\n\n');
}
