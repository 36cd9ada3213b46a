import type { Analysis } from '../analysis';
import type { AssessmentSentence } from '../assessment';
import { findingsByLayer, mainTensorOf } from '../layerFigures';
import { isWeight } from '../model';
import { ofWhole } from '../statistics/evenSample';
import { formatCount, formatInteger, formatShare, plural, THIN_SPACE } from '../numberText';
import { isDepthwise, isMatrix } from '../rules/words';
import { BELL_CONCENTRATION, concentrationOf } from './concentration';
import { listed } from './listed';
import { shapeOf } from './shape';
import type { ShapeKind } from './shape';

/** What the assessment is made from, over all weights that were read. */
export interface Network {
  readonly weights: number;
  readonly nearZeroShare: number;
  /** The same of layers without errors: a spike or a wiped layer says nothing of the others. Absent where no layer has an error. */
  readonly soundShare?: number;
  /** The weight matrices that are large enough for a shape. */
  readonly kernels: readonly Kernel[];
  /** Of the squared norm of a kernel, mean over the kernels by their weights; absent without kernels. */
  readonly carried?: { readonly largestHundredth: number; readonly largestTenth: number };
}

interface Kernel {
  readonly layer: string;
  readonly index: number;
  readonly shape: ShapeKind;
  readonly weights: number;
  readonly nearZeroShare: number;
  /** Two humps of depthwise filters are nothing odd. */
  readonly isUsual: boolean;
}

/** Shares of weights near zero. Our own, from trained models that we measured: most have 2–40 %, a bell curve has 3–4 %. */
export const BELL_SHARE = 0.06;
const MANY_SHARE = 0.2;
const USUAL_SHARE = 0.5;
const NEARLY_ALL_SHARE = 0.9;

/** A few large weights carry a kernel whose largest 1 % hold this many times what they hold in a bell. */
const CARRIED_BY_FEW = 1.5;

/** Below this the largest 1 % are a handful. */
const MIN_CARRIED_WEIGHTS = 512;

/** A layer is named for its share near zero where it is this many times the network's, and a good part of the layer. */
const STANDS_OUT = 1.5;
const STANDS_OUT_SHARE = 0.3;

/** Shares that differ less would be called the same. */
const WORTH_TELLING_APART = 0.02;

const MOST_NAMED = 3;

const AS_TRAINED: ReadonlySet<ShapeKind> = new Set<ShapeKind>(['bell', 'softFlat', 'shortTailed', 'peaked', 'heavyTailed', 'skewed', 'irregular']);
const WITHOUT_SHAPE: ReadonlySet<ShapeKind> = new Set<ShapeKind>(['none', 'few']);

export function countNetwork(analysis: Analysis): Network {
  const { model, statistics } = analysis;
  const broken = brokenLayers(analysis);
  let weights = 0;
  let nearZeros = 0;
  let soundWeights = 0;
  let soundNearZeros = 0;
  let carriers = 0;
  let hundredth = 0;
  let tenth = 0;
  for (const [index, figures] of statistics) {
    const tensor = model.tensors[index];
    if (!tensor || !isWeight(tensor)) continue;
    // A sample stands for its whole tensor beside others.
    const count = ofWhole(figures.count, figures.sampled);
    const nearZero = ofWhole(figures.nearZeros, figures.sampled);
    weights += count;
    nearZeros += nearZero;
    if (broken.has(tensor.layer)) continue;
    soundWeights += count;
    soundNearZeros += nearZero;
    const carried = isMatrix(tensor) && figures.count >= MIN_CARRIED_WEIGHTS ? concentrationOf(figures) : null;
    if (!carried) continue;
    carriers += count;
    hundredth += count * carried.largestHundredth;
    tenth += count * carried.largestTenth;
  }
  return {
    weights,
    nearZeroShare: weights > 0 ? nearZeros / weights : 0,
    ...(broken.size > 0 && soundWeights > 0 && { soundShare: soundNearZeros / soundWeights }),
    kernels: kernelsOf(analysis),
    ...(carriers > 0 && { carried: { largestHundredth: hundredth / carriers, largestTenth: tenth / carriers } }),
  };
}

/** Layers with errors, by index. */
function brokenLayers({ model, findings }: Pick<Analysis, 'model' | 'findings'>): ReadonlySet<number> {
  return new Set([...findingsByLayer(model, findings)].flatMap(([layer, [worst]]) => (worst?.severity === 'error' ? [layer] : [])));
}

function kernelsOf({ model, statistics }: Analysis): Kernel[] {
  return model.layers.flatMap((layer, layerIndex) => {
    const main = mainTensorOf(model, layer);
    const figures = main === undefined ? undefined : statistics.get(main);
    if (main === undefined || !figures || !isMatrix(model.tensors[main]!)) return [];
    const { kind: shape } = shapeOf(figures);
    if (WITHOUT_SHAPE.has(shape)) return [];
    return [{ layer: layer.name, index: layerIndex, shape, weights: ofWhole(figures.count, figures.sampled), nearZeroShare: figures.nearZeros / figures.count, isUsual: shape === 'humps' && isDepthwise(model.tensors[main]!) }];
  });
}

/** How much sits near zero, whether that is usual, and whether a few large weights carry the layers. */
export function massSentence({ model, complete }: Analysis, network: Network): AssessmentSentence {
  const { weights, nearZeroShare: share, soundShare, carried, kernels } = network;
  const isOther = soundShare !== undefined && Math.abs(soundShare - share) >= WORTH_TELLING_APART;
  const sound = isOther ? `; in layers without errors ${formatShare(soundShare)}` : '';
  const of = weights < model.parameters ? `${formatCount(weights)} weights read ${complete ? '' : 'so far '}(of ${formatCount(model.parameters)})` : `${formatCount(weights)} weights`;
  const most = kernels.filter((kernel) => kernel.nearZeroShare >= Math.max(STANDS_OUT_SHARE, STANDS_OUT * share) && kernel.weights >= MIN_CARRIED_WEIGHTS)
    .sort((a, b) => b.nearZeroShare - a.nearZeroShare).slice(0, MOST_NAMED);
  const where = most.length > 0 ? ` (most in ${listed(most.map((kernel) => `${kernel.layer}, ${formatShare(kernel.nearZeroShare)}`), ' and ', '; ')})` : '';
  return {
    text: `${formatShare(share)} of the ${of} sit near zero${where}${sound}, ${howUsual(isOther ? soundShare : share)}${carried ? `; ${carriedWords(carried.largestHundredth)}` : ''}.`,
    ...(most.length > 0 && { layers: most.map(({ layer }) => layer) }),
  };
}

function howUsual(share: number): string {
  if (share < BELL_SHARE) return `about as in bell curves, which have 3–4${THIN_SPACE}%`;
  if (share < MANY_SHARE) return `somewhat more than in bell curves (3–4${THIN_SPACE}%), as is usual for trained networks`;
  if (share < USUAL_SHARE) return 'as is usual for trained networks, where few strong weights do the work';
  if (share < NEARLY_ALL_SHARE) return 'more than most trained networks have: part of the capacity may be unused';
  return 'far more than trained networks usually have: most of the capacity may be unused';
}

function carriedWords(hundredth: number): string {
  const isCarried = hundredth >= CARRIED_BY_FEW * BELL_CONCENTRATION.largestHundredth;
  const figures = `the largest 1${THIN_SPACE}% of a kernel's weights hold ${formatShare(hundredth)} of its squared norm, ${formatShare(BELL_CONCENTRATION.largestHundredth)} in a bell`;
  return `${isCarried ? 'a few large weights carry much of it' : 'it does not hang on a few large weights'} (${figures})`;
}

/** Whether kernels have the shapes that training leaves, and which do not. */
export function lookSentence({ model, findings }: Analysis, network: Network): AssessmentSentence | undefined {
  const byLayer = findingsByLayer(model, findings);
  const isCalm = ({ index }: Kernel): boolean => !byLayer.get(index)?.some(({ severity }) => severity !== 'info');
  // A broken kernel of a usual shape is still no usual kernel.
  const broken = brokenLayers({ model, findings });
  const kernels = network.kernels.filter(({ index }) => !broken.has(index));
  if (kernels.length === 0) return undefined;
  const isOther = kernels.length < network.kernels.length;
  const trained = kernels.filter(({ shape, isUsual }) => isUsual || AS_TRAINED.has(shape));
  const flat = kernels.filter(({ shape }) => shape === 'uniform');
  // What is broken has been named already.
  const odd = kernels.filter((kernel) => !kernel.isUsual && !AS_TRAINED.has(kernel.shape) && kernel.shape !== 'uniform' && isCalm(kernel));
  const parts = [
    trained.length > 0 ? `${partWords(trained.length, kernels.length)}${isOther ? ' without errors' : ''} ${trained.length === 1 ? 'has' : 'have'} one hump, as trained ones do${tailWords(trained)}` : '',
    flat.length > 0 ? `${partWords(flat.length, kernels.length, trained.length > 0)} ${flat.length === 1 ? 'is' : 'are'} flat, as initializers draw weights: training has moved ${flat.length === 1 ? 'it' : 'them'} little (${named(flat)})` : '',
    odd.length > 0 ? `${partWords(odd.length, kernels.length, trained.length + flat.length > 0)} ${odd.length === 1 ? 'has' : 'have'} another shape (${named(odd)})` : '',
  ].filter(Boolean);
  if (parts.length === 0) return undefined;
  const layers = [...flat.slice(0, MOST_NAMED), ...odd.slice(0, MOST_NAMED)].map(({ layer }) => layer);
  const text = parts.join('; ');
  return { text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.`, ...(layers.length > 0 && { layers }) };
}

function partWords(part: number, whole: number, isFollowing = false): string {
  if (isFollowing) return formatInteger(part);
  if (part < whole) return `${formatInteger(part)} of ${plural(whole, 'kernel')}`;
  if (whole <= 2) return whole === 1 ? 'its one kernel' : 'both kernels';
  return `all ${plural(whole, 'kernel')}`;
}

function tailWords(trained: readonly Kernel[]): string {
  const count = (...shapes: ShapeKind[]): number => trained.filter(({ shape }) => shapes.includes(shape)).length;
  const heavy = count('heavyTailed', 'peaked');
  const short = count('shortTailed');
  const soft = count('softFlat');
  const part = (n: number, words: string): string[] => (n === 0 ? [] : [n === trained.length ? words : `${formatInteger(n)} ${words}`]);
  const tails = [...part(heavy, 'with heavier'), ...part(short, 'with shorter')].join(' and ');
  const words = [...(tails === '' ? [] : [`${tails} tails than a bell`]), ...part(soft, 'nearly flat with soft edges')];
  return words.length > 0 ? `, ${words.join(', ')}` : '';
}

function named(kernels: readonly Kernel[]): string {
  return listed(kernels.slice(0, MOST_NAMED).map(({ layer }) => layer), ' and ', ', ', kernels.length - MOST_NAMED);
}
