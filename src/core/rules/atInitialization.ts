import { formatCount, formatInteger, formatNumber } from '../numberText';
import { initializationOf, isWholeModelInitial, KS_DISTANCE } from './initialization';
import type { InitialWeight, LayerInitialization } from './initialization';
import { layerRule } from './rule';
import type { Verdict } from './rule';
import { figure } from './thresholds';

export const atInitialization = layerRule({
  id: 'at-initialization',
  title: 'Still at initialization',
  severity: 'warning',
  why: 'Weights that agree with their initializer in every figure have learned nothing: the layer mixes its inputs at random.',
  whenNormal: 'Before training, in layers that are meant to stay random, and in networks that are published as an architecture only.',
  yieldsTo: ['untrained-model'],
  thresholds: {
    ksDistance: figure(KS_DISTANCE, '÷ √weights', [0.5, 5], 'Kolmogorov–Smirnov distance up to which weights agree with a distribution; 1.63 and 1.95 reject one drawn tensor in a hundred and in a thousand.'),
    warningFrom: figure(512, 'weights', [64, 1e9], 'Weights of a layer from which on a warning is given, a note below: fewer agree with many distributions.'),
  },

  applies: ({ tensors, layer }, { ksDistance }) => (initializationOf(tensors[0]?.peers ?? [], ksDistance).layers.get(layer)?.kernels.length ?? 0) > 0,

  check({ tensors, layer }, limits): Verdict | undefined {
    const all = initializationOf(tensors[0]!.peers, limits.ksDistance);
    const found = all.layers.get(layer)!;
    const isLarge = found.weights >= limits.warningFrom;
    // Of files that declare nothing a small layer is no evidence at all.
    if (!found.isDeclared && !isLarge) return undefined;
    const isAlone = !isWholeModelInitial(all);
    return {
      severity: found.isDeclared && isLarge && isAlone ? 'warning' : 'info',
      message: messageFor(found),
      advice: adviceFor(found, isAlone),
      evidence: { weights: found.weights, isDeclared: found.isDeclared, isFrozen: layer.trainable === false, kernels: found.kernels.map(evidenceOf), ksLimit: limits.ksDistance },
    };
  },
});

function messageFor({ layer, kernels, isDeclared, weights, state }: LayerInitialization): string {
  const frozen = layer.trainable === false ? 'frozen ' : '';
  const names = [...new Set(kernels.map(({ initializer }) => initializer.name))].join(' and ');
  const source = isDeclared ? `${names}, which the file declares` : names;
  const figures = kernels.flatMap(figuresOf);
  const which = state === 'partly' ? ` of ${kernels.map(({ context }) => context.tensor.name).join(' and ')}` : '';
  return `The ${formatCount(weights)} ${frozen}weights${which} agree with ${source}: ${figures.join('; ')}.`;
}

function figuresOf({ context, initializer, fit }: InitialWeight): string[] {
  const { min, max, standardDeviation } = context.statistics;
  switch (initializer.kind) {
    case 'random': {
      const expected = (standardDeviation ?? 0) / (fit?.deviationRatio ?? 1);
      return [`${formatNumber(min)} to ${formatNumber(max)}, σ ${formatNumber(standardDeviation)} (expected ${formatNumber(expected)}), Kolmogorov–Smirnov ${formatNumber(fit?.kolmogorov)} ÷ √n`];
    }
    case 'orthogonal':
      return [`the norms of an orthogonal matrix of ${formatInteger(context.tensor.elements)} weights`];
    case 'identity':
      return ['the identity matrix'];
    case 'constant':
      return [`all ${formatNumber(initializer.value)}`];
  }
}

function adviceFor({ layer, isDeclared, state }: LayerInitialization, isAlone: boolean): string {
  if (state === 'partly') return 'Other kernels of this layer have moved: check that the optimizer was given all variables, and that a checkpoint was not loaded in part.';
  if (!isAlone) return 'So do nearly all layers of this model: see what is said of the model.';
  if (layer.trainable === false) return 'The layer is frozen (not trainable) and holds random weights: load the trained ones before freezing it, unless it is meant to stay random.';
  const remedy = 'Check that the layer lies on the path to the loss, that the optimizer was given its variables, and that loading a checkpoint did not skip it by its name.';
  return isDeclared ? `Other layers have moved. ${remedy}` : `The file does not say how the layer was initialized: a framework's default was compared. ${remedy}`;
}

function evidenceOf({ context, initializer, fit }: InitialWeight): Record<string, unknown> {
  return {
    tensor: context.tensor.name,
    initializer: initializer.name,
    kind: initializer.kind,
    ...(fit && { distribution: fit.family, deviationRatio: fit.deviationRatio, deviationBand: fit.deviationBand, ksTimesRootN: fit.kolmogorov }),
  };
}
