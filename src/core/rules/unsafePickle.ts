import type { Model } from '../model';
import type { Finding, Rule } from './rule';

const ID = 'unsafe-pickle';

export const unsafePickle: Rule = {
  id: ID,
  title: 'Unsafe pickle',
  severity: 'error',
  scope: 'file',
  why: 'A pickle is a program: loading this file with Python would run what it names, whatever the weights are.',
  whenNormal: 'Never in a file of weights; a checkpoint that pickles code of its own should be saved as a state_dict.',

  check(model): Finding[] {
    return model.problems.filter(({ kind }) => kind === 'unsafe').map(({ message, remedy }) => findingFor(model, message, remedy));
  },
};

function findingFor(model: Model, message: string, advice: string): Finding {
  return { rule: ID, severity: 'error', subject: { kind: 'model', name: model.name }, message, advice };
}
