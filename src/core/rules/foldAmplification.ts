import { factsOf } from '../layerFacts';
import { topologyOf } from '../layerTopology';
import { formatNumber } from '../numberText';
import { tensorsOfLayer } from './layerGroups';
import { normalizationOf, normalizesBatches } from './normalization';
import type { Normalization } from './normalization';
import { mayExceedMedian, medianOf } from './peers';
import { layerRule } from './rule';
import type { LayerContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isMatrix } from './words';

/** The median of fewer channels is an accident. */
const MIN_CHANNELS = 8;

/** Share of ε. */
const DEAD_VARIANCE = 0.01;

interface Folded {
  /** Largest magnitude of each channel's weights once the normalization is folded in, or the factor alone; 0 for dead channels. */
  readonly ranges: Float64Array;
  /** The kernel before the normalization was found. */
  readonly hasKernel: boolean;
}

export const foldAmplification = layerRule({
  id: 'fold-amplification',
  title: 'Uneven channels after folding',
  severity: 'info',
  why: 'Converters fold a batch normalization into the weights before it. Where some channels grow far beyond the others, a scale of int8 that suits them leaves the others no steps.',
  whenNormal: 'In depthwise convolutions of MobileNets, and in any model that is not quantized or is quantized channel by channel.',
  thresholds: {
    ratio: figure(100, '× the median channel', [2, 1e6], 'Largest magnitude of a folded channel from which on it is told.'),
  },

  applies: (context) => normalizesBatches(context) && normalizationOf(context)?.variance !== undefined,

  check(context, { ratio }): Verdict | undefined {
    const normalization = normalizationOf(context)!;
    const { ranges, hasKernel } = foldedRanges(context, normalization);
    if (!mayExceedMedian(ranges, ratio)) return undefined;
    const alive = ranges.filter((range) => range > 0);
    if (alive.length < MIN_CHANNELS) return undefined;
    const median = medianOf(alive);
    let largest = 0;
    for (const range of ranges) largest = Math.max(largest, range);
    const factor = largest / median;
    if (!(factor >= ratio && Number.isFinite(factor))) return undefined;
    const channel = ranges.indexOf(largest);
    const what = hasKernel ? 'weights reach' : 'factor |γ| ÷ √(σ² + ε) is';
    return {
      message: `Folded, channel ${channel} stands out: its ${what} ${formatNumber(largest)}, ${formatNumber(factor)} times the median channel (${formatNumber(median)}).`,
      advice: 'Quantize channel by channel, or equalize the ranges across layers before quantizing. If its variance is near zero, look whether the filter before it is dead.',
      evidence: { channels: ranges.length, aliveChannels: alive.length, channel, largest, median, factor, ratio, foldedWithKernel: hasKernel },
    };
  },
});

function foldedRanges(context: LayerContext, { channels, gamma, variance, epsilon }: Normalization): Folded {
  const kernel = kernelMagnitudes(context, channels);
  const ranges = new Float64Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const factor = Math.abs(gamma?.[channel] ?? 1) / Math.sqrt(variance![channel]! + epsilon);
    // Where the kernel is not known: a variance far below ε means weights near zero, which no factor makes large.
    ranges[channel] = factor * (kernel ? kernel[channel]! : variance![channel]! > epsilon * DEAD_VARIANCE ? 1 : 0);
  }
  return { ranges, hasKernel: kernel !== undefined };
}

/** Largest magnitude of each output unit of the kernel whose output is normalized. */
function kernelMagnitudes({ model, layer, tensors }: LayerContext, channels: number): Float32Array | undefined {
  const [before] = topologyOf(model).sources.get(layer) ?? [];
  const source = before && factsOf(model, before).normalizationAfter === layer ? before : layer;
  const kernels = tensorsOfLayer(tensors[0]!.peers, source).filter(({ tensor }) => isMatrix(tensor));
  const units = kernels.length === 1 ? kernels[0]!.statistics.outputChannels?.maxAbs : undefined;
  return units?.length === channels ? units : undefined;
}
