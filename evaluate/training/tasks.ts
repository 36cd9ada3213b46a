import type { Random } from '../../test/support/random';

/** Something to learn: an endless source of labelled examples. */
export interface Task {
  /** Of one example, without the batch. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Writes one example into `into` and returns its class. */
  example(random: Random, into: Float32Array): number;
}

const BOARD = 8;
const PLANES = 2;
const PATTERN = 4;

interface Stone {
  readonly row: number;
  readonly column: number;
  readonly plane: number;
}

/**
 * Boards of stones in two colours, a plane each: sparse and nearly binary. Somewhere lies one of `classes` patterns, among
 * stones that mean nothing; the class is which.
 */
export function boards(patternsFrom: Random, classes = 8): Task {
  const patterns = Array.from({ length: classes }, () => stones(patternsFrom));
  return {
    inputShape: [BOARD, BOARD, PLANES],
    classes,
    example(random, into) {
      into.fill(0);
      for (let i = 0; i < BOARD / 2; i++) into[random.integer(into.length)] = 1;
      const label = random.integer(classes);
      const top = random.integer(BOARD - PATTERN + 1);
      const left = random.integer(BOARD - PATTERN + 1);
      for (const { row, column, plane } of patterns[label]!) {
        const at = ((top + row) * BOARD + left + column) * PLANES;
        into.fill(0, at, at + PLANES);
        // Nearly binary: a stone is not always quite there.
        into[at + plane] = random.chance(0.9) ? 1 : random.next();
      }
      return label;
    },
  };
}

function stones(random: Random): Stone[] {
  const places = new Map<number, Stone>();
  while (places.size < 6) {
    const row = random.integer(PATTERN);
    const column = random.integer(PATTERN);
    places.set(row * PATTERN + column, { row, column, plane: random.integer(PLANES) });
  }
  return [...places.values()];
}

/** Sparse binary features; each class has some of its own, of which most are on, among others that are on by chance. */
export function sparseFeatures(prototypesFrom: Random, features = 128, classes = 16): Task {
  const own = Array.from({ length: classes }, () => Array.from({ length: 12 }, () => prototypesFrom.integer(features)));
  return {
    inputShape: [features],
    classes,
    example(random, into) {
      for (let i = 0; i < features; i++) into[i] = random.chance(0.06) ? 1 : 0;
      const label = random.integer(classes);
      for (const feature of own[label]!) if (random.chance(0.8)) into[feature] = 1;
      return label;
    },
  };
}

/** Standardized, correlated numbers with a class for each of several overlapping clusters on curved sheets. */
export function clusters(centresFrom: Random, features = 48, classes = 10): Task {
  const hidden = 8;
  const mix = Array.from({ length: features * hidden }, () => centresFrom.next() * 2 - 1);
  const centres = Array.from({ length: classes * hidden }, () => (centresFrom.next() * 2 - 1) * 2);
  return {
    inputShape: [features],
    classes,
    example(random, into) {
      const label = random.integer(classes);
      const point = Array.from({ length: hidden }, (_, i) => centres[label * hidden + i]! + random.next() + random.next() - 1);
      for (let i = 0; i < features; i++) {
        const sum = point.reduce((total, x, j) => total + x * mix[i * hidden + j]!, 0);
        into[i] = Math.sin(sum) * 1.4 + (random.next() - 0.5) * 0.4;
      }
      return label;
    },
  };
}

export const WORDS = 96;
export const LENGTH = 10;

/** Sentences of words, the common ones far more often than the rare: the class is which of some words comes first, and which last. */
export function sentences(meaningFrom: Random): Task {
  const markers = Array.from({ length: 4 }, () => Array.from({ length: 3 }, () => 1 + meaningFrom.integer(WORDS - 1)));
  const meaningful = new Set(markers.flat());
  const filler = Array.from({ length: WORDS - 1 }, (_, i) => i + 1).filter((word) => !meaningful.has(word));
  return {
    inputShape: [LENGTH],
    classes: 12,
    example(random, into) {
      for (let i = 0; i < LENGTH; i++) into[i] = filler[Math.floor(filler.length * random.next() ** 2.5)]!;
      const first = random.integer(4);
      const last = (first + 1 + random.integer(3)) % 4;
      const at = random.integer(LENGTH - 1);
      into[at] = random.pick(markers[first]!);
      into[at + 1 + random.integer(LENGTH - at - 1)] = random.pick(markers[last]!);
      return first * 3 + ((last - first + 4) % 4) - 1;
    },
  };
}

/** Waves of several channels: the class is which frequency is in which channel. */
export function waves(seedFrom: Random, length = 24, channels = 4): Task {
  const frequencies = Array.from({ length: 4 }, (_, i) => 0.3 + i * 0.35 + seedFrom.next() * 0.1);
  return {
    inputShape: [length, channels],
    classes: frequencies.length * 2,
    example(random, into) {
      const label = random.integer(frequencies.length * 2);
      const channel = label % 2;
      const phase = random.next() * 7;
      for (let i = 0; i < into.length; i++) into[i] = (random.next() - 0.5) * 0.8;
      for (let t = 0; t < length; t++) {
        into[t * channels + channel]! += Math.sin(phase + t * frequencies[label >> 1]!);
        into[t * channels + channel + 2]! += Math.cos(phase + t * frequencies[label >> 1]!);
      }
      return label;
    },
  };
}
