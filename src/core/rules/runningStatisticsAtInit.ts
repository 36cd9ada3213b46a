import { formatInteger } from '../numberText';
import { initializationOf, isConstant, isVectorInitial, isWholeModelInitial, KS_DISTANCE } from './initialization';
import { tensorsOfLayer } from './layerGroups';
import { normalizesBatches } from './normalization';
import { layerRule } from './rule';
import type { LayerContext, TensorContext, Verdict } from './rule';

/** A single channel may well have the mean 0 and the variance 1. */
const MIN_CHANNELS = 2;

export const runningStatisticsAtInit = layerRule({
  id: 'running-statistics-at-init',
  title: 'Running statistics at initialization',
  severity: 'warning',
  why: 'A batch normalization whose mean is still 0 and whose variance is still 1 does not normalize when the model is used, although it did in training: the outputs differ.',
  whenNormal: 'In models that are not trained yet, and where a normalization was folded away and left as an identity.',

  applies: (context) => normalizesBatches(context) && areAtStart(context.tensors) && isTrainedElsewhere(context),

  check({ layer, tensors }): Verdict {
    const channels = tensors.find(({ tensor }) => tensor.role === 'runningVariance')!.statistics.count;
    const hasMoved = !hasInitialScale(tensors);
    const reason = hasMoved ? 'its scale or shift was trained' : 'other layers were trained';
    return {
      message: `All ${formatInteger(channels)} running means are 0 and all running variances 1, as before the first step, although ${reason}.`,
      advice: layer.trainable === false
        ? 'The layer is frozen (not trainable): Keras then uses these values in training too. Load the statistics of the body before freezing it.'
        : 'Look for training in inference mode (training=False, eval()), updates that were never run (UPDATE_OPS in TensorFlow 1), or statistics that the checkpoint left out. Run some batches in training mode and save again.',
      evidence: { channels, scaleOrShiftMoved: hasMoved, isFrozen: layer.trainable === false },
    };
  },
});

function areAtStart(tensors: readonly TensorContext[]): boolean {
  const mean = tensors.find(({ tensor }) => tensor.role === 'runningMean');
  const variance = tensors.find(({ tensor }) => tensor.role === 'runningVariance');
  return mean !== undefined && variance !== undefined && variance.statistics.count >= MIN_CHANNELS && isConstant(mean, 0) && isConstant(variance, 1);
}

function hasInitialScale(tensors: readonly TensorContext[]): boolean {
  return tensors.every((context) => (context.tensor.role !== 'normScale' && context.tensor.role !== 'normShift') || isVectorInitial(context));
}

/** Folds into the word about an untrained model where nothing says that this one was trained. */
function isTrainedElsewhere({ tensors }: LayerContext): boolean {
  if (!hasInitialScale(tensors)) return true;
  const { peers } = tensors[0]!;
  const initialization = initializationOf(peers, KS_DISTANCE);
  if (isWholeModelInitial(initialization)) return false;
  return initialization.looksTrained || haveStatisticsMoved(peers);
}

const cache = new WeakMap<readonly TensorContext[], boolean>();

/** Of any layer; found out once for a model. */
function haveStatisticsMoved(peers: readonly TensorContext[]): boolean {
  const known = cache.get(peers);
  if (known !== undefined) return known;
  const moved = peers.some((peer) => peer.tensor.role === 'runningVariance' && !areAtStart(tensorsOfLayer(peers, peer.layer)));
  cache.set(peers, moved);
  return moved;
}
