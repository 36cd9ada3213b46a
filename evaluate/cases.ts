import type { Tensor } from '../src/core/model';
import type { Severity } from '../src/core/rules/rule';
import { Random } from '../test/support/random';
import { CORRUPTION } from './faults/corruption';
import type { Base, Fault } from './faults/fault';
import { NORMALIZATION } from './faults/normalization';
import { PRECISION } from './faults/precision';
import { SCALE } from './faults/scale';
import { SPECTRAL } from './faults/spectral';
import { UNITS } from './faults/units';
import { UNTRAINED } from './faults/untrained';
import type { SavedModel } from './savedModel';

export const FAULTS: readonly Fault[] = [...CORRUPTION, ...UNITS, ...NORMALIZATION, ...SCALE, ...PRECISION, ...UNTRAINED, ...SPECTRAL];

/** A damaged model, and who must say what of it. */
export interface Case {
  readonly fault: string;
  /** For people: which fault, how strong, where. */
  readonly title: string;
  readonly rule: string;
  readonly orRules: readonly string[];
  readonly least: Severity;
  /** Names of the tensors, layers or the model that the finding may be about. */
  readonly subjects: ReadonlySet<string>;
  readonly model: SavedModel;
  readonly needsSpectrum: boolean;
  /** Where it was planted; absent where training went wrong by itself. */
  readonly place?: { readonly base: Base; readonly tensor: Tensor };
}

/** Draws of each strength of a fault. */
export interface CaseOptions {
  readonly seed: number;
  /** Of each fault; its strengths share them evenly. */
  readonly casesPerFault: number;
}

/** Plants every fault at each of its strengths in layers that are drawn from all bases in which it fits. */
export function* plantedCases(faults: readonly Fault[], bases: readonly Base[], { seed, casesPerFault }: CaseOptions): Generator<Case> {
  for (const [index, fault] of faults.entries()) {
    const random = new Random(seed * 104_729 + index);
    const places = bases.flatMap((base) => base.model.tensors.filter((tensor) => fault.fits(tensor, base)).map((tensor) => ({ base, tensor })));
    if (places.length === 0) continue;
    const draws = Math.ceil(casesPerFault / fault.strengths.length);
    for (const strength of fault.strengths) {
      for (let draw = 0; draw < draws; draw++) {
        const { base, tensor } = random.pick(places);
        const planting = { base, tensor, strength, random };
        const model = fault.plant(planting);
        const layer = base.model.layers[tensor.layer]!.name;
        yield {
          fault: fault.name,
          title: `${fault.name} (${strength} ${fault.unit}) in ${base.name} ${tensor.name}`,
          rule: fault.rule,
          orRules: fault.orRules ?? [],
          least: fault.least ?? 'info',
          subjects: new Set([tensor.name, layer, ...(fault.subjects?.(planting) ?? []), ...(isAboutFile(fault.rule) ? ['model.json', 'model-weights_manifest.json'] : [])]),
          model,
          needsSpectrum: fault.needsSpectrum ?? false,
          place: { base, tensor },
        };
      }
    }
  }
}

/** Findings about a file's structure are about the model, whatever it is called. */
function isAboutFile(rule: string): boolean {
  return rule === 'inconsistent-data' || rule === 'unreadable-tensor';
}
