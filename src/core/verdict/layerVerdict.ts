import type { Analysis } from '../analysis';
import { factsOf } from '../layerFacts';
import { findingsByLayer, mainTensorOf } from '../layerFigures';
import type { Layer, Tensor } from '../model';
import type { Finding } from '../rules/rule';
import { isMatrix } from '../rules/words';
import { UNTRAINED_RULES } from './modelSentences';
import { finiteCount } from '../statistics/histogram';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { kernelJudgement } from './kernelJudgement';
import { shapeOf } from './shape';
import type { ShapeKind } from './shape';
import { shapeWords } from './shapeWords';
import { vectorWords } from './vectorWords';
import type { Judgement, LayerVerdict } from './verdict';

/** The sentence about one layer; undefined for a layer without weights. Takes microseconds once the shape of its main weight is known. */
export function layerVerdict(analysis: Analysis, layerIndex: number): LayerVerdict | undefined {
  const { model, statistics, failures, findings } = analysis;
  const layer = model.layers[layerIndex];
  const main = layer && mainTensorOf(model, layer);
  if (!layer || main === undefined) return undefined;
  const own = findingsByLayer(model, findings).get(layerIndex) ?? [];
  const tensor = model.tensors[main]!;
  const figures = statistics.get(main);
  const judged = figures ? judge(analysis, layer, tensor, figures) : unread(failures.get(main) ?? tensor.unreadable);
  const worst = own[0];
  if (!worst) return { expected: judged.expected, shape: judged.shape, sentence: `${capital(judged.sentence)}.`, distribution: `${capital(judged.sentence)}.`, reasons: judged.reasons.map((text) => ({ text })) };
  return {
    expected: worst.severity === 'info' ? (judged.expected === 'unknown' ? 'unknown' : 'noted') : 'suspicious',
    shape: judged.shape,
    sentence: `${capital(withFindings(own, tensor, judged))}.`,
    distribution: `${capital(besideFindings(own, judged))}.`,
    reasons: [...own.map(({ message, rule, severity }) => ({ text: message, rule, severity })), ...judged.reasons.map((text) => ({ text }))],
  };
}

interface Judged extends Judgement {
  readonly shape: ShapeKind;
  /** The shape alone, for behind a finding. */
  readonly words: string;
  /** The whole of it, for where there is no finding. */
  readonly sentence: string;
}

function judge(analysis: Analysis, layer: Layer, tensor: Tensor, statistics: TensorStatistics): Judged {
  const shape = shapeOf(statistics);
  if (!isMatrix(tensor)) {
    const words = vectorWords(tensor, layer, statistics, shape);
    return { expected: finiteCount(statistics) > 0 ? 'expected' : 'unknown', why: '', reasons: [], shape: shape.kind, words, sentence: words };
  }
  const words = shapeWords(shape, statistics);
  const judgement = kernelJudgement({ layer, tensor, statistics, shape, facts: factsOf(analysis.model, layer) });
  return { ...judgement, shape: shape.kind, words, sentence: `${words}${judgement.why}` };
}

function unread(reason: string | undefined): Judged {
  const words = reason === undefined ? 'its weights have not been read yet' : 'its main weight cannot be read';
  return { expected: 'unknown', shape: 'none', why: '', reasons: [], words, sentence: words };
}

/** What is said of a distribution whose layer has findings: whether it is usual is no comfort beside an error, nor beside "never trained". */
function besideFindings([worst]: readonly Finding[], { sentence, words }: Judged): string {
  return worst?.severity === 'info' && !UNTRAINED_RULES.has(worst.rule) ? sentence : words;
}

/** Rules whose message gives the share of zeros already. */
const ABOUT_ZEROS: ReadonlySet<string> = new Set(['exact-sparsity', 'zero-flood', 'structured-sparsity']);

/** The worst finding in its own words, then what the distribution looks like. */
function withFindings(findings: readonly Finding[], main: Tensor, judged: Judged): string {
  const [worst, ...others] = findings as [Finding, ...Finding[]];
  const place = worst.subject.kind === 'tensor' && worst.subject.name !== main.name ? `${lastPart(worst.subject.name)}: ` : '';
  const graver = others.filter(({ severity }) => severity !== 'info').length;
  const more = worst.severity === 'info' || graver === 0 ? '' : ` (and ${graver} more)`;
  const isSaid = ['none', 'zero', 'constant'].includes(judged.shape) || (judged.shape === 'mostlyZero' && ABOUT_ZEROS.has(worst.rule));
  const rest = isSaid ? '' : `; ${besideFindings(findings, judged)}`;
  return `${place}${clause(worst.message)}${more}${rest}`;
}

/** The first sentence of a message, without its full stop. Numbers have points too, but no space behind them. */
function clause(message: string): string {
  return message.split(/[.](?=\s|$)/)[0]!.trim();
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1) || name;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
