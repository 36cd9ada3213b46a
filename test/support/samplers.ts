import { Random } from './random';

/** Draws from named distributions, the same in every run. */
export type Sampler = (random: Random) => number;

export const normal: Sampler = (random) => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

export const uniform: Sampler = (random) => 2 * random.next() - 1;

export const laplace: Sampler = (random) => {
  const u = random.next() - 0.5;
  return -Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
};

/** Bailey's polar method. */
export const studentT = (degrees: number): Sampler => (random) => {
  for (;;) {
    const u = 2 * random.next() - 1;
    const v = 2 * random.next() - 1;
    const w = u * u + v * v;
    if (w > 0 && w < 1) return u * Math.sqrt((degrees * (w ** (-2 / degrees) - 1)) / w);
  }
};

/** As Keras and TensorFlow cut it: what lies beyond 2σ is drawn again. */
export const truncatedNormal: Sampler = (random) => {
  for (;;) {
    const z = normal(random);
    if (Math.abs(z) <= 2) return z;
  }
};

export const exponential: Sampler = (random) => -Math.log(1 - random.next());

/** Two bells at ±distance/2, `share` of them in the right one. */
export const twoBells = (distance: number, share = 0.5): Sampler => (random) => normal(random) + (random.chance(share) ? distance / 2 : -distance / 2);

export const clipped = (sampler: Sampler, limit: number): Sampler => (random) => Math.max(-limit, Math.min(limit, sampler(random)));

export const rounded = (sampler: Sampler, step: number): Sampler => (random) => Math.round(sampler(random) / step) * step;

export const withZeros = (sampler: Sampler, share: number): Sampler => (random) => (random.chance(share) ? 0 : sampler(random));

export function draw(sampler: Sampler, n: number, seed: number, scale = 0.05): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => scale * sampler(random));
}
