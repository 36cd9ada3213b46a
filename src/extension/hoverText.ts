import type { Assessment } from '../core/assessment';
import { isWeight } from '../core/model';
import type { Model, Tensor } from '../core/model';
import { storageWords } from '../core/storageWords';
import { findingsOfLayer, layerFigures, mainTensorOf } from '../core/layerFigures';
import { formatBytes, formatInteger, formatNumber, formatShape, formatShare, plural } from '../core/numberText';
import type { Finding, Severity } from '../core/rules/rule';
import { sparklineCounts } from '../core/statistics/histogram';
import { sampledLong } from '../core/statistics/sampledWords';
import { QUANTILES } from '../core/statistics/tensorStatistics';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import { histogramSvg, svgDataUri } from '../core/svg';
import type { Palette } from '../core/svg';
import { layerVerdict } from '../core/verdict/layerVerdict';
import { EXPECTATION_WORDS } from '../core/verdict/verdict';
import type { Expectation } from '../core/verdict/verdict';
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
/** A few hundred values in many bins are a comb, not a shape. */
const FEW_VALUES = 1000;
const PICTURE_BINS_OF_FEW = 32;

/** More findings than these make a hover that nobody reads: the panel has them all. */
const MOST_FINDINGS = 4;

/** Weights of a layer that are listed by name. */
const MOST_TENSORS = 12;

const SEVERITY_WORDS: Record<Severity, string> = { error: '● Error', warning: '▲ Warning', info: '○ Note' };

export function layerHover(subject: HoverSubject, index: number): string {
  const { model, statistics } = subject;
  const layer = model.layers[index]!;
  const main = mainTensorOf(model, layer);
  const figures = layerFigures(model, index, statistics);
  const listed = layer.tensors.slice(0, MOST_TENSORS).map((tensor) => `${literal(lastPart(model.tensors[tensor]!.name))} ${shapeWords(model.tensors[tensor]!)}`);
  const more = layer.tensors.length - listed.length;
  return blocks([
    heading(layer.name, [layer.className, layer.activation, layer.trainable === false ? 'frozen' : undefined], subject.modelLabel),
    main !== undefined ? picture(subject, main) : undefined,
    lines([
      `**${formatInteger(figures.parameters)}** parameters: ${[...listed, ...(more > 0 ? [plural(more, 'more tensor')] : [])].join(' · ')}`,
      verdictLine(subject, index),
      main !== undefined && statistics.has(main) ? shares(figures.sparsity, figures.nearZero, subject.nearZeroRatio) : undefined,
      ...findingLines(findingsOfLayer(model, index, subject.findings)),
      ...(main === undefined ? [] : distributionLines(subject, main, layer.tensors.length > 1)),
    ]),
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
    lines([
      `**${formatInteger(tensor.elements)}** parameters: ${shapeWords(tensor)}`,
      // The sentence on a layer is about its main weight.
      layer && mainTensorOf(model, layer) === index ? verdictLine(subject, tensor.layer) : undefined,
      figures && figures.count > 0 ? shares(figures.zeros / figures.count, figures.nearZeros / figures.count, subject.nearZeroRatio) : undefined,
      ...findingLines(subject.findings.filter(({ subject: about }) => about.kind === 'tensor' && about.name === tensor.name)),
      ...distributionLines(subject, index, false),
    ]),
  ]);
}

export function modelHover(subject: HoverSubject, assessment: Assessment): string {
  const { model } = subject;
  const withWeights = model.layers.filter((layer) => layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!))).length;
  return blocks([
    heading(model.name, [model.formatTitle]),
    assessment.sentences.length > 0 ? lines(assessment.sentences.map(({ text }) => escapeMarkdown(text))) : subject.waiting,
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

function heading(name: string, details: readonly (string | undefined)[], modelLabel?: string): string {
  const words = details.filter((detail) => detail !== undefined && detail !== '').map((detail) => escapeMarkdown(shorten(detail!)));
  const place = modelLabel === undefined ? '' : ` · in ${escapeMarkdown(shorten(modelLabel))}`;
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
    counts: sparklineCounts(figures, figures.count < FEW_VALUES ? PICTURE_BINS_OF_FEW : PICTURE_BINS),
    low, high,
    zeros: figures.zeros,
    lowLabel: formatNumber(low),
    highLabel: formatNumber(high),
    zerosLabel: `${formatShare(figures.zeros / figures.count)} zero`,
    palette,
  });
  return `![Histogram of the weights from the 0.1st to the 99.9th percentile](${svgDataUri(svg)})`;
}

const EXPECTATION_MARKS: Record<Expectation, string> = { expected: '✓', suspicious: '▲', noted: '○', unknown: '–' };

/** The layer's sentence; nothing before its weights are read. */
function verdictLine({ model, statistics, failures, findings }: HoverSubject, index: number): string | undefined {
  const verdict = layerVerdict({ model, statistics, failures, findings, complete: true }, index);
  if (!verdict || verdict.expected === 'unknown') return undefined;
  // The findings stand below in their own words.
  const hasFindings = verdict.reasons.some(({ rule }) => rule !== undefined);
  return `**${EXPECTATION_MARKS[verdict.expected]} ${EXPECTATION_WORDS[verdict.expected]}:** ${hasFindings ? 'see below\\. ' : ''}${escapeMarkdown(verdict.distribution)}`;
}

function shares(sparsity: number | null, nearZero: number | null, ratio: number): string {
  return `Exact zeros **${formatShare(sparsity)}** · near zero **${formatShare(nearZero)}** *(|w| ≤ ${formatShare(ratio)} of the tensor's largest)*`;
}

function distributionLines({ statistics, model }: HoverSubject, index: number, isNamed: boolean): string[] {
  const figures = statistics.get(index);
  if (!figures) return [];
  const at = (q: (typeof QUANTILES)[number]): string => `**${formatNumber(figures.quantiles[QUANTILES.indexOf(q)])}**`;
  const special = [
    { count: figures.nan, word: 'NaN' },
    { count: figures.positiveInfinity, word: '+Infinity' },
    { count: figures.negativeInfinity, word: '−Infinity' },
  ].filter(({ count }) => count > 0);
  return [
    ...(figures.sampled ? [`*${escapeMarkdown(sampledLong(figures.sampled))}*`] : []),
    ...(special.length > 0 ? [`Not finite: ${special.map(({ count, word }) => `**${formatInteger(count)}** ${word}`).join(', ')}`] : []),
    ...(isNamed ? [`*The largest of them, ${literal(lastPart(model.tensors[index]!.name))}:*`] : []),
    `1 % ${at(0.01)} · 25 % ${at(0.25)} · median ${at(0.5)} · 75 % ${at(0.75)} · 99 % ${at(0.99)}`,
    `Range **${formatNumber(figures.min)}** to **${formatNumber(figures.max)}** · mean **${formatNumber(figures.mean)}** · σ **${formatNumber(figures.standardDeviation)}**`,
  ];
}

function findingLines(findings: readonly Finding[]): string[] {
  const shown = findings.slice(0, MOST_FINDINGS).map((finding) => `**${SEVERITY_WORDS[finding.severity]}** ${escapeMarkdown(finding.message)}`);
  const more = findings.length - shown.length;
  return more > 0 ? [...shown, plural(more, 'more finding')] : shown;
}

function shapeWords(tensor: Tensor): string {
  return `${formatShape(tensor)}, ${storageWords(tensor)}`;
}

function figure(name: string, value: string): string {
  return `${name}: **${value}**`;
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
