import { isDtype, isNumeric, storedBytes } from '../dtype';
import type { Dtype } from '../dtype';
import type { Quantization } from '../model';
import { asArray, describe, isObject, own, ownAny, quote } from './jsonValues';

/** Bounds what one hostile file can make us allocate; the largest published TensorFlow.js models have a few thousand weights. */
export const MAX_WEIGHTS = 50_000;
/** At the converters' 4 MiB a shard this is 64 GiB of weights. */
export const MAX_SHARDS = 16_384;
/** TensorFlow's own bound is 254 dimensions; TensorFlow.js computes with up to 6. */
const MAX_RANK = 254;
/** Longer "names" are damage, and a report repeats names often. */
const MAX_NAME_CHARACTERS = 4096;

/** One weight as the manifest declares it, checked. */
export interface WeightSpec {
  readonly name: string;
  /** As stored: the code type of a quantized weight. `uint8` stands in where the declared type is unknown (see `flaw`). */
  readonly dtype: Dtype;
  /** What the values were before quantization. */
  readonly declaredDtype: string;
  readonly quantization?: Quantization;
  readonly shape: readonly number[];
  /** Product of the shape; 0 where the shape is no shape. */
  readonly elements: number;
  /** undefined where only the data tells (strings), or where nothing does (see `flaw`). */
  readonly bytes: number | undefined;
  /** Why this weight cannot be read, whatever its bytes are. */
  readonly flaw?: string;
  /** Readable, yet wrong: becomes a problem. */
  readonly doubt?: { readonly message: string; readonly remedy: string };
  /** TensorFlow.js marks the optimizer's slots. */
  readonly isOptimizer: boolean;
}

/** Weights that lie one after another in the concatenation of some shards. */
export interface WeightGroup {
  readonly weights: readonly WeightSpec[];
  readonly paths: readonly unknown[];
}

export interface Manifest {
  readonly groups: readonly WeightGroup[];
  /** About the manifest itself, as parts of a sentence: "group 2 is null". */
  readonly flaws: readonly string[];
}

/** Reads a weightsManifest value: a list of { weights, paths }. Never throws: what is wrong is told by flaws. */
export function parseManifest(value: unknown): Manifest {
  if (!Array.isArray(value)) return { groups: [], flaws: [`its weightsManifest is ${describe(value)}, not a list of groups`] };
  const groups: WeightGroup[] = [];
  const flaws: string[] = [];
  let weightsLeft = MAX_WEIGHTS;
  let shardsLeft = MAX_SHARDS;
  for (const [index, group] of value.entries()) {
    const weights = own(group, 'weights');
    const paths = own(group, 'paths');
    if (!isObject(group) || !Array.isArray(weights)) {
      flaws.push(`group ${index + 1} of its weights manifest has no list of weights`);
      continue;
    }
    if (!Array.isArray(paths)) flaws.push(`group ${index + 1} of its weights manifest names no shards`);
    if (weights.length > weightsLeft) flaws.push(`it declares more than ${MAX_WEIGHTS} weights; the rest is left out`);
    if (asArray(paths).length > shardsLeft) flaws.push(`it names more than ${MAX_SHARDS} shards; the rest is left out`);
    groups.push({ weights: weights.slice(0, weightsLeft).map(parseWeight), paths: asArray(paths).slice(0, shardsLeft) });
    weightsLeft -= Math.min(weightsLeft, weights.length);
    shardsLeft -= Math.min(shardsLeft, asArray(paths).length);
    if (weightsLeft === 0) break;
  }
  return { groups, flaws: flaws.slice(0, MAX_FLAWS) };
}

/** A thousand broken groups are one broken file. */
const MAX_FLAWS = 20;

function parseWeight(value: unknown, index: number): WeightSpec {
  const rawName = own(value, 'name');
  const name = typeof rawName === 'string' && rawName !== '' ? rawName.slice(0, MAX_NAME_CHARACTERS) : `weight ${index + 1} (no name)`;
  const declaredDtype = own(value, 'dtype');
  const stored = storage(value, declaredDtype);
  const shape = parseShape(own(value, 'shape'));
  const size = typeof shape === 'string' ? { flaw: shape } : sizeOf(value, shape, stored.dtype);
  const flaw = typeof rawName === 'string' ? (size.flaw ?? stored.flaw) : (size.flaw ?? stored.flaw ?? 'it has no name');
  return {
    name,
    dtype: stored.dtype ?? 'uint8',
    declaredDtype: typeof declaredDtype === 'string' ? declaredDtype : describe(declaredDtype),
    ...(stored.quantization && { quantization: stored.quantization }),
    shape: typeof shape === 'string' ? [] : shape,
    elements: size.elements ?? 0,
    bytes: size.bytes,
    ...(flaw !== undefined && { flaw }),
    ...(stored.doubt && { doubt: stored.doubt }),
    isOptimizer: own(value, 'group') === 'optimizer',
  };
}

interface Storage {
  /** undefined where unknown, and so the size. */
  readonly dtype?: Dtype;
  readonly quantization?: Quantization;
  readonly flaw?: string;
  readonly doubt?: WeightSpec['doubt'];
}

function storage(weight: unknown, declared: unknown): Storage {
  const quantization = own(weight, 'quantization');
  if (quantization !== undefined && quantization !== null) return quantizedStorage(quantization, declared);
  if (isDtype(declared)) return { dtype: declared };
  return { flaw: `its dtype ${quote(declared)} is none that TensorFlow.js writes` };
}

/** The schemes of tfjs-core's decodeWeight (io/io_utils.ts): uint8 and uint16 codes, and halves of what was float32. */
function quantizedStorage(value: unknown, declared: unknown): Storage {
  const code = own(value, 'dtype');
  const dtype = isDtype(code) && isNumeric(code) ? { dtype: code } : {};
  const original = ownAny(value, 'original_dtype') ?? declared;
  if (code === 'float16') {
    if (declared !== 'float32') return { ...dtype, flaw: `it is quantized to float16 from ${quote(declared)}; only float32 can be` };
    return { ...dtype, quantization: { scheme: 'float16', originalDtype: 'float32' } };
  }
  if (code !== 'uint8' && code !== 'uint16') return { ...dtype, flaw: `its quantization ${quote(code)} is none that TensorFlow.js reads (uint8, uint16, float16)` };
  if (declared !== 'float32' && declared !== 'int32') return { ...dtype, flaw: `it is quantized from ${quote(original)}; only float32 and int32 can be` };
  const scale = quantum(value, 'scale');
  const min = quantum(value, 'min');
  if (scale === undefined || min === undefined) return { ...dtype, flaw: 'its quantization has no scale or no min, so that its codes stand for nothing' };
  const doubt = scaleDoubt(scale, min);
  return { ...dtype, quantization: { scheme: 'affine', scale, min, originalDtype: declared }, ...(doubt && { doubt }) };
}

/** A strict serializer turns a NaN into null. */
function quantum(quantization: unknown, key: 'scale' | 'min'): number | undefined {
  const value = own(quantization, key);
  if (value === null) return NaN;
  return typeof value === 'number' ? value : undefined;
}

function scaleDoubt(scale: number, min: number): WeightSpec['doubt'] {
  const wrong = !Number.isFinite(scale) || scale <= 0 ? `scale ${scale}` : !Number.isFinite(min) ? `min ${min}` : undefined;
  if (wrong === undefined) return undefined;
  return {
    message: `its quantization has ${wrong}, so that its codes do not stand for usable numbers`,
    remedy: 'The weight held NaN or infinities when it was quantized. Look at it in the original model, or convert without quantizing it.',
  };
}

/** The shape, or what is wrong with it. */
function parseShape(value: unknown): readonly number[] | string {
  if (!Array.isArray(value)) return `its shape is ${describe(value)}, not a list of dimensions`;
  if (value.length > MAX_RANK) return `its shape has ${value.length} dimensions`;
  for (const dimension of value) {
    if (typeof dimension !== 'number') return `its shape has the dimension ${quote(dimension)}, which is no number`;
    if (dimension < 0 || !Number.isSafeInteger(dimension)) return `its shape [${value.slice(0, 8).map(describe).join(', ')}] has the dimension ${dimension}, which is no size`;
  }
  return value as number[];
}

interface Size {
  readonly elements?: number;
  readonly bytes?: number;
  readonly flaw?: string;
}

function sizeOf(weight: unknown, shape: readonly number[], dtype: Dtype | undefined): Size {
  // A zero makes it empty whatever the other dimensions are.
  const elements = shape.includes(0) ? 0 : shape.reduce((product, dimension) => product * dimension, 1);
  if (!Number.isSafeInteger(elements)) return { flaw: `its shape [${shape.slice(0, 8).join(', ')}] counts more elements than any file can hold` };
  if (dtype === undefined) return { elements, ...declaredBytes(weight) };
  if (!isNumeric(dtype)) return { elements };
  const bytes = storedBytes(dtype, elements);
  if (!Number.isSafeInteger(bytes)) return { flaw: `its shape [${shape.slice(0, 8).join(', ')}] counts more bytes than any file can hold` };
  return { elements, bytes };
}

/** Some writers add the size: with it the weights after one of an unknown type can still be found. */
function declaredBytes(weight: unknown): Size {
  const bytes = own(weight, 'byteLength');
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? { bytes } : {};
}
