import type { Model } from '../core/model';
import { RULES } from '../core/rules/index';
import type { HostSide, PageState, Progress, RuleText } from '../protocol/pageContract';
import { layerViews, previewBins, tensorView } from '../protocol/pageView';
import type { LiveAnalysis } from './modelEntry';

/** What a page is built from. */
export interface PageSource {
  readonly model: Model;
  readonly analysis: LiveAnalysis | undefined;
  readonly assessment: string;
  /** Why the file cannot be read any more. */
  readonly problem: string | undefined;
  readonly nearZeroRatio: number;
  readonly histogramBins: number;
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
    tensors: [...(analysis?.statistics ?? [])].map(([index, statistics]) => tensorView(index, statistics, bins)),
    layers: layerViews(model, analysis?.statistics ?? new Map(), analysis?.findings ?? []),
    failures: [...(analysis?.failures ?? [])].map(([index, reason]) => ({ index, reason })),
    findings: analysis?.findings ?? [],
    assessment: source.assessment,
    progress: progressOf(source),
    ...(selectedLayer !== undefined && { selectedLayer }),
  };
}

/** What changed since the page was built or last told. */
export function pageUpdate(source: PageSource, tensors: ReadonlySet<number>): HostSide['events']['update'] {
  const { model, analysis } = source;
  const bins = previewBins(model);
  const failures = [...tensors].flatMap((index) => {
    const reason = analysis?.failures.get(index);
    return reason === undefined ? [] : [{ index, reason }];
  });
  return {
    nearZeroRatio: source.nearZeroRatio,
    histogramBins: source.histogramBins,
    tensors: [...tensors].flatMap((index) => {
      const statistics = analysis?.statistics.get(index);
      return statistics ? [tensorView(index, statistics, bins)] : [];
    }),
    layers: layerViews(model, analysis?.statistics ?? new Map(), analysis?.findings ?? []),
    ...(failures.length > 0 && { failures }),
    findings: analysis?.findings ?? [],
    assessment: source.assessment,
    progress: progressOf(source),
  };
}

/** Only our own words: the rules' functions do not cross a port. */
const RULE_TEXTS: readonly RuleText[] = RULES.map(({ id, title, why, whenNormal }) => ({ id, title, why, whenNormal }));

function progressOf({ model, analysis, problem }: PageSource): Progress {
  if (problem !== undefined) return { kind: 'failed', message: problem };
  return analysis?.progress ?? { kind: 'running', doneTensors: 0, totalTensors: model.tensors.length, doneBytes: 0, totalBytes: model.bytes };
}
