import { formatShare } from '../numberText';
import type { Model } from '../model';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import type { Finding, Rule, TensorContext } from './rule';

/**
 * Rules that may speak of a tensor of which only a sample was read, each with the reason. All others say nothing of it and compare nothing
 * with it: they need every value (all zero, copies, runs, the least and the greatest), or the units, which a sample has not.
 */
const SPEAKING: ReadonlySet<string> = new Set([
  // What was seen is there, however much was not.
  'non-finite-values', 'absurd-magnitude', 'extreme-spike', 'float16-overflow', 'float8-overflow', 'incoherence',
  // A share or a moment, which an even sample has within its error.
  'misread-bytes', 'abnormal-mean', 'exploding-variance', 'zero-flood', 'exact-sparsity', 'float16-underflow', 'non-zero-mean', 'outlier-share',
  // The root mean square of a tensor beside that of others.
  'abnormal-norm', 'cross-layer-outlier',
  // A spectrum is computed from all values.
  'low-effective-rank', 'low-stable-rank', 'correlation-trap', 'random-spectrum', 'spectral-alpha', 'spectral-norm-outlier', 'orthogonal-at-initialization', 'low-filter-diversity',
]);

export function speaksOfSamples({ id, scope }: Pick<Rule, 'id' | 'scope'>): boolean {
  return scope === 'file' || SPEAKING.has(id);
}

/** The same contexts without those of samples, each the peer of the others only. The same array where there are none. */
export function wholeOnly(contexts: readonly TensorContext[]): readonly TensorContext[] {
  if (contexts.every(({ statistics }) => statistics.sampled === undefined)) return contexts;
  const peers: TensorContext[] = [];
  for (const context of contexts) if (context.statistics.sampled === undefined) peers.push({ ...context, peers });
  return peers;
}

/** The findings, those about sampled tensors saying so. */
export function labelled(model: Model, statistics: ReadonlyMap<number, TensorStatistics>, findings: readonly Finding[]): readonly Finding[] {
  const sampled = new Map<string, { elements: number; of: number }>();
  const add = (key: string, { elements, of }: { elements: number; of: number }): void => {
    const known = sampled.get(key);
    sampled.set(key, known ? { elements: known.elements + elements, of: known.of + of } : { elements, of });
  };
  for (const [index, { sampled: of }] of statistics) {
    const tensor = model.tensors[index];
    if (!of || !tensor) continue;
    add(`tensor\n${tensor.name}`, of);
    add(`layer\n${model.layers[tensor.layer]?.name}`, of);
    add(`model\n${model.name}`, of);
  }
  if (sampled.size === 0) return findings;
  return findings.map((finding) => {
    const of = sampled.get(`${finding.subject.kind}\n${finding.subject.name}`);
    if (!of || !SPEAKING.has(finding.rule)) return finding;
    return { ...finding, message: `${finding.message} (Sampled: ${formatShare(of.elements / of.of)} of the values were read.)`, evidence: { ...finding.evidence, sampled: of } };
  });
}
