import type { Analysis } from '../analysis';
import type { AssessmentSentence } from '../assessment';
import { factsOf } from '../layerFacts';
import type { Layer } from '../model';
import { formatInteger, plural } from '../numberText';
import { RULES } from '../rules/index';
import { SEVERITIES } from '../rules/rule';
import type { Finding } from '../rules/rule';
import { declaredWords, isMatrix } from '../rules/words';
import { listed } from './listed';
import { BELL_SHARE } from './network';
import type { Network } from './network';

/** Names that one sentence can carry. */
const MOST_NAMED = 3;

/** From this share near zero on the experiment is worth its time. */
const WORTH_PRUNING = 0.2;

/** Findings that say: never trained. */
export const UNTRAINED_RULES: ReadonlySet<string> = new Set(['untrained-model', 'at-initialization', 'untrained-adapter']);

/** How many errors and warnings there are, and where to look first. */
export function findingsSentence({ model, findings, complete }: Analysis): AssessmentSentence | undefined {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  if (errors + warnings === 0) {
    if (!complete) return undefined;
    return { text: findings.length > 0 ? `Nothing suspicious; ${plural(findings.length, 'note')}.` : 'No rule found anything suspicious.' };
  }
  const counts = [errors > 0 ? plural(errors, 'error') : '', warnings > 0 ? plural(warnings, 'warning') : ''].filter(Boolean).join(' and ');
  const places = worstPlaces(model, findings);
  const named = [...places].slice(0, MOST_NAMED);
  const words = named.map(([place, title]) => `${place ?? 'the file'} (${title})`);
  const more = places.size - named.length;
  const layers = named.flatMap(([place]) => place ?? []);
  return {
    text: `${counts}${complete ? '' : ' so far'}: look first at ${more > 0 ? `${words.join(', ')} and ${plural(more, 'more layer')}` : listed(words)}.`,
    ...(layers.length > 0 && { layers }),
  };
}

/** The title of the gravest finding by layer, each layer once, the gravest first; undefined stands for the model itself. */
function worstPlaces(model: Analysis['model'], findings: readonly Finding[]): Map<string | undefined, string> {
  const layerOfTensor = new Map(model.tensors.map((tensor) => [tensor.name, model.layers[tensor.layer]?.name]));
  const worst = new Map<string | undefined, string>();
  for (const { severity, subject, rule } of [...findings].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))) {
    if (severity === 'info') continue;
    const place = subject.kind === 'tensor' ? layerOfTensor.get(subject.name) : subject.kind === 'model' ? undefined : subject.name;
    if (!worst.has(place)) worst.set(place, titleOf(rule));
  }
  return worst;
}

function titleOf(rule: string): string {
  return RULES.find(({ id }) => id === rule)?.title.toLowerCase() ?? rule;
}

/** What the file says of regularizers, dropout and batch normalization; that it says nothing, where it does not. */
export function declaredSentence({ model }: Analysis): AssessmentSentence | undefined {
  const kernels = model.layers.filter((layer) => layer.tensors.some((index) => model.tensors[index] && isMatrix(model.tensors[index])));
  if (kernels.length === 0) return undefined;
  const facts = kernels.map((layer) => factsOf(model, layer));
  const known = facts.filter(({ regularization }) => regularization !== 'unknown').length;
  if (known === 0) return { text: 'The file keeps no training configuration, so which regularizers it was trained with is unknown.' };
  const declared = kernels.filter((layer) => Object.keys(layer.regularizers ?? {}).length > 0);
  const of = (part: number): string => (part < kernels.length ? `${formatInteger(part)} of ${plural(kernels.length, 'kernel')}` : part === 1 ? 'the one kernel' : `all ${plural(part, 'kernel')}`);
  const normalized = facts.filter(({ normalizationAfter }) => normalizationAfter).length;
  const dropped = facts.filter(({ dropout }) => dropout).length;
  const parts = [
    declared.length > 0 ? `${mostCommonRegularizer(declared)} on ${of(declared.length)}, which pulls weights to zero` : dropped > 0 ? 'no regularizer' : 'neither a regularizer nor dropout',
    dropped > 0 ? `dropout at ${of(dropped)}` : declared.length > 0 ? 'no dropout' : '',
    normalized > 0 ? `batch normalization after ${of(normalized)}, so that ${normalized === 1 ? 'its' : 'their'} scale means little` : '',
  ].filter(Boolean);
  return { text: `The file declares ${listed(parts, '; ', '; ')}.` };
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

/** What to do next: mend, train, or the experiment of setting small weights to zero. */
export function nextSentence({ model, findings, complete }: Analysis, { nearZeroShare, kernels }: Network): AssessmentSentence | undefined {
  if (!complete) return undefined;
  const grave = findings.filter(({ severity }) => severity === 'error');
  if (grave.length > 0) return { text: `Try next: mend the ${grave.length === 1 ? 'error' : 'errors'} first; figures of broken layers say little.` };
  const untrained = findings.find(({ rule, severity }) => UNTRAINED_RULES.has(rule) && severity !== 'info');
  if (untrained) return { text: 'Try next: check that the checkpoint is the trained one, and that the layers named are trainable and receive gradients.' };
  if (nearZeroShare >= WORTH_PRUNING) {
    const first = [...kernels].sort((a, b) => b.nearZeroShare * b.weights - a.nearZeroShare * a.weights)[0];
    const evens = regularizes(model.layers) ? '' : '; dropout makes more units work, L2 evens the weights out';
    return {
      text: `Try next: set the weights near zero to 0 and measure${first ? `, ${first.layer} first` : ''}. If accuracy holds they were unused, and the network can be pruned or made smaller${evens}.`,
      ...(first && { layers: [first.layer] }),
    };
  }
  const warned = findings.find(({ severity, subject }) => severity === 'warning' && subject.kind !== 'model');
  if (warned) {
    const layer = warned.subject.kind === 'layer' ? warned.subject.name : model.layers[model.tensors.find(({ name }) => name === warned.subject.name)?.layer ?? -1]?.name;
    return layer === undefined ? undefined : { text: `Try next: see whether what was found in ${layer} is meant; its finding says when it is normal.`, layers: [layer] };
  }
  const isQuantized = model.tensors.some(({ quantization }) => quantization !== undefined);
  return nearZeroShare < BELL_SHARE && !isQuantized ? { text: 'Try next: nothing needs mending. Few weights are idle, so quantizing makes this network smaller rather than pruning.' } : undefined;
}

function regularizes(layers: readonly Layer[]): boolean {
  return layers.some(({ regularizers }) => Object.keys(regularizers ?? {}).length > 0);
}
