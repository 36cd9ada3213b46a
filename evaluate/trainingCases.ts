import type { Case } from './cases';
import type { TrainedNetworks } from './training/corpus';
import { NETWORKS } from './training/networks';
import type { Network } from './training/networks';
import type { Mishap } from './training/trainer';

/** A run that goes wrong as runs do, and what is to be said of the model that it leaves. */
interface BadRun {
  readonly fault: string;
  readonly network: string;
  readonly mishap: Mishap;
  readonly rule: string;
  readonly orRules?: readonly string[];
  /** Of the tensors that the finding may be about, where it is not any. */
  readonly layers: RegExp;
}

const BAD_RUNS: readonly BadRun[] = [
  { fault: 'no updates to a frozen layer', network: 'dense-relu', mishap: { frozenLayer: 1 }, rule: 'at-initialization', layers: /^dense_2/ },
  { fault: 'no updates to a frozen layer', network: 'dense-tanh', mishap: { frozenLayer: 0 }, rule: 'at-initialization', layers: /^dense_1/ },
  { fault: 'no updates to a frozen layer', network: 'waves-convolution-1d', mishap: { frozenLayer: 1 }, rule: 'at-initialization', layers: /^conv1_?d_2/ },
  { fault: 'units that died of a high learning rate', network: 'dense-l2-dropout', mishap: { hotStart: { learningRate: 8, share: 0.2 } }, rule: 'dead-output-units', orRules: ['weak-units', 'near-zero-mass', 'bias-outlier'], layers: /^dense_/ },
  { fault: 'a diverged run', network: 'dense-tanh', mishap: { hotStart: { learningRate: 1e30, share: 1 } }, rule: 'absurd-magnitude', orRules: ['non-finite-values'], layers: /./ },
];

export async function trainingCases(trained: TrainedNetworks, seed: number): Promise<Case[]> {
  const cases: Case[] = [];
  for (const { fault, network: name, mishap, rule, orRules, layers } of BAD_RUNS) {
    const network: Network = NETWORKS.find((candidate) => candidate.name === name)!;
    const { model } = (await trained.checkpoints(network, seed, mishap, fault.replaceAll(' ', '-'))).at(-1)!;
    const names = model.weights.map((weight) => weight.name).filter((weight) => layers.test(weight));
    cases.push({
      fault, title: `${fault} in ${name}-${seed}`, rule, orRules: orRules ?? [], least: 'info', model, needsSpectrum: false,
      subjects: new Set(names.flatMap((weight) => [weight, weight.slice(0, weight.lastIndexOf('/'))])),
    });
  }
  return cases;
}
