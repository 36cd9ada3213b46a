import { factsOf } from '../layerFacts';
import { formatCount, plural } from '../numberText';
import { initializationOf, isWholeModelInitial, KS_DISTANCE, UNTRAINED_SHARE } from './initialization';
import type { LayerInitialization, ModelInitialization } from './initialization';
import { modelRule } from './rule';
import type { Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { partOf } from './words';

/** Layers that have moved, so that the head stands out against them. */
const FEWEST_TRAINED = 2;

/** Below so many weights a head agrees with many distributions. */
const FEWEST_HEAD_WEIGHTS = 512;

/** Layers that one message can name. */
const MAX_NAMED = 3;

export const untrainedModel = modelRule({
  id: 'untrained-model',
  title: 'Untrained model',
  severity: 'warning',
  why: 'A model whose weights are those of its initializers answers at random; a head that was never fitted turns good features into random answers.',
  whenNormal: 'Before training starts, and for files that are published to share an architecture.',
  thresholds: {
    warningAbove: percent(UNTRAINED_SHARE * 100, 'Share of the layers that can be judged that agree with their initializers, above which the model looks untrained.'),
  },

  applies: ({ tensors }) => initializationOf(tensors, KS_DISTANCE).initial.length > 0,

  check({ model, tensors }, { warningAbove }): readonly Verdict[] {
    const all = initializationOf(tensors, KS_DISTANCE);
    if (isWholeModelInitial(all, asShare(warningAbove))) return [modelVerdict(all, asShare(warningAbove))];
    const isHeadOnly = all.moved.length >= FEWEST_TRAINED && all.initial.every(({ layer, isDeclared }) => isDeclared && factsOf(model, layer).isHead);
    return isHeadOnly ? all.initial.map((found) => headVerdict(found, all)) : [];
  },
});

function modelVerdict({ initial, moved }: ModelInitialization, warningAbove: number): Verdict {
  const layers = initial.length + moved.length;
  const isDeclared = initial.every((found) => found.isDeclared);
  const weights = initial.reduce((sum, found) => sum + found.weights, 0);
  const frozen = initial.filter(({ layer }) => layer.trainable === false).length;
  const exceptions = moved.length > 0 ? ` Others have moved: ${named(moved)}.` : '';
  return {
    severity: isDeclared ? 'warning' : 'info',
    message: `${partOf(initial.length, layers)} layers with weights, ${formatCount(weights)} weights in all, agree with ${isDeclared ? 'the initializers that the file declares' : "frameworks' default initializers"}: the model looks untrained.${exceptions}`,
    advice: `If it should be trained, look whether the right file was saved, and whether the checkpoint was really loaded before it was.${frozen > 0 ? ` ${plural(frozen, 'layer is', 'layers are')} frozen (not trainable).` : ''}`,
    evidence: { layers, atInitialization: initial.length, weights, isDeclared, frozen, warningAbove },
  };
}

function headVerdict({ layer, weights, kernels }: LayerInitialization, { moved }: ModelInitialization): Verdict {
  return {
    severity: weights >= FEWEST_HEAD_WEIGHTS ? 'warning' : 'info',
    subject: { kind: 'layer', name: layer.name },
    message: `Only the head matches its initializer: the ${formatCount(weights)} weights of ${layer.name} agree with ${kernels[0]!.initializer.name}, those of ${plural(moved.length, 'other layer')} have moved.`,
    advice: `The head was never fitted, as when a trained body gets a new one. Fine-tune it before use${layer.trainable === false ? '; the file calls it frozen (not trainable)' : ''}.`,
    evidence: { weights, initializer: kernels[0]!.initializer.name, movedLayers: moved.length },
  };
}

function named(layers: readonly LayerInitialization[]): string {
  const names = layers.slice(0, MAX_NAMED).map(({ layer }) => layer.name).join(', ');
  return layers.length > MAX_NAMED ? `${names} and ${layers.length - MAX_NAMED} more` : names;
}
