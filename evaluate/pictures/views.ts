import type { Model, Tensor } from '../../src/core/model';
import { formatNumber } from '../../src/core/numberText';
import { unitIndices } from '../faults/tensors';
import { valuesOf, weightOf } from '../savedModel';
import type { SavedModel } from '../savedModel';
import type { Panel } from './panel';

/** A model with the tensor that a picture is about. */
export interface Sight {
  readonly saved: SavedModel;
  readonly model: Model;
  readonly tensor: Tensor;
}

/** How a model is shown to somebody who is to see the fault. `before` is the healthy model where this is the damaged one. */
export type View = (sight: Sight, before?: Sight) => Panel;

const BINS = 64;
/** More bars than this are lines that nobody tells apart. */
const MOST_BARS = 96;

function valuesIn({ saved, tensor }: Sight): Float32Array {
  return valuesOf(weightOf(saved, tensor.name));
}

/** Counts of the finite values; exact zeros are marked. */
export const histogram: View = (sight) => histogramOf(valuesIn(sight), shapeWords(sight.tensor));

/** The same with heights by their logarithm. */
export const tails: View = (sight) => ({ ...histogram(sight), isLogarithmic: true });

function histogramOf(values: Float32Array, what: string): Panel {
  const finite = values.filter(Number.isFinite);
  const lost = values.length - finite.length;
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const caption = `${what}${lost > 0 ? `, ${lost} of them not finite` : ''}`;
  if (low === high) {
    const bars = Array.from({ length: BINS }, (_, i) => (i === BINS / 2 ? finite.length : 0));
    return { bars, marked: new Set([BINS / 2]), low: '', high: `all ${formatNumber(low)}`, caption };
  }
  const bars = new Array<number>(BINS).fill(0);
  const binOf = (value: number): number => Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS));
  for (const value of finite) bars[binOf(value)]!++;
  const zeros = finite.filter((value) => value === 0).length;
  // A zero or two is chance; a bar of them is not.
  const marked = new Set(zeros > finite.length / 50 ? [binOf(0)] : []);
  return { bars, marked, low: formatNumber(low), high: formatNumber(high), caption };
}

/** Orders of magnitude: where small numbers matter as much as large ones. */
export const magnitudes: View = (sight) => {
  const finite = valuesIn(sight).filter((value) => Number.isFinite(value) && value !== 0);
  const exponents = finite.map((value) => Math.log10(Math.abs(value)));
  const low = Math.floor(Math.min(-9, exponents.reduce((a, b) => Math.min(a, b), 0)));
  const high = Math.ceil(Math.max(3, exponents.reduce((a, b) => Math.max(a, b), -50)));
  const bars = new Array<number>(BINS).fill(0);
  for (const exponent of exponents) bars[Math.min(BINS - 1, Math.floor(((exponent - low) / (high - low)) * BINS))]!++;
  return { bars, marked: new Set(), low: `1e${low}`, high: `1e${high}`, caption: `Orders of magnitude in ${sight.tensor.name}`, isLogarithmic: true };
};

/** Norms of the slices along an axis. */
function slices(axisOf: (tensor: Tensor) => number, what: string): View {
  return (sight, before) => {
    const axis = axisOf(sight.tensor);
    const norms = normsOf(sight, axis);
    const old = before && normsOf(before, axis);
    const shown = Array.from({ length: Math.min(MOST_BARS, norms.length) }, (_, i) => i);
    // Changed ones come first where not all fit.
    const order = old && norms.length > MOST_BARS ? [...shown.keys()].map((i) => [...norms.keys()].sort((a, b) => Number(isChanged(norms[b]!, old[b]!)) - Number(isChanged(norms[a]!, old[a]!)))[i]!).sort((a, b) => a - b) : shown;
    return {
      bars: order.map((i) => norms[i]!),
      marked: new Set(order.flatMap((unit, i) => (old && isChanged(norms[unit]!, old[unit]!) ? [i] : []))),
      low: `${what} ${order[0]}`, high: `${order.at(-1)}`, caption: `Norm of each ${what}${norms.length > MOST_BARS ? `, ${MOST_BARS} of ${norms.length}` : ''}`,
    };
  };
}

function normsOf(sight: Sight, axis: number): number[] {
  const values = valuesIn(sight);
  return Array.from({ length: sight.tensor.shape[axis]! }, (_, unit) => Math.hypot(...unitIndices(sight.tensor, axis, unit).map((index) => values[index]!)));
}

function isChanged(now: number, then: number): boolean {
  return Math.abs(now - then) > 1e-6 * Math.max(Math.abs(now), Math.abs(then));
}

export const outputs = slices((tensor) => tensor.axes?.output ?? tensor.shape.length - 1, 'output unit');
export const inputs = slices((tensor) => tensor.axes?.input ?? 0, 'input');
export const rows = slices(() => 0, 'row');

/** A vector's values by channel; what changed is marked. */
export const channels: View = (sight, before) => {
  const values = Array.from(valuesIn(sight));
  const old = before && valuesIn(before);
  return {
    bars: values.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0)),
    marked: new Set(values.flatMap((value, i) => (old && !(value === old[i]) ? [i] : []))),
    low: 'channel 0', high: `${values.length - 1}`, caption: `|${sight.tensor.name.split('/').at(-1)}| of each channel: ${formatNumber(Math.min(...values))} to ${formatNumber(Math.max(...values))}`,
  };
};

/** Size of a typical weight in each kernel of the model. */
export const kernels: View = (sight, before) => {
  const names = sight.model.tensors.filter(({ role, shape }) => (role === 'kernel' || role === 'head') && shape.length > 1).map(({ name }) => name);
  const size = (name: string): number => {
    const values = valuesOf(weightOf(sight.saved, name));
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  };
  return { bars: names.map(size), marked: new Set(before ? [names.indexOf(sight.tensor.name)] : []), low: names[0] ?? '', high: names.at(-1) ?? '', caption: 'Root mean square of the weights of each kernel' };
};

/** Largest magnitude along the data, in file order. */
export const order: View = (sight) => {
  const values = valuesIn(sight);
  const bars = Array.from({ length: BINS }, (_, i) => values.subarray(Math.floor((i * values.length) / BINS), Math.floor(((i + 1) * values.length) / BINS)).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
  return { bars, marked: new Set(bars.flatMap((value, i) => (value === 0 ? [i] : []))), low: 'first byte', high: 'last byte', caption: `Largest weights of ${sight.tensor.name} in file order` };
};

/** Bytes of the tensors in file order, and what is missing or left over at the end. */
export const file: View = ({ saved }) => {
  const bars = saved.weights.slice(-16).map(({ bytes }) => bytes.length);
  const extra = saved.extraBytes ?? 0;
  const caption = extra === 0 ? 'Bytes of the last tensors, all of them in the file' : extra < 0 ? `The file ends ${-extra} bytes too early` : `${extra} bytes at the end belong to no tensor`;
  const withRest = extra > 0 ? [...bars, Math.max(extra, Math.max(...bars) / 20)] : bars;
  return { bars: withRest, marked: new Set(extra === 0 ? [] : [withRest.length - 1]), low: '', high: extra === 0 ? 'end of the file' : 'damaged end', caption, isLogarithmic: true };
};

/** Differences between a tensor and its twin. */
export function differences(twin: string): View {
  return (sight) => {
    const own = valuesIn(sight);
    const other = valuesOf(weightOf(sight.saved, twin));
    return { ...histogramOf(own.map((value, i) => value - other[i]!), `Differences from ${twin}`) };
  };
}

function shapeWords({ name, shape }: Tensor): string {
  return `${name} (${shape.join('×')})`;
}
