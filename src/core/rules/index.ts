import type { Model } from '../model';
import { NEAR_ZERO_RATIO } from '../statistics/tensorStatistics';
import type { Spectrum } from '../statistics/spectrum';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { abnormalMean } from './abnormalMean';
import { abnormalNorm } from './abnormalNorm';
import { absurdMagnitude } from './absurdMagnitude';
import { allZeroTensor } from './allZeroTensor';
import { atInitialization } from './atInitialization';
import { biasOutlier } from './biasOutlier';
import { channelRangeDisparity } from './channelRangeDisparity';
import { clippedWeights } from './clippedWeights';
import { constantTensor } from './constantTensor';
import { correlationTrap } from './correlationTrap';
import { crossLayerOutlier } from './crossLayerOutlier';
import { deadInputChannels } from './deadInputChannels';
import { deadNormalizedChannels } from './deadNormalizedChannels';
import { deadOutputUnits } from './deadOutputUnits';
import { deadRows } from './deadRows';
import { duplicateUnits } from './duplicateUnits';
import { exactSparsity } from './exactSparsity';
import { explodingVariance } from './explodingVariance';
import { extremeSpike } from './extremeSpike';
import { float16Overflow } from './float16Overflow';
import { float16Underflow } from './float16Underflow';
import { float8Overflow } from './float8Overflow';
import { foldAmplification } from './foldAmplification';
import { heavyTails } from './heavyTails';
import { identicalTensors } from './identicalTensors';
import { incoherence } from './incoherence';
import { inconsistentData } from './inconsistentData';
import { int8Noise } from './int8Noise';
import { lowEffectiveRank } from './lowEffectiveRank';
import { lowFilterDiversity } from './lowFilterDiversity';
import { lowStableRank } from './lowStableRank';
import { misreadBytes } from './misreadBytes';
import { nearZeroMass } from './nearZeroMass';
import { nonFiniteValues } from './nonFiniteValues';
import { nonZeroMean } from './nonZeroMean';
import { orthogonalAtInitialization } from './orthogonalAtInitialization';
import { outlierDimensions } from './outlierDimensions';
import { outlierFeatures } from './outlierFeatures';
import { outlierShare } from './outlierShare';
import { quantizationRobustness } from './quantizationRobustness';
import { quantizationScale } from './quantizationScale';
import { randomSpectrum } from './randomSpectrum';
import { rankLoss } from './rankLoss';
import { SEVERITIES } from './rule';
import type { Finding, LayerContext, Limits, Rule, Subject, TensorContext, Threshold, Verdict } from './rule';
import { labelled, speaksOfSamples, wholeOnly } from './sampling';
import { runningStatisticsAtInit } from './runningStatisticsAtInit';
import { runningVariance } from './runningVariance';
import { saturatedCodes } from './saturatedCodes';
import { smallNormalizationScale } from './smallNormalizationScale';
import { spectralAlpha } from './spectralAlpha';
import { spectralNormOutlier } from './spectralNormOutlier';
import { structuredSparsity } from './structuredSparsity';
import { superWeight } from './superWeight';
import { underTrainedTokens } from './underTrainedTokens';
import { unreadableTensor } from './unreadableTensor';
import { unsafePickle } from './unsafePickle';
import { untrainedAdapter } from './untrainedAdapter';
import { untrainedModel } from './untrainedModel';
import { unusedLevels } from './unusedLevels';
import { wastedPrecision } from './wastedPrecision';
import { weakUnits } from './weakUnits';
import { zeroFlood } from './zeroFlood';
import { zeroResidualScale } from './zeroResidualScale';
import { zeroRun } from './zeroRun';

/** Every rule, the gravest first: the order of findings of one severity about one subject. */
export const RULES: readonly Rule[] = [
  unsafePickle,
  unreadableTensor,
  inconsistentData,
  quantizationScale,
  misreadBytes,
  nonFiniteValues,
  absurdMagnitude,
  runningVariance,
  allZeroTensor,
  zeroRun,
  zeroFlood,
  constantTensor,
  abnormalMean,
  explodingVariance,
  saturatedCodes,
  unusedLevels,
  identicalTensors,
  untrainedModel,
  atInitialization,
  untrainedAdapter,
  runningStatisticsAtInit,
  zeroResidualScale,
  deadOutputUnits,
  deadRows,
  deadInputChannels,
  duplicateUnits,
  deadNormalizedChannels,
  extremeSpike,
  superWeight,
  clippedWeights,
  float16Overflow,
  crossLayerOutlier,
  biasOutlier,
  abnormalNorm,
  outlierShare,
  exactSparsity,
  structuredSparsity,
  weakUnits,
  smallNormalizationScale,
  foldAmplification,
  outlierDimensions,
  underTrainedTokens,
  nearZeroMass,
  heavyTails,
  int8Noise,
  channelRangeDisparity,
  outlierFeatures,
  float16Underflow,
  float8Overflow,
  incoherence,
  nonZeroMean,
  quantizationRobustness,
  wastedPrecision,
  spectralNormOutlier,
  lowEffectiveRank,
  rankLoss,
  lowStableRank,
  correlationTrap,
  orthogonalAtInitialization,
  randomSpectrum,
  spectralAlpha,
  lowFilterDiversity,
];

const YIELDS = new Map(RULES.map(({ id, yieldsTo }) => [id, yieldsTo]));

export interface FindingsOptions {
  /** Share of max|w| that the statistics count as near zero. */
  readonly nearZeroRatio?: number;
  /** By rule id and name, where a person set another limit than the rule's own. */
  readonly thresholds?: Thresholds;
  /** Of tensors whose spectrum somebody asked for: by index into Model.tensors. */
  readonly spectra?: ReadonlyMap<number, Spectrum>;
}

export type Thresholds = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The limits of a rule: what a person set, else the rule's own. */
export function limitsOf(rule: Rule, thresholds: Thresholds = {}): Limits {
  const declared: Readonly<Record<string, Threshold>> = rule.thresholds ?? {};
  return Object.fromEntries(Object.entries(declared).map(([name, threshold]) => [name, thresholds[rule.id]?.[name] ?? threshold.default]));
}

/**
 * What all rules say, by severity and then in model order (the model itself, then layer by layer).
 * Tensors that have no statistics yet are passed over: they are unreadable only where `failures` or the model says so.
 */
export function findingsOf(
  model: Model,
  statistics: ReadonlyMap<number, TensorStatistics>,
  failures: ReadonlyMap<number, string>,
  options: FindingsOptions = {},
): Finding[] {
  const tensors = tensorContexts(model, statistics, options);
  const all: Input = { model, tensors, layers: layerContexts(model, tensors), failures };
  const ofWhole = wholeOnly(tensors);
  const whole: Input = ofWhole === tensors ? all : { ...all, tensors: ofWhole, layers: layerContexts(model, ofWhole) };
  const findings = RULES.flatMap((rule) => findingsOfRule(rule, speaksOfSamples(rule) ? all : whole, limitsOf(rule, options.thresholds)));
  return inOrder(model, labelled(model, statistics, withoutRepeats(findings)));
}

/** One fault, one finding: without those of rules that yield to another one's finding about the same subject. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const spoken = new Set(findings.map(({ rule, subject }) => `${rule}\n${subject.kind}\n${subject.name}`));
  const isRepeated = ({ rule, subject }: Finding): boolean => YIELDS.get(rule)?.some((other) => spoken.has(`${other}\n${subject.kind}\n${subject.name}`)) ?? false;
  return findings.filter((finding) => !isRepeated(finding));
}

interface Input {
  readonly model: Model;
  readonly tensors: readonly TensorContext[];
  readonly layers: readonly LayerContext[];
  readonly failures: ReadonlyMap<number, string>;
}

function findingsOfRule(rule: Rule, { model, tensors, layers, failures }: Input, limits: Limits): Finding[] {
  switch (rule.scope) {
    case 'file':
      return rule.check(model, failures);
    case 'model': {
      const context = { model, tensors };
      return rule.applies(context, limits) ? findingsFrom(rule, { kind: 'model', name: model.name }, rule.check(context, limits)) : [];
    }
    case 'layer':
      return layers.flatMap((context) => (rule.applies(context, limits) ? findingsFrom(rule, { kind: 'layer', name: context.layer.name }, rule.check(context, limits)) : []));
    case 'tensor':
      return tensors.flatMap((context) => (rule.applies(context, limits) ? findingsFrom(rule, { kind: 'tensor', name: context.tensor.name }, rule.check(context, limits)) : []));
  }
}

function findingsFrom(rule: Rule, subject: Subject, verdicts: Verdict | readonly Verdict[] | undefined): Finding[] {
  return [verdicts ?? []].flat().map((verdict) => ({ rule: rule.id, severity: rule.severity, subject, ...verdict }));
}

function tensorContexts(model: Model, statistics: ReadonlyMap<number, TensorStatistics>, { nearZeroRatio = NEAR_ZERO_RATIO, spectra }: FindingsOptions): TensorContext[] {
  const contexts: TensorContext[] = [];
  model.tensors.forEach((tensor, index) => {
    const figures = statistics.get(index);
    const layer = model.layers[tensor.layer];
    const spectrum = spectra?.get(index);
    if (figures && layer) contexts.push({ model, layer, tensor, statistics: figures, nearZeroRatio, ...(spectrum && { spectrum }), peers: contexts });
  });
  return contexts;
}

function layerContexts(model: Model, tensors: readonly TensorContext[]): LayerContext[] {
  const byLayer = new Map<number, TensorContext[]>();
  for (const context of tensors) {
    const known = byLayer.get(context.tensor.layer);
    if (known) known.push(context);
    else byLayer.set(context.tensor.layer, [context]);
  }
  return model.layers.flatMap((layer, index) => {
    const own = byLayer.get(index);
    return own ? [{ model, layer, tensors: own }] : [];
  });
}

function inOrder(model: Model, findings: readonly Finding[]): Finding[] {
  const places = placesOf(model);
  const placeOf = ({ subject }: Finding): number => places.get(`${subject.kind}\n${subject.name}`) ?? -1;
  // Array.prototype.sort is stable: findings about one subject keep the order of RULES.
  return [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || placeOf(a) - placeOf(b));
}

/** Where each subject stands when the model is read from top to bottom. */
function placesOf(model: Model): Map<string, number> {
  const places = new Map<string, number>();
  model.layers.forEach((layer) => {
    places.set(`layer\n${layer.name}`, places.size);
    for (const index of layer.tensors) places.set(`tensor\n${model.tensors[index]?.name}`, places.size);
  });
  return places;
}
