import type { ByteSource } from '../byteSource';
import { isWeight } from '../model';
import type { Layer, Model, Problem, Role, Tensor, UnitAxes } from '../model';
import { baseName } from './jsonValues';
import type { PlacedWeight, PlacedWeights } from './tfjsTensors';

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
  const members: number[][] = parts.layers.map(() => []);
  const tensors = placed.weights.map((weight, index) => {
    const assignment = assignments[index]!;
    members[assignment.layer]!.push(index);
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
    layers: parts.layers.map((layer, index) => ({ ...layer, tensors: members[index]! })),
    tensors,
    parameters: tensors.reduce((sum, tensor) => sum + (isWeight(tensor) ? tensor.elements : 0), 0),
    problems: [...placed.problems, ...(parts.problems ?? [])],
  };
}

function tensorOf(weight: PlacedWeight, { layer, role, axes }: Assignment): Tensor {
  const { name, dtype, quantization, shape, elements, bytes, segments, unreadable } = weight;
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
