import type { Model, Tensor } from '../../src/core/model';
import type { Severity } from '../../src/core/rules/rule';
import type { Random } from '../../test/support/random';
import type { SavedModel } from '../savedModel';

/** A healthy model that faults are planted in. */
export interface Base {
  readonly name: string;
  readonly saved: SavedModel;
  /** As Weightgram opened it. */
  readonly model: Model;
  /** The same network before its first step, from another draw; absent where nobody knows it. */
  readonly untrained?: SavedModel;
}

export interface Planting {
  readonly base: Base;
  readonly tensor: Tensor;
  readonly strength: number;
  readonly random: Random;
}

/** One kind of damage, with what has to be said of it. */
export interface Fault {
  readonly name: string;
  /** The rule that must speak of it, about the tensor, its layer, or the model. */
  readonly rule: string;
  /** Rules that say as much of the same fault where they speak in its place. */
  readonly orRules?: readonly string[];
  /** A finding below this severity is no answer. */
  readonly least?: Severity;
  /** From the weakest that must be found upwards; what they count stands in `unit`. */
  readonly strengths: readonly number[];
  readonly unit: string;
  /** Whether it can be planted here. */
  fits(tensor: Tensor, base: Base): boolean;
  plant(planting: Planting): SavedModel;
  /** Tensors that the finding may be about, where it is not the one that was changed. */
  subjects?(planting: Planting): readonly string[];
  /** Where it takes singular values to see it. */
  readonly needsSpectrum?: boolean;
}
