import type { Analysis } from '../../../src/core/analysis';
import { assess } from '../../../src/core/assessment';
import { isNumeric } from '../../../src/core/dtype';
import type { PlainDtype } from '../../../src/core/dtype';
import { openModel } from '../../../src/core/formats/index';
import type { Tensor } from '../../../src/core/model';
import { findingsOf, RULES } from '../../../src/core/rules/index';
import { decodeValues } from '../../../src/core/statistics/decode';
import { finish } from '../../../src/core/statistics/finish';
import { chunkElements, createScanner } from '../../../src/core/statistics/scan';
import { countByEdges, TypeScriptKernel } from '../../../src/core/statistics/twin';
import { NEAR_ZERO_RATIO } from '../../../src/core/statistics/tensorStatistics';
import type { TensorStatistics, WindowHistogram } from '../../../src/core/statistics/tensorStatistics';
import type { PageState } from '../../../src/protocol/pageContract';
import { layerViews, previewBins, tensorView } from '../../../src/protocol/pageView';
import { fileSource } from './fileSource';

/** A model on disk, analyzed in this process, with its bytes at hand for exact counts. */
export interface Analyzed {
  readonly analysis: Analysis;
  values(tensor: number): ArrayLike<number>;
}

export async function analyzeFile(file: string): Promise<Analyzed> {
  const model = await openModel(fileSource(file));
  const contents = new Map(model.files.map((_, i) => [i, fileSource(model.files[i]!.path)]));
  const bytesOf = async (tensor: Tensor): Promise<Uint8Array> => {
    const parts = await Promise.all(tensor.segments.map(({ file: index, offset, length }) => contents.get(index)!.read(offset, length)));
    return new Uint8Array(Buffer.concat(parts));
  };
  const statistics = new Map<number, TensorStatistics>();
  const bytes = new Map<number, Uint8Array>();
  const kernel = new TypeScriptKernel();
  for (const [index, tensor] of model.tensors.entries()) {
    if (tensor.unreadable !== undefined || !isNumeric(tensor.dtype)) continue;
    bytes.set(index, await bytesOf(tensor));
    statistics.set(index, scan(kernel, tensor, bytes.get(index)!));
  }
  const failures = new Map<number, string>();
  const findings = findingsOf(model, statistics, failures);
  return {
    analysis: { model, statistics, failures, findings, complete: true },
    values: (index) => {
      const tensor = model.tensors[index]!;
      return decodeValues(bytes.get(index)!, tensor.elements, tensor);
    },
  };
}

function scan(kernel: TypeScriptKernel, tensor: Tensor, bytes: Uint8Array): TensorStatistics {
  const chunk = chunkElements(tensor.dtype as PlainDtype);
  const width = bytes.length / Math.max(1, tensor.elements);
  kernel.reset();
  const scanner = createScanner(kernel, tensor, 0);
  for (let first = 0; first < tensor.elements; first += chunk) {
    const count = Math.min(chunk, tensor.elements - first);
    kernel.input.set(bytes.subarray(first * width, (first + count) * width));
    scanner.take(count);
  }
  return finish(scanner.result(), tensor);
}

export function exactHistogram(analyzed: Analyzed, tensor: number, edges: readonly number[]): WindowHistogram {
  const counts = new Float64Array(edges.length + 1);
  countByEdges(analyzed.values(tensor), Float64Array.from(edges), counts);
  return { edges, counts: Array.from(counts.subarray(1, edges.length)), below: counts[0]!, above: counts[edges.length]! };
}

/** What the editor would send for the first `done` tensors. */
export function stateAfter({ model, statistics, failures, findings }: Analysis, done: number, elapsedMs = 380): PageState {
  const known = new Map([...statistics].filter(([index]) => index < done));
  const complete = done >= model.tensors.length;
  const visible = complete ? findings : findingsOf(model, known, failures);
  const bins = previewBins(model);
  return {
    model,
    rules: RULES.map(({ id, title, why, whenNormal }) => ({ id, title, why, whenNormal })),
    nearZeroRatio: NEAR_ZERO_RATIO,
    histogramBins: 100,
    tensors: [...known].map(([index, one]) => tensorView(index, one, { bins })),
    layers: layerViews(model, known, visible),
    failures: [...failures].map(([index, reason]) => ({ index, reason })),
    findings: visible,
    silenced: 0,
    assessment: assess({ model, statistics: known, failures, findings: visible, complete }),
    progress: complete
      ? { kind: 'done', fromCache: false, elapsedMs }
      : { kind: 'running', doneTensors: done, totalTensors: model.tensors.length, doneBytes: model.tensors.slice(0, done).reduce((sum, tensor) => sum + tensor.bytes, 0), totalBytes: model.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0) },
  };
}
