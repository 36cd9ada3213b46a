import { factsOf } from '../layerFacts';
import type { Declared, Layer, Model, Role, Tensor } from '../model';
import { formatNumber, formatShare } from '../numberText';

/** Unit indices that a finding lists: enough to go and look, short enough to read. */
export const MAX_LISTED_UNITS = 32;

/** Kernels in the wide sense: what a layer multiplies its input with. */
const MATRIX_ROLES: ReadonlySet<Role> = new Set<Role>(['kernel', 'embedding', 'head', 'adapter']);

export function isMatrix(tensor: Tensor): boolean {
  return MATRIX_ROLES.has(tensor.role);
}

/**
 * Filters of a few weights each, one or more for every input channel: formats name only one of the two axes then.
 * Their scales differ from channel to channel by nature, most of all with a batch normalization folded in (we measured
 * factors above 100), so that what compares weights with the largest of the tensor says nothing.
 */
export function isDepthwise({ role, shape, axes }: Tensor): boolean {
  return role === 'kernel' && shape.length > 2 && axes !== undefined && (axes.input === undefined) !== (axes.output === undefined);
}

/** "12 of 64 (19 %)". */
export function partOf(part: number, whole: number): string {
  return `${part} of ${whole} (${formatShare(part / whole)})`;
}

/** Regularizers of one layer in words, e.g. "L2 (0.01)"; undefined where none is declared. */
export function regularizerWords(layer: Layer): string | undefined {
  const all = Object.values(layer.regularizers ?? {}).map(declaredWords);
  const words = [...new Set(all)];
  return words.length > 0 ? words.join(', ') : undefined;
}

/** "L1L2 (l1 0.01, l2 0.001)". Only numbers that are not zero are worth a word. */
export function declaredWords(declared: Declared): string {
  const figures = Object.entries(declared.config)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] !== 0)
    .map(([key, value]) => `${key} ${formatNumber(value)}`);
  return figures.length > 0 ? `${declared.name} (${figures.join(', ')})` : declared.name;
}

/** Whether the file says that this layer's output goes straight into a batch normalization. */
export function isFollowedByBatchNormalization(model: Model, layer: Layer): boolean {
  return factsOf(model, layer).normalizationAfter !== undefined;
}
