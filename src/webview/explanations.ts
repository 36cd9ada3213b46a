/** What each figure means and how it is computed: the hovers of tables and headings. */
export const EXPLANATIONS = {
  count: 'Number of all weights, those that are no finite number included',
  zeros: 'Exact zeros: how many weights are 0, as a share of all',
  nearZeros: 'Near zero: |w| ≤ 1 % of the tensor’s largest magnitude, zeros included',
  nan: 'NaN: weights that are not a number. One is enough to make every output NaN.',
  infinities: '−Infinity and +Infinity: overflows',
  min: 'The smallest finite weight',
  max: 'The largest finite weight',
  quantile: 'This share of the finite weights is not larger',
  mean: 'Mean: Σw ⁄ n',
  standardDeviation: 'Standard deviation σ = √(Σ(w − mean)² ⁄ n), of the main weight. How wide the weights spread.',
  skewness: 'Skewness = Σ(w − mean)³ ⁄ (n·σ³). 0 where both sides are alike, positive with a longer right tail.',
  excessKurtosis: 'Excess kurtosis = Σ(w − mean)⁴ ⁄ (n·σ⁴) − 3. A normal distribution has 0, uniform −1.2, Laplace 3; high values mean few weights far out.',
  blockScale: 'What the codes of a block of quantized weights are multiplied with',
  blockMin: 'What is taken from the weights of a block, or added to them',
  blockNonFinite: 'Scales that are NaN or infinite: all weights of their blocks are too',
  blockZeros: 'Scales of zero: all weights of their blocks are alike',
  l1Norm: 'L1 norm: Σ|w|',
  l2Norm: 'L2 norm: √(Σw²)',
} as const;

/** The settings may move the threshold of near zero. */
export function nearZeroExplanation(ratio: number): string {
  return EXPLANATIONS.nearZeros.replace('1 %', `${Number((ratio * 100).toPrecision(3))} %`);
}
