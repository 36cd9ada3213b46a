import type { Assessment } from '../core/assessment';
import type { Model } from '../core/model';
import { RULES } from '../core/rules/index';
import { readValues } from '../core/statistics/readValues';
import type { HostSide, PageState, Progress, RuleText, TensorView } from '../protocol/pageContract';
import { layerViews, previewBins, tensorView } from '../protocol/pageView';
import type { LiveAnalysis } from './modelEntry';

/** What a page is built from. */
export interface PageSource {
  readonly model: Model;
  readonly analysis: LiveAnalysis | undefined;
  readonly assessment: Assessment;
  /** Why the file cannot be read any more. */
  readonly problem: string | undefined;
  readonly nearZeroRatio: number;
  readonly histogramBins: number;
  readonly sameWeightsAs?: readonly string[];
}

/** Everything that is known so far. */
export function pageState(source: PageSource, selectedLayer: string | undefined): PageState {
  const { model, analysis } = source;
  const bins = previewBins(model);
  return {
    model,
    rules: RULE_TEXTS,
    nearZeroRatio: source.nearZeroRatio,
    histogramBins: source.histogramBins,
    tensors: [...(analysis?.statistics ?? [])].map(([index, statistics]) => tensorView(index, statistics, { bins })),
    layers: layerViews(model, analysis?.statistics ?? new Map(), analysis?.findings ?? []),
    failures: [...(analysis?.failures ?? [])].map(([index, reason]) => ({ index, reason })),
    findings: analysis?.findings ?? [],
    silenced: analysis?.silenced?.length ?? 0,
    assessment: source.assessment,
    progress: progressOf(source),
    sampled: analysis ? (readValues(analysis) ?? null) : null,
    sameWeightsAs: source.sameWeightsAs ?? [],
    ...(selectedLayer !== undefined && { selectedLayer }),
  };
}

/** What changed since the page was built or last told. Of a model of thousands of layers only what differs crosses the port. */
export function pageUpdate(source: PageSource, change: { readonly tensors: ReadonlySet<number>; readonly findings: boolean }): HostSide['events']['update'] {
  const { model, analysis } = source;
  const bins = previewBins(model);
  const failures: { index: number; reason: string }[] = [];
  const tensors: TensorView[] = [];
  const touched = new Set<number>();
  for (const index of change.tensors) {
    const reason = analysis?.failures.get(index);
    const statistics = analysis?.statistics.get(index);
    if (reason !== undefined) failures.push({ index, reason });
    if (statistics) tensors.push(tensorView(index, statistics, { bins }));
    touched.add(model.tensors[index]!.layer);
  }
  const changed = change.findings ? model.layers.keys() : [...touched].sort((a, b) => a - b);
  const layers = layerViews(model, analysis?.statistics ?? new Map(), analysis?.findings ?? [], changed);
  return {
    nearZeroRatio: source.nearZeroRatio,
    histogramBins: source.histogramBins,
    ...(tensors.length > 0 && { tensors }),
    ...(layers.length > 0 && { layers }),
    ...(failures.length > 0 && { failures }),
    ...(change.findings && { findings: analysis?.findings ?? [], silenced: analysis?.silenced?.length ?? 0 }),
    assessment: source.assessment,
    progress: progressOf(source),
    sampled: analysis ? (readValues(analysis) ?? null) : null,
    sameWeightsAs: source.sameWeightsAs ?? [],
  };
}

/** Only our own words: the rules' functions do not cross a port. */
const RULE_TEXTS: readonly RuleText[] = RULES.map(({ id, title, why, whenNormal }) => ({ id, title, why, whenNormal }));

function progressOf({ model, analysis, problem }: PageSource): Progress {
  if (problem !== undefined) return { kind: 'failed', message: problem };
  return analysis?.progress ?? { kind: 'running', doneTensors: 0, totalTensors: model.tensors.length, doneBytes: 0, totalBytes: model.bytes };
}
