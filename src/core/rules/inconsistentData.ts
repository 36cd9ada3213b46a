import type { Model, Problem } from '../model';
import type { Finding, Rule, Subject } from './rule';
import { unreadableReasons } from './unreadableTensor';

const ID = 'inconsistent-data';

export const inconsistentData: Rule = {
  id: ID,
  title: 'Inconsistent data',
  severity: 'warning',
  scope: 'file',
  yieldsTo: ['quantization-scale'],
  why: 'Header and data do not agree: what is shown may not be what another program loads.',
  whenNormal: 'Bytes left over at the end of a shard do no harm; everything else deserves a look.',

  check(model, failures): Finding[] {
    const unreadable = unreadableReasons(model, failures);
    // What makes a tensor unreadable, and what is unsafe, has a finding already.
    const own = model.problems.filter(({ kind, tensor }) => kind === undefined && (tensor === undefined || !unreadable.has(tensor)));
    return own.map((problem) => findingFor(model, problem));
  },
};

function findingFor(model: Model, problem: Problem): Finding {
  return { rule: ID, severity: 'warning', subject: subjectOf(model, problem), message: problem.message, advice: problem.remedy };
}

function subjectOf(model: Model, { tensor }: Problem): Subject {
  const named = tensor === undefined ? undefined : model.tensors[tensor];
  return named ? { kind: 'tensor', name: named.name } : { kind: 'model', name: model.name };
}
