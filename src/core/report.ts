import type { Analysis } from './analysis';
import { assess } from './assessment';
import type { AssessmentSentence } from './assessment';
import { layerFigures } from './layerFigures';
import type { LayerFigures } from './layerFigures';
import type { Declared, Layer, Model, Quantization, Role, Tensor } from './model';
import type { Finding } from './rules/rule';
import type { SilencedBy } from './silences/silenceFile';
import { unreadableReasons } from './rules/unreadableTensor';
import { reportHistogram } from './statistics/histogram';
import type { Spectrum } from './statistics/spectrum';
import { summaryOf } from './statistics/spectrumSummary';
import type { SpectrumSummary } from './statistics/spectrumSummary';
import { QUANTILES } from './statistics/tensorStatistics';
import { layerVerdict } from './verdict/layerVerdict';
import type { LayerVerdict } from './verdict/verdict';
import type { BlockScales, Figures, Histogram, ScaleFigures, TensorStatistics } from './statistics/tensorStatistics';

/** Raised when a property changes its name or meaning. */
const SCHEMA_VERSION = 1;

export interface ReportOptions {
  /** Of each tensor's histogram, about. */
  readonly bins: number;
  /** Only this tensor, its layer and what was found about them. */
  readonly tensor?: string;
  /** A histogram that replaces the one of the statistics, by index into Model.tensors: even bins counted anew. */
  readonly histograms?: ReadonlyMap<number, Histogram>;
  /** Of tensors whose spectrum was asked for, by index into Model.tensors. */
  readonly spectra?: ReadonlyMap<number, Spectrum>;
}

export interface ReportLayer {
  readonly name: string;
  readonly className?: string;
  readonly tensors: readonly string[];
  readonly parameters: number;
  /** Over `readParameters`; 0 where there are none. */
  readonly sparsity: number;
  readonly nearZero: number;
  /** Weights behind the two shares: fewer than `parameters` where some could not be read. */
  readonly readParameters: number;
  readonly activation?: string;
  readonly outputShape?: readonly (number | null)[];
  readonly initializers?: Readonly<Record<string, Declared>>;
  readonly regularizers?: Readonly<Record<string, Declared>>;
  readonly constraints?: Readonly<Record<string, Declared>>;
  readonly trainable?: boolean;
  /** Whether its distribution is what such a layer has; absent for layers without weights. */
  readonly verdict?: LayerVerdict;
}

/** Keys as in QUANTILES. */
type NamedQuantiles = Readonly<Record<string, number | null>>;

export type ReportStatistics = Omit<Figures, 'quantiles' | 'blockScales'> & {
  readonly quantiles: NamedQuantiles;
  readonly histogram: Histogram;
  readonly blockScales?: ReportBlockScales;
};

type ReportScales = Omit<ScaleFigures, 'quantiles'> & { readonly quantiles: NamedQuantiles };

/** What the blocks of a quantized tensor are scaled with. */
export interface ReportBlockScales {
  readonly scale: ReportScales;
  readonly min?: ReportScales;
}

export interface ReportTensor {
  readonly name: string;
  readonly layer: string;
  readonly role: Role;
  readonly dtype: string;
  readonly quantization?: Quantization;
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly bytes: number;
  readonly statistics?: ReportStatistics;
  /** Only where it was asked for. */
  readonly spectrum?: SpectrumSummary;
}

/** What `weightgram analyze FILE --json` prints and the editor exports. */
export interface Report {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly model: {
    readonly name: string;
    readonly format: string;
    readonly bytes: number;
    readonly parameters: number;
    readonly producer?: string;
    readonly files: readonly { readonly name: string; readonly bytes: number }[];
    /** The short answer, also where the report is about one tensor. */
    readonly assessment: readonly AssessmentSentence[];
  };
  readonly layers: readonly ReportLayer[];
  readonly tensors: readonly ReportTensor[];
  readonly findings: readonly Finding[];
  /** Absent where nothing is silenced. */
  readonly silenced?: readonly (Finding & { readonly silencedBy: SilencedBy })[];
  readonly unreadable: readonly { readonly tensor: string; readonly reason: string }[];
}

export function buildReport(analysis: Analysis, options: ReportOptions): Report {
  const { model } = analysis;
  const tensors = model.tensors.flatMap((tensor, index) => (options.tensor === undefined || tensor.name === options.tensor ? [index] : []));
  const layers = options.tensor === undefined ? model.layers.map((_, index) => index) : layersOf(model, tensors);
  const reported = new Set(tensors);
  const isAbout = (findings: readonly Finding[]): readonly Finding[] => (options.tensor === undefined ? findings : findingsAbout(model, findings, tensors, layers));
  const silenced = (analysis.silenced ?? []).filter(({ finding }) => isAbout([finding]).length > 0);
  const reasons = [...unreadableReasons(model, analysis.failures)].filter(([index]) => reported.has(index));
  return {
    schemaVersion: SCHEMA_VERSION,
    model: modelPart(analysis),
    layers: layers.map((index) => layerPart(analysis, index)),
    tensors: tensors.map((index) => tensorPart(analysis, index, options)),
    findings: isAbout(analysis.findings),
    ...(silenced.length > 0 && { silenced: silenced.map(({ finding, by }) => ({ ...finding, silencedBy: by })) }),
    unreadable: reasons.map(([index, reason]) => ({ tensor: model.tensors[index]!.name, reason })),
  };
}

function layersOf(model: Model, tensors: readonly number[]): number[] {
  return [...new Set(tensors.map((index) => model.tensors[index]!.layer))];
}

/** Of a model's findings those about these tensors, their layers, or the model as a whole. */
function findingsAbout(model: Model, findings: readonly Finding[], tensors: readonly number[], layers: readonly number[]): Finding[] {
  const tensorNames = new Set(tensors.map((index) => model.tensors[index]?.name));
  const layerNames = new Set(layers.map((index) => model.layers[index]?.name));
  return findings.filter(({ subject }) => {
    switch (subject.kind) {
      case 'model':
        return true;
      case 'layer':
        return layerNames.has(subject.name);
      case 'tensor':
        return tensorNames.has(subject.name);
    }
  });
}

function modelPart(analysis: Analysis): Report['model'] {
  const { model } = analysis;
  const { name, format, bytes, parameters, producer } = model;
  const files = model.files.map((file) => ({ name: file.path.split(/[\\/]/).pop() ?? file.path, bytes: file.sizeBytes }));
  return { name, format, bytes, parameters, ...(producer !== undefined && { producer }), files, assessment: assess(analysis).sentences };
}

function layerPart(analysis: Analysis, index: number): ReportLayer {
  const { model, statistics } = analysis;
  const layer = model.layers[index]!;
  const figures: LayerFigures = layerFigures(model, index, statistics);
  const verdict = layerVerdict(analysis, index);
  return {
    name: layer.name,
    ...(layer.className !== undefined && { className: layer.className }),
    tensors: layer.tensors.map((tensor) => model.tensors[tensor]!.name),
    parameters: figures.parameters,
    sparsity: figures.sparsity ?? 0,
    nearZero: figures.nearZero ?? 0,
    readParameters: figures.readParameters,
    ...declared(layer),
    ...(verdict && { verdict }),
  };
}

function declared(layer: Layer): Partial<ReportLayer> {
  const { activation, outputShape, initializers, regularizers, constraints, trainable } = layer;
  return {
    ...(activation !== undefined && { activation }),
    ...(outputShape !== undefined && { outputShape }),
    ...(initializers !== undefined && { initializers }),
    ...(regularizers !== undefined && { regularizers }),
    ...(constraints !== undefined && { constraints }),
    ...(trainable !== undefined && { trainable }),
  };
}

function tensorPart({ model, statistics }: Analysis, index: number, options: ReportOptions): ReportTensor {
  const tensor: Tensor = model.tensors[index]!;
  const figures = statistics.get(index);
  const spectrum = options.spectra?.get(index);
  return {
    name: tensor.name,
    layer: model.layers[tensor.layer]?.name ?? '',
    role: tensor.role,
    dtype: tensor.dtype,
    ...(tensor.quantization && { quantization: tensor.quantization }),
    shape: tensor.shape,
    parameters: tensor.elements,
    bytes: tensor.bytes,
    ...(figures && { statistics: statisticsPart(figures, options.histograms?.get(index) ?? reportHistogram(figures, options.bins)) }),
    ...(spectrum && { spectrum: summaryOf(spectrum) }),
  };
}

/** Named one by one: what a later version adds to TensorStatistics does not slip into the report. */
function statisticsPart(statistics: TensorStatistics, { edges, counts }: Histogram): ReportStatistics {
  const { count, zeros, nearZeros, nan, positiveInfinity, negativeInfinity } = statistics;
  const { min, max, mean, standardDeviation, skewness, excessKurtosis, l1Norm, l2Norm } = statistics;
  return {
    count, zeros, nearZeros, nan, positiveInfinity, negativeInfinity,
    min, max, mean, standardDeviation, skewness, excessKurtosis, l1Norm, l2Norm,
    quantiles: namedQuantiles(statistics.quantiles),
    histogram: { edges, counts },
    ...(statistics.blockScales && { blockScales: scalesPart(statistics.blockScales) }),
    ...(statistics.sampled && { sampled: statistics.sampled }),
  };
}

function namedQuantiles(quantiles: readonly (number | null)[]): NamedQuantiles {
  return Object.fromEntries(QUANTILES.map((q, i) => [String(q), quantiles[i] ?? null]));
}

function scalesPart({ scale, min }: BlockScales): ReportBlockScales {
  const part = (figures: ScaleFigures): ReportScales => ({ ...figures, quantiles: namedQuantiles(figures.quantiles) });
  return { scale: part(scale), ...(min && { min: part(min) }) };
}
