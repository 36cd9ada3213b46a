import type { Model } from '../model';
import { NEAR_ZERO_RATIO } from '../statistics/tensorStatistics';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { allZeroTensor } from './allZeroTensor';
import { constantTensor } from './constantTensor';
import { deadInputChannels } from './deadInputChannels';
import { deadOutputUnits } from './deadOutputUnits';
import { exactSparsity } from './exactSparsity';
import { extremeSpike } from './extremeSpike';
import { heavyTails } from './heavyTails';
import { inconsistentData } from './inconsistentData';
import { nearZeroMass } from './nearZeroMass';
import { nonFiniteValues } from './nonFiniteValues';
import { SEVERITIES } from './rule';
import type { Finding, LayerContext, Rule, Subject, TensorContext, Verdict } from './rule';
import { unreadableTensor } from './unreadableTensor';

/** Every rule, the gravest first: the order of findings of one severity about one subject. */
export const RULES: readonly Rule[] = [
  unreadableTensor,
  inconsistentData,
  nonFiniteValues,
  allZeroTensor,
  constantTensor,
  deadOutputUnits,
  deadInputChannels,
  extremeSpike,
  exactSparsity,
  nearZeroMass,
  heavyTails,
];

export interface FindingsOptions {
  /** Share of max|w| that the statistics count as near zero. */
  readonly nearZeroRatio?: number;
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
  const tensors = tensorContexts(model, statistics, options.nearZeroRatio ?? NEAR_ZERO_RATIO);
  const layers = layerContexts(model, tensors);
  const findings = RULES.flatMap((rule) => findingsOfRule(rule, model, tensors, layers, failures));
  return inOrder(model, findings);
}

function findingsOfRule(
  rule: Rule,
  model: Model,
  tensors: readonly TensorContext[],
  layers: readonly LayerContext[],
  failures: ReadonlyMap<number, string>,
): Finding[] {
  switch (rule.scope) {
    case 'file':
      return rule.check(model, failures);
    case 'model': {
      const context = { model, tensors };
      return rule.applies(context) ? finding(rule, { kind: 'model', name: model.name }, rule.check(context)) : [];
    }
    case 'layer':
      return layers.flatMap((context) => (rule.applies(context) ? finding(rule, { kind: 'layer', name: context.layer.name }, rule.check(context)) : []));
    case 'tensor':
      return tensors.flatMap((context) => (rule.applies(context) ? finding(rule, { kind: 'tensor', name: context.tensor.name }, rule.check(context)) : []));
  }
}

function finding(rule: Rule, subject: Subject, verdict: Verdict | undefined): Finding[] {
  return verdict ? [{ rule: rule.id, severity: rule.severity, subject, ...verdict }] : [];
}

function tensorContexts(model: Model, statistics: ReadonlyMap<number, TensorStatistics>, nearZeroRatio: number): TensorContext[] {
  const contexts: TensorContext[] = [];
  model.tensors.forEach((tensor, index) => {
    const figures = statistics.get(index);
    const layer = model.layers[tensor.layer];
    if (figures && layer) contexts.push({ model, layer, tensor, statistics: figures, nearZeroRatio, peers: contexts });
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
