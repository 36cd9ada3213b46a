import { isWeight } from '../model';
import type { Model } from '../model';
import { plural } from '../numberText';
import type { Finding, Rule } from './rule';

const ID = 'unreadable-tensor';

export const unreadableTensor: Rule = {
  id: ID,
  title: 'Unreadable tensor',
  severity: 'error',
  scope: 'file',
  why: 'Nothing is known of these weights: a model that loads without them gives wrong results.',
  whenNormal: 'Never: the header promises data that is not there or cannot be read.',

  check(model, failures): Finding[] {
    const reasons = unreadableReasons(model, failures);
    const findings = [...reasons].map(([index, reason]) => findingFor(model, index, reason));
    const weights = model.tensors.flatMap((tensor, index) => (isWeight(tensor) && tensor.elements > 0 ? [index] : []));
    const isNothingLeft = weights.length > 0 && weights.every((index) => reasons.has(index));
    return isNothingLeft ? [nothingLeft(model, weights.length), ...findings] : findings;
  },
};

/** Why a tensor has no figures, by index into Model.tensors, ascending: the header says so, or reading failed. */
export function unreadableReasons(model: Model, failures: ReadonlyMap<number, string>): Map<number, string> {
  const reasons = new Map<number, string>();
  model.tensors.forEach((tensor, index) => {
    const reason = tensor.unreadable ?? failures.get(index);
    if (reason !== undefined) reasons.set(index, reason);
  });
  return reasons;
}

function findingFor(model: Model, index: number, reason: string): Finding {
  const tensor = model.tensors[index]!;
  return {
    rule: ID,
    severity: 'error',
    subject: { kind: 'tensor', name: tensor.name },
    message: reason,
    advice: 'Restore the file it lies in (download it again, fetch it with Git LFS, or convert the model anew); the figures of the other tensors stand.',
    evidence: { reason, elements: tensor.elements, bytes: tensor.bytes },
  };
}

function nothingLeft(model: Model, weights: number): Finding {
  return {
    rule: ID,
    severity: 'error',
    subject: { kind: 'model', name: model.name },
    message: weights === 1 ? 'The only weight of this model could not be read.' : `None of the ${plural(weights, 'weight tensor')} of this model could be read.`,
    advice: 'The weight files are missing or damaged as a whole: put them beside the model file, under the names it gives them.',
    evidence: { weights },
  };
}
