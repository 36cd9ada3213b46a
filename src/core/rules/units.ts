import type { ChannelStatistics, TensorStatistics } from '../statistics/tensorStatistics';
import type { TensorContext } from './rule';
import { isDepthwise, isMatrix, MAX_LISTED_UNITS } from './words';

/** A unit whose largest weight is at most this share of the tensor's is near dead (CNN Filter DB; arXiv 2203.15331). */
export const NEAR_DEAD_RATIO = 0.01;

/** Below four weights a unit of zeros is a handful of zeros, not a dead unit. */
const MIN_UNIT_WEIGHTS = 4;

/**
 * Comparing the scale of units needs a whole 3×3 filter over three channels: depthwise filters and narrow slices differ in scale by nature,
 * most of all where a batch normalization has been folded into them.
 */
export const MIN_COMPARED_UNIT_WEIGHTS = 27;

/** Zeros scattered at random may fill a unit: dead units must outnumber those expected by chance this many times. */
const CHANCE_FACTOR = 20;

export interface DeadUnits {
  readonly units: number;
  readonly weightsPerUnit: number;
  /** Indices of units that hold nothing but zeros. */
  readonly exact: readonly number[];
  /** Indices of units with weights, all of them at most NEAR_DEAD_RATIO × max|W|; empty where that says nothing. */
  readonly near: readonly number[];
}

/** Whether the units along an axis can be judged at all. */
export function hasUnits(context: TensorContext, channels: ChannelStatistics | undefined): channels is ChannelStatistics {
  if (!channels || channels.maxAbs.length < 2 || isAllZero(context.statistics)) return false;
  return context.statistics.count / channels.maxAbs.length >= MIN_UNIT_WEIGHTS;
}

export function deadUnits({ statistics }: TensorContext, channels: ChannelStatistics): DeadUnits {
  const units = channels.maxAbs.length;
  const weightsPerUnit = statistics.count / units;
  const largest = largestMagnitude(statistics);
  const exact: number[] = [];
  const near: number[] = [];
  channels.maxAbs.forEach((maxAbs, unit) => {
    if (maxAbs === 0) exact.push(unit);
    else if (maxAbs <= largest * NEAR_DEAD_RATIO && weightsPerUnit >= MIN_COMPARED_UNIT_WEIGHTS) near.push(unit);
  });
  // A unit of nothing but NaN has no largest magnitude either. More dead weights than zeros: which units are dead cannot be told.
  const isCertain = exact.length * weightsPerUnit <= statistics.zeros;
  const isTold = isCertain && !isByChance(statistics, exact.length, units, weightsPerUnit);
  return { units, weightsPerUnit, exact: isTold ? exact : [], near };
}

/** What a finding about units shows of them. */
export function unitEvidence({ units, weightsPerUnit, exact, near }: DeadUnits): Record<string, unknown> {
  const listed = [...exact, ...near].slice(0, MAX_LISTED_UNITS);
  return {
    units,
    weightsPerUnit,
    exactlyZero: exact.length,
    nearDead: near.length,
    nearDeadRatio: NEAR_DEAD_RATIO,
    unitIndices: listed,
    unitIndicesComplete: listed.length === exact.length + near.length,
  };
}

/** Where both axes are known: the share of the weights that lie in no exactly dead unit and no dead input channel. */
export function aliveShare(context: TensorContext): number {
  const { outputChannels, inputChannels } = context.statistics;
  return [outputChannels, inputChannels].reduce((share, channels) => {
    if (!hasUnits(context, channels)) return share;
    const { exact, units } = deadUnits(context, channels);
    return share * (1 - exact.length / units);
  }, 1);
}

/**
 * The name of another tensor whose output units are dead at the same places, as a filter dies together with everything
 * that only reads its output; undefined where there is none.
 */
export function sharedDeath({ tensor, peers }: TensorContext, { units, exact }: DeadUnits): string | undefined {
  const source = peers.find((peer) => peer.tensor !== tensor && isFullKernel(peer) && hasDeadOutputs(peer, units, exact));
  return source?.tensor.name;
}

/** Share of the dead units whose readers have to be dead too, so that both died together. Our own: healthy networks that we measured reach 75–100 %. */
const READ_BY_NOBODY_SHARE = 0.75;

/**
 * The name of another tensor that takes as many inputs as this one has units, and reads most of those that are dead with nothing
 * but zeros: both sides died together in training or pruning, whereas damage to a file hits one side only.
 */
export function deadReader({ tensor, peers }: TensorContext, { units, exact }: DeadUnits): string | undefined {
  if (exact.length === 0) return undefined;
  const reader = deadInputsOf(peers).get(units)?.find((peer) => {
    if (peer.context.tensor === tensor) return false;
    const dead = exact.reduce((count, unit) => count + (peer.maxAbs[unit] === 0 ? 1 : 0), 0);
    return dead >= READ_BY_NOBODY_SHARE * exact.length;
  });
  return reader?.context.tensor.name;
}

interface DeadInputs {
  readonly context: TensorContext;
  readonly maxAbs: Float32Array;
}

/** Once for a model: every tensor with dead units asks. */
const known = new WeakMap<readonly TensorContext[], ReadonlyMap<number, readonly DeadInputs[]>>();

/** Kernels with dead inputs, by how many inputs they have. A depthwise kernel reads one channel a filter. */
function deadInputsOf(peers: readonly TensorContext[]): ReadonlyMap<number, readonly DeadInputs[]> {
  let byUnits = known.get(peers) as Map<number, DeadInputs[]> | undefined;
  if (byUnits) return byUnits;
  byUnits = new Map();
  for (const context of peers) {
    const channels = isDepthwise(context.tensor) ? (context.statistics.inputChannels ?? context.statistics.outputChannels) : context.statistics.inputChannels;
    if (!channels || !isMatrix(context.tensor) || !channels.maxAbs.includes(0)) continue;
    const units = channels.maxAbs.length;
    byUnits.set(units, [...(byUnits.get(units) ?? []), { context, maxAbs: channels.maxAbs }]);
  }
  known.set(peers, byUnits);
  return byUnits;
}

function isFullKernel({ tensor }: TensorContext): boolean {
  return isMatrix(tensor) && !isDepthwise(tensor);
}

function hasDeadOutputs({ statistics }: TensorContext, units: number, dead: readonly number[]): boolean {
  const outputs = statistics.outputChannels?.maxAbs;
  return outputs?.length === units && dead.length > 0 && dead.every((unit) => outputs[unit] === 0);
}

export function largestMagnitude({ min, max }: TensorStatistics): number {
  return Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0));
}

export function isAllZero(statistics: TensorStatistics): boolean {
  return statistics.zeros === statistics.count;
}

/** With zeros spread at share z over the other units, z^weightsPerUnit of all units are zero by chance. */
function isByChance(statistics: TensorStatistics, dead: number, units: number, weightsPerUnit: number): boolean {
  if (dead === 0) return false;
  const elsewhere = statistics.count - dead * weightsPerUnit;
  const scattered = elsewhere > 0 ? (statistics.zeros - dead * weightsPerUnit) / elsewhere : 0;
  return dead < CHANCE_FACTOR * units * scattered ** weightsPerUnit;
}
