import type { LayerFacts } from '../layerFacts';
import type { Layer, Tensor } from '../model';
import { formatNumber, formatShare, THIN_SPACE } from '../numberText';
import { declaredInitializer } from '../rules/initializers';
import { kurtosisWithinUnits } from '../rules/tails';
import { isDepthwise, regularizerWords } from '../rules/words';
import { familyDeviation } from '../statistics/families';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { BELL_CONCENTRATION, concentrationOf } from './concentration';
import { kindWords } from './kindWords';
import type { Shape } from './shape';
import type { Judgement } from './verdict';

interface Subject {
  readonly layer: Layer;
  readonly tensor: Tensor;
  readonly statistics: TensorStatistics;
  readonly shape: Shape;
  readonly facts: LayerFacts;
}

/** From here on the sentence says why so many weights are near zero. */
const MANY_NEAR_ZERO = 0.2;
/** A bell of a thousand to a million weights has 2–4 % within 1 % of its largest. */
const MORE_THAN_A_BELL = 0.07;
/** Tails that are this much lighter within the units come from units of different scale. */
const SCALE_EXPLAINS = 0.5;
const NORMAL_KURTOSIS = 3;
/** A σ that differs from the initializer's by this factor was moved: chance moves that of 100 weights by 7 %. */
const MOVED = 1.25;
/** A kernel whose largest 1 % carry this many times what they carry in a bell is carried by few. */
const CARRIED_BY_FEW = 1.5;

/** Whether a kernel's shape is what such a kernel has, and why. */
export function kernelJudgement(subject: Subject): Judgement {
  const { layer, shape, statistics, facts, tensor } = subject;
  const kind = kindWords(layer, tensor, facts);
  const reasons = reasonsOf(subject);
  const mass = `, ${formatShare(statistics.nearZeros / statistics.count)} of the weights near zero`;
  switch (shape.kind) {
    case 'none':
    case 'few':
      return { expected: 'unknown', why: '', reasons };
    case 'zero':
    case 'constant':
      return { expected: 'noted', why: '', reasons };
    case 'bell':
    case 'shortTailed':
    case 'softFlat':
    case 'uniform':
      return { ...asBegun(subject, kind, mass), reasons };
    case 'peaked':
    case 'heavyTailed':
    case 'skewed':
    case 'irregular':
      return { expected: 'expected', why: `${mass}${becauseOf(subject)}: usual for the trained kernel of ${kind}`, reasons };
    case 'humps':
      return facts.isDepthwise || isDepthwise(tensor)
        ? { expected: 'expected', why: `${mass}: not unusual for ${kind}`, reasons }
        : { expected: 'noted', why: `${mass}; a trained kernel usually has one hump`, reasons };
    case 'mostlyZero':
      return makesZeros(layer)
        ? { expected: 'expected', why: `, as the declared ${regularizerWords(layer)} makes them`, reasons }
        : { expected: 'noted', why: ', as pruning leaves them', reasons };
    case 'clipped':
      return layer.constraints
        ? { expected: 'expected', why: `, as the declared constraint (${Object.values(layer.constraints).map(({ name }) => name).join(', ')}) does`, reasons }
        : { expected: 'noted', why: '', reasons };
    case 'comb':
    case 'twoValues':
      return tensor.quantization || /int|bool|Q\d/.test(tensor.dtype)
        ? { expected: 'expected', why: `, as ${tensor.dtype} stores them`, reasons }
        : { expected: 'noted', why: ', as quantized training leaves them', reasons };
  }
}

/** L1 pulls small weights to 0 itself; L2 only ever makes them smaller. */
function makesZeros({ regularizers }: Layer): boolean {
  return Object.values(regularizers ?? {}).some(({ name, config }) => /^l1$/i.test(name) || (typeof config['l1'] === 'number' && config['l1'] > 0));
}

/** Bells and flat distributions are what initializers draw, and many trained kernels keep the form: the width tells more, where it is known from what. */
function asBegun(subject: Subject, kind: string, mass: string): Omit<Judgement, 'reasons'> {
  const moved = trainingMoved(subject);
  if (subject.shape.kind === 'uniform') {
    return { expected: 'noted', why: `${mass}, as initializers draw weights: ${moved ?? 'training has moved them little'}` };
  }
  const { nearZeros, count } = subject.statistics;
  const measure = nearZeros / count < MORE_THAN_A_BELL ? ` (a bell has 3–4${THIN_SPACE}%)` : becauseOf(subject);
  if (subject.shape.kind === 'softFlat' && !moved) return { expected: 'expected', why: `${mass}: a flat initializer's shape, whose edges training has softened` };
  if (moved) return { expected: 'expected', why: `${mass}${measure}: usual for ${kind}, and ${moved}` };
  if (subject.shape.kind === 'shortTailed') return { expected: 'expected', why: `${mass}: usual for ${kind} that training has moved little` };
  return { expected: 'expected', why: `${mass}${measure}: usual for ${kind}` };
}

/** How σ compares with what the declared initializer draws, where the two differ; undefined where nothing is declared. */
function trainingMoved({ layer, tensor, statistics }: Subject): string | undefined {
  const declared = declaredInitializer(layer, tensor);
  const sigma = statistics.standardDeviation;
  if (declared?.kind !== 'random' || sigma === null || sigma === 0) return undefined;
  const ratios = declared.candidates.flatMap((family) => familyDeviation(family) ?? []).map((begun) => sigma / begun);
  const nearest = ratios.sort((a, b) => Math.abs(Math.log(a)) - Math.abs(Math.log(b)))[0];
  if (nearest === undefined || Math.abs(Math.log(nearest)) < Math.log(MOVED)) return undefined;
  return `training has ${nearest > 1 ? 'widened' : 'narrowed'} it to ${formatNumber(Number(nearest.toPrecision(2)))} times the σ of the declared ${declared.name}`;
}

/** Why so many are near zero, where many are. */
function becauseOf({ statistics, layer, shape }: Subject): string {
  const share = statistics.nearZeros / statistics.count;
  if (share < MORE_THAN_A_BELL) return '';
  if (statistics.zeros > statistics.nearZeros / 2) return ', most of them exactly 0';
  const regularizer = regularizerWords(layer);
  if (regularizer) return `, where ${regularizer} pulls them`;
  if (scaleExplains(statistics)) return ', since its units differ in scale';
  if (shape.reach !== undefined) return ', since single large weights set the measure';
  return share < MANY_NEAR_ZERO ? '' : ', since few strong weights do the work';
}

function scaleExplains(statistics: TensorStatistics): boolean {
  const kurtosis = (statistics.excessKurtosis ?? 0) + NORMAL_KURTOSIS;
  return kurtosis > 2 * NORMAL_KURTOSIS && kurtosisWithinUnits(statistics, kurtosis) < SCALE_EXPLAINS * kurtosis;
}

/** What the file says that bears on the distribution, and who carries the norm. */
function reasonsOf({ layer, statistics, facts }: Subject): string[] {
  const reasons: string[] = [];
  const carried = concentrationOf(statistics);
  if (carried) {
    const few = carried.largestHundredth >= CARRIED_BY_FEW * BELL_CONCENTRATION.largestHundredth ? 'A few large weights carry it' : 'It does not hang on a few large weights';
    reasons.push(`${few}: the largest 1${THIN_SPACE}% hold ${formatShare(carried.largestHundredth)} of the squared norm, the largest 10${THIN_SPACE}% ${formatShare(carried.largestTenth)} (${formatShare(BELL_CONCENTRATION.largestHundredth)} and ${formatShare(BELL_CONCENTRATION.largestTenth)} in a bell).`);
  }
  if (scaleExplains(statistics)) reasons.push('Its units differ in scale: taken one by one they have much lighter tails.');
  if (facts.normalizationAfter) reasons.push(`Batch normalization (${facts.normalizationAfter.name}) takes the output: the scale of the kernel means little, only its shape counts.`);
  if (facts.activation && facts.activation.kind !== 'linear') reasons.push(`Activation: ${facts.activation.name}${facts.activation.layer === layer.name ? '' : ` (${facts.activation.layer})`}.`);
  const regularizer = regularizerWords(layer);
  if (regularizer) reasons.push(`Regularizer: ${regularizer}, which pulls weights towards zero.`);
  else if (facts.regularization === 'none') reasons.push('The file declares no regularizer for this layer.');
  if (facts.dropout) reasons.push(`Dropout${facts.dropout.rate === undefined ? '' : ` of ${formatShare(facts.dropout.rate)}`} (${facts.dropout.layer}).`);
  return reasons;
}
