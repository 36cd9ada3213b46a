import type { ByteSource } from '../byteSource';
import { isWeight } from '../model';
import type { Layer, Model, ModelFile, Problem, Role, Tensor, UnitAxes } from '../model';
import { baseName, quote } from './jsonValues';

/** A tensor whose bytes were found, before anything says what it is for. */
export type WeightDraft = Omit<Tensor, 'layer' | 'role' | 'axes'>;

export interface PlacedWeights<Weight extends WeightDraft = WeightDraft> {
  /** files[0] is the one that was opened. */
  readonly files: readonly ModelFile[];
  readonly weights: readonly Weight[];
  readonly problems: readonly Problem[];
}

/** A layer before its tensors are known. */
export type LayerDraft = Omit<Layer, 'tensors'>;

/** What a weight is for: decided by each flavour from its topology or names. */
export interface Assignment {
  /** Index into the layers. */
  readonly layer: number;
  readonly role: Role;
  readonly axes?: UnitAxes;
}

export interface ModelParts {
  readonly source: ByteSource;
  readonly format: string;
  readonly formatTitle: string;
  readonly producer?: string | undefined;
  readonly placed: PlacedWeights;
  readonly layers: readonly LayerDraft[];
  /** One for each weight, in order. */
  readonly assignments: readonly Assignment[];
  readonly problems?: readonly Problem[];
}

export function assembleModel(parts: ModelParts): Model {
  const { source, placed, assignments } = parts;
  const members = new Array<number[] | undefined>(parts.layers.length);
  const tensors = placed.weights.map((weight, index) => {
    const assignment = assignments[index]!;
    const others = members[assignment.layer];
    if (others) others.push(index);
    else members[assignment.layer] = [index];
    return tensorOf(weight, assignment);
  });
  return {
    name: baseName(source.name),
    path: source.name,
    format: parts.format,
    formatTitle: parts.formatTitle,
    ...(parts.producer !== undefined && { producer: parts.producer }),
    files: placed.files,
    bytes: placed.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    layers: parts.layers.map((layer, index) => ({ ...layer, tensors: members[index] ?? [] })),
    tensors,
    parameters: tensors.reduce((sum, tensor) => sum + (isWeight(tensor) ? tensor.elements : 0), 0),
    problems: [...placed.problems, ...(parts.problems ?? [])],
  };
}

function tensorOf(weight: WeightDraft, { layer, role, axes }: Assignment): Tensor {
  const { name, dtype, quantization, shape, elements, bytes, segments, encoding, byteOrder, unreadable } = weight;
  // Of a hundred thousand tensors, nearly all: spreading what is not there takes a second.
  if (!quantization && !encoding && !byteOrder && unreadable === undefined) {
    return axes ? { name, layer, role, dtype, shape, elements, bytes, segments, axes } : { name, layer, role, dtype, shape, elements, bytes, segments };
  }
  return {
    name,
    layer,
    role,
    dtype,
    ...(quantization && { quantization }),
    shape,
    elements,
    bytes,
    segments,
    ...(encoding && { encoding }),
    ...(byteOrder && { byteOrder }),
    ...(axes && { axes }),
    ...(unreadable !== undefined && { unreadable }),
  };
}

/** Layers made while weights are looked at, each name once. */
export class LayerList {
  readonly drafts: LayerDraft[];
  readonly #byName = new Map<string, number>();

  constructor(drafts: readonly LayerDraft[] = []) {
    this.drafts = [...drafts];
    for (const [index, { name }] of drafts.entries()) this.#byName.set(name, index);
  }

  /** The index of the layer of this name, made where there is none. */
  ensure(name: string): number {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    this.drafts.push({ name });
    this.#byName.set(name, this.drafts.length - 1);
    return this.drafts.length - 1;
  }
}

/** "keras v2.10.0, TensorFlow.js Converter v1.2.6" */
export function producerOf(generatedBy: unknown, convertedBy: unknown): string | undefined {
  const parts = [generatedBy, convertedBy].filter((part): part is string => typeof part === 'string' && part !== '' && part.length < 200);
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** Two weights of one name would be one in every tree and report: the second becomes "name (2)". `declaredBy` begins a sentence. */
export function uniqueNames<Weight extends { readonly name: string }>(weights: readonly Weight[], declaredBy: string): { weights: Weight[]; problems: Problem[] } {
  const taken = new Set(weights.map((weight) => weight.name));
  const seen = new Map<string, number>();
  const problems: Problem[] = [];
  const renamed = weights.map((weight, tensor) => {
    const count = (seen.get(weight.name) ?? 0) + 1;
    seen.set(weight.name, count);
    if (count === 1) return weight;
    let suffix = count;
    while (taken.has(`${weight.name} (${suffix})`)) suffix++;
    const name = `${weight.name} (${suffix})`;
    taken.add(name);
    seen.set(weight.name, suffix);
    problems.push({
      message: `${declaredBy} declares ${quote(weight.name)} more than once; this one is shown as ${quote(name)}`,
      remedy: 'Programs that look weights up by name use only one of them. Save the model with unique layer names.',
      tensor,
    });
    return { ...weight, name };
  });
  return { weights: renamed, problems };
}

/** One broken file can break each of its weights: so many problems are listed, then they are counted. */
export const MAX_PROBLEMS = 200;

export function boundedProblems(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= MAX_PROBLEMS) return problems;
  const rest = problems.length - MAX_PROBLEMS;
  return [...problems.slice(0, MAX_PROBLEMS), { message: `${rest} more problems of the same kinds are not listed`, remedy: 'Mend those listed first.' }];
}
