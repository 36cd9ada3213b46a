import path from 'node:path';
import { FileError } from '../core/errors';
import type { Model } from '../core/model';
import { buildReport } from '../core/report';
import { findingsOf } from '../core/rules/index';
import { evenEdges } from '../core/statistics/histogram';
import type { Spectrum } from '../core/statistics/spectrum';
import type { Histogram, TensorStatistics } from '../core/statistics/tensorStatistics';
import { findPolicy } from '../core/silences/findPolicy';
import { judge, thresholdsOf } from '../core/silences/policy';
import type { Complaint } from '../core/silences/silenceFile';
import type { Engine } from '../protocol/engine';
import { checkPath } from './checkPath';
import { nearestNames } from '../core/nearestNames';
import type { AnalyzeCommand } from './options';
import { readableJson } from './output';
import { policyFiles } from './policyFiles';
import type { ProgressBar } from './progressBar';
import { reportText } from './reportText';
import { tensorText } from './tensorText';
import type { TableStyle } from './layerTable';
import { visible } from './terminal';

/** Layers whose tensors a message lists. */
const MAX_LISTED_TENSORS = 4;

export interface AnalyzeContext {
  readonly engine: Engine;
  readonly progress: ProgressBar;
  readonly style: TableStyle;
  readonly signal: AbortSignal;
}

export interface Analyzed {
  /** For standard output. */
  readonly text: string;
  /** About a `.weightgram.json` or its baseline. */
  readonly complaints: readonly Complaint[];
}

/** What `weightgram analyze` prints. @throws HumanError where the file cannot be read or the tensor is not there. */
export async function analyze(command: AnalyzeCommand, { engine, progress, style, signal }: AnalyzeContext): Promise<Analyzed> {
  await checkPath(command.file);
  const file = path.resolve(command.file);
  const model = await engine.open(file, signal);
  const policy = await findPolicy(file, policyFiles());
  const tensorIndex = command.tensor === undefined ? undefined : findTensor(model, command.tensor);
  try {
    const found = await engine.analyze(model, {
      signal, noCache: command.noCache, budgetBytes: command.budgetBytes, thresholds: thresholdsOf(policy), onProgress: (done, total) => progress.update(done, total),
    });
    const spectra = command.spectrum && tensorIndex !== undefined ? new Map([[tensorIndex, await spectrumOf(model, tensorIndex, { engine, progress, signal })]]) : undefined;
    const all = spectra ? findingsOf(model, found.statistics, found.failures, { thresholds: thresholdsOf(policy), spectra }) : found.findings;
    const { findings, silenced, complaints } = judge(all, file, policy);
    const analysis = { ...found, findings, silenced };
    const analyzed = (text: string): Analyzed => ({ text, complaints: [...policy.complaints, ...complaints] });
    const figures = tensorIndex === undefined ? undefined : analysis.statistics.get(tensorIndex);
    const histograms = new Map<number, Histogram>();
    if (tensorIndex !== undefined && figures) histograms.set(tensorIndex, await evenHistogram(engine, model, tensorIndex, figures, command.bins, signal));
    const report = buildReport(analysis, { bins: command.bins, histograms, ...(spectra && { spectra }), ...(command.tensor !== undefined && { tensor: command.tensor }) });
    if (command.json) return analyzed(readableJson(report));
    return analyzed(tensorIndex === undefined ? reportText(analysis, style) : tensorText(analysis, report, style));
  } finally {
    progress.clear();
  }
}

/** Beyond some thousand rows it takes a minute, which a bar should tell. */
async function spectrumOf(model: Model, index: number, { engine, progress, signal }: Pick<AnalyzeContext, 'engine' | 'progress' | 'signal'>): Promise<Spectrum> {
  const { bytes } = model.tensors[index]!;
  return await engine.spectrum(model, index, { signal, onProgress: (share) => progress.update(share * bytes, bytes) });
}

/** `bins` even bins over the whole range, counted anew: those of the statistics follow the bit patterns. */
async function evenHistogram(engine: Engine, model: Model, index: number, { min, max, sampled, ...rest }: TensorStatistics, bins: number, signal: AbortSignal): Promise<Histogram> {
  if (min === null || max === null) return { edges: [], counts: [] };
  if (min === max) return { edges: [min, max], counts: [rest.count - rest.nan - rest.positiveInfinity - rest.negativeInfinity] };
  const { edges, counts } = await engine.histogram(model, index, evenEdges(min, max, bins), { signal, sampled });
  return { edges, counts };
}

function findTensor(model: Model, name: string): number {
  const index = model.tensors.findIndex((tensor) => tensor.name === name);
  if (index >= 0) return index;
  throw new FileError(`${model.path} has no tensor "${name}". ${suggestion(model, name)}`);
}

function suggestion(model: Model, name: string): string {
  const layer = model.layers.find((candidate) => candidate.name === name);
  const own = layer?.tensors.map((index) => model.tensors[index]!.name) ?? [];
  if (own.length > 0) {
    const more = own.length > MAX_LISTED_TENSORS ? ', …' : '';
    return `It is a layer, and its tensors are ${own.slice(0, MAX_LISTED_TENSORS).join(', ')}${more}.`;
  }
  const nearest = nearestNames(name, model.tensors.map((tensor) => tensor.name));
  return nearest.length > 0 ? `Did you mean ${nearest.map(visible).join(', ')}?` : 'The model has no tensors at all.';
}
