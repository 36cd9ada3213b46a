import type { Analysis } from './analysis';
import { isWeight } from './model';
import type { Layer, Model } from './model';
import { formatCount, formatShare, plural } from './numberText';
import { RULES } from './rules/index';
import { SEVERITIES } from './rules/rule';
import type { Finding } from './rules/rule';
import { declaredWords, isMatrix } from './rules/words';

/** Shares of weights near zero. Our own, from trained models that we measured: most have 2–40 %, a bell curve has 3–4 %. */
const BELL_SHARE = 0.06;
const USUAL_SHARE = 0.5;
const NEARLY_ALL_SHARE = 0.9;

/** Names that one sentence can carry. */
const MAX_NAMED = 3;

interface NearZero {
  readonly weights: number;
  readonly nearZeros: number;
}

/**
 * One to three plain sentences: how much of the network sits near zero and whether that is usual, then the worst findings
 * by layer. Says only what was counted, and that it is not finished where it is not.
 */
export function assess(analysis: Analysis): string {
  const { model } = analysis;
  if (model.parameters === 0) return [noWeights(model), findingsSentence(analysis)].filter(Boolean).join(' ');
  const nearZero = countNearZero(analysis);
  if (nearZero.weights === 0 && !analysis.complete) return 'No weights have been read yet.';
  return [massSentence(analysis, nearZero), findingsSentence(analysis)].filter(Boolean).join(' ');
}

function noWeights(model: Model): string {
  return model.tensors.length > 0 ? 'This file holds constants only, no weights.' : 'This file holds no weights.';
}

function countNearZero({ model, statistics }: Analysis): NearZero {
  let weights = 0;
  let nearZeros = 0;
  for (const [index, figures] of statistics) {
    const tensor = model.tensors[index];
    if (!tensor || !isWeight(tensor)) continue;
    weights += figures.count;
    nearZeros += figures.nearZeros;
  }
  return { weights, nearZeros };
}

function massSentence(analysis: Analysis, { weights, nearZeros }: NearZero): string {
  const { model } = analysis;
  if (weights === 0) return 'None of the weights could be read.';
  const share = nearZeros / weights;
  const of = weights < model.parameters ? `${formatCount(weights)} weights read ${analysis.complete ? '' : 'so far '}(of ${formatCount(model.parameters)})` : `${formatCount(weights)} weights`;
  return `${formatShare(share)} of the ${of} ${nearZeros === 1 ? 'sits' : 'sit'} near zero, ${howUsual(share)}${regularizerClause(model, share)}.`;
}

function howUsual(share: number): string {
  if (share < BELL_SHARE) return 'about as many as in a bell curve';
  if (share < USUAL_SHARE) return 'as is usual for trained networks, where few strong weights do the work';
  if (share < NEARLY_ALL_SHARE) return 'more than most trained networks have: part of the capacity may be unused';
  return 'far more than trained networks usually have: most of the capacity may be unused';
}

/** What the file says of regularizers, where it says anything of how its layers were made. */
function regularizerClause(model: Model, share: number): string {
  const kernels = model.layers.filter((layer) => layer.tensors.some((index) => model.tensors[index] && isMatrix(model.tensors[index])));
  const regularized = kernels.filter((layer) => Object.keys(layer.regularizers ?? {}).length > 0);
  if (regularized.length > 0) {
    return `; the file declares ${mostCommonRegularizer(regularized)} on ${regularized.length} of ${plural(kernels.length, 'layer')} with kernels, which pushes weights there`;
  }
  const saysHowMade = kernels.some((layer) => layer.initializers !== undefined);
  return saysHowMade && share >= BELL_SHARE ? '; no regularizer is declared' : '';
}

function mostCommonRegularizer(layers: readonly Layer[]): string {
  const counts = new Map<string, number>();
  for (const declared of layers.flatMap((layer) => Object.values(layer.regularizers ?? {}))) {
    const words = declaredWords(declared);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return counts.size > 1 ? `regularizers (mostly ${most![0]})` : most![0];
}

function findingsSentence({ model, findings, complete }: Analysis): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  if (errors + warnings === 0) {
    if (!complete) return '';
    return findings.length > 0 ? `Nothing suspicious; ${plural(findings.length, 'note')}.` : 'No rule found anything suspicious.';
  }
  const counts = [errors > 0 ? plural(errors, 'error') : '', warnings > 0 ? plural(warnings, 'warning') : ''].filter(Boolean).join(' and ');
  return `${counts}${complete ? '' : ' so far'}: look first at ${listed(worstPlaces(model, findings))}.`;
}

/** "conv2d_31 (non-finite values)", each layer once, the gravest first. */
function worstPlaces(model: Model, findings: readonly Finding[]): string[] {
  const layerOfTensor = new Map(model.tensors.map((tensor) => [tensor.name, model.layers[tensor.layer]?.name]));
  const worst = new Map<string, string>();
  for (const { severity, subject, rule } of bySeverity(findings)) {
    if (severity === 'info') continue;
    const place = subject.kind === 'tensor' ? (layerOfTensor.get(subject.name) ?? subject.name) : subject.kind === 'model' ? 'the file' : subject.name;
    if (!worst.has(place)) worst.set(place, titleOf(rule));
  }
  return [...worst].map(([place, title]) => `${place} (${title})`);
}

function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function titleOf(rule: string): string {
  return RULES.find(({ id }) => id === rule)?.title.toLowerCase() ?? rule;
}

function listed(places: readonly string[]): string {
  const named = places.slice(0, MAX_NAMED);
  const more = places.length - named.length;
  if (more > 0) return `${named.join(', ')} and ${plural(more, 'more layer')}`;
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named[named.length - 1]}` : named.join('');
}
