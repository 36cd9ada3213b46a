import { formatInteger, formatNumber, formatShare } from '../core/numberText';
import { alphaWords, LEAST_EIGENVALUES, MOST_FIT_DISTANCE } from '../core/statistics/spectrumFigures';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import type { FigureGroup, FigureRow } from './figures';

const UNKNOWN = 'needs all singular values';

/** The figures of a spectrum in words; what does not follow says why. */
export function spectrumGroups(spectrum: SpectrumSummary): FigureGroup[] {
  return [rankGroup(spectrum), randomGroup(spectrum), lawGroup(spectrum)];
}

function row(key: string, label: string, explanation: string, value: number | null, text: string): FigureRow {
  return { key, label, explanation, value, text };
}

function rankGroup(spectrum: SpectrumSummary): FigureGroup {
  const { rows, columns, isPartial, spectralNorm, stableRank, effectiveRank, numericalRank, condition, smallest } = spectrum;
  const order = Math.min(rows, columns);
  const ofOrder = (value: number | null): string => (value === null ? (isPartial ? UNKNOWN : '–') : `${formatNumber(value)} of ${formatInteger(order)}`);
  return {
    title: `Norm and rank of ${formatInteger(rows)} × ${formatInteger(columns)}`,
    rows: [
      row('spectralNorm', 'spectral norm', 'The largest singular value σ₁: how much the layer amplifies at most', spectralNorm, formatNumber(spectralNorm)),
      row('stableRank', 'stable rank', '‖W‖F² ⁄ σ₁²: how many directions carry the norm. Below 2 one direction holds most of the layer.', stableRank, stableRank === null ? '–' : formatNumber(stableRank)),
      row('effectiveRank', 'effective rank', 'exp(−Σ p ln p) with p = σ ⁄ Σσ (Roy & Vetterli 2007): how many directions are in use', effectiveRank, ofOrder(effectiveRank)),
      row('numericalRank', 'rank', 'Singular values above σ₁ · max(rows, columns) · 2⁻²³, which is what rounding of float32 could make', numericalRank, ofOrder(numericalRank)),
      row('condition', 'condition', 'Largest ⁄ smallest singular value. Infinite where the smallest cannot be told from 0.', condition, condition === null ? (smallest === 0 ? '∞' : UNKNOWN) : formatNumber(condition)),
    ],
  };
}

function randomGroup({ marchenkoPastur, singularValues, spectralNorm, shuffledNorm, filterEntropy, filters }: SpectrumSummary): FigureGroup {
  const atLeast = marchenkoPastur?.beyond === singularValues.length ? 'at least ' : '';
  return {
    title: 'Beside a random matrix',
    rows: [
      row('marchenkoPasturEdge', 'random edge', 'Marchenko–Pastur: the largest eigenvalue of independent weights of this variance, variance · (√rows + √columns)²', marchenkoPastur?.edge ?? null, formatNumber(marchenkoPastur?.edge)),
      row('beyondEdge', 'beyond it', 'Eigenvalues more than three Tracy–Widom deviations beyond the edge: directions that were learned', marchenkoPastur?.beyond ?? null, marchenkoPastur ? `${atLeast}${formatInteger(marchenkoPastur.beyond)}` : '–'),
      row('largestToEdge', 'largest ⁄ edge', 'The largest eigenvalue beside the edge. About 1 for weights that learned nothing.', marchenkoPastur ? spectralNorm ** 2 / marchenkoPastur.edge : null, marchenkoPastur ? formatNumber(spectralNorm ** 2 / marchenkoPastur.edge) : '–'),
      row('shuffledToEdge', 'shuffled ⁄ edge', 'The same for these weights in random places. Above 1 it comes from single large weights.', shuffledNorm !== null && marchenkoPastur ? shuffledNorm ** 2 / marchenkoPastur.edge : null, shuffledNorm === null ? 'too many weights' : marchenkoPastur ? formatNumber(shuffledNorm ** 2 / marchenkoPastur.edge) : '–'),
      ...(filterEntropy === null || !filters ? [] : [row('filterEntropy', 'filter entropy', `Of the variance of ${formatInteger(filters.count)} filters of ${filters.size.join(' × ')} over their components, to base 10 (Gavrikov & Keuper 2022). Low where most filters are alike.`, filterEntropy, `${formatNumber(filterEntropy)} of ${formatNumber(Math.log10(filters.size[0] * filters.size[1]))}`)]),
    ],
  };
}

function lawGroup({ powerLaw, singularValues }: SpectrumSummary): FigureGroup {
  const explanation = `Exponent of the power law that fits the largest eigenvalues best (Clauset, Shalizi & Newman 2009). WeightWatcher: 2 to 6 trained, the best layers near 2; above 6 under-trained, below 2 over-trained. Needs ${LEAST_EIGENVALUES} eigenvalues and a fit distance of at most ${MOST_FIT_DISTANCE}.`;
  if ('notApplicable' in powerLaw) return { title: 'Power law of the tail', rows: [row('alpha', 'alpha', `${explanation}\nNot applicable: ${powerLaw.notApplicable}.`, null, 'not applicable')] };
  const { alpha, distance, tail, xMin } = powerLaw;
  return {
    title: 'Power law of the tail',
    rows: [
      row('alpha', 'alpha', `${explanation}\nHere ${alphaWords(alpha)}.`, alpha, formatNumber(alpha)),
      row('fitDistance', 'fit distance', 'Kolmogorov–Smirnov distance between the tail and its power law, 0 to 1', distance, formatNumber(distance)),
      row('tail', 'tail', 'Eigenvalues that the power law is fitted to', tail, `${formatInteger(tail)} · ${formatShare(tail / singularValues.length)}`),
      row('xMin', 'tail from', 'The eigenvalue from which on the power law holds', xMin, formatNumber(xMin)),
    ],
  };
}

/** What the figures say, in a sentence or two. */
export function spectrumSentence({ powerLaw, marchenkoPastur, singularValues, isPartial, rows, columns }: SpectrumSummary, below: number): string {
  const parts = [
    isPartial ? `Only the ${formatInteger(singularValues.length)} largest of ${formatInteger(Math.min(rows, columns))} singular values are computed.` : '',
    marchenkoPastur && marchenkoPastur.beyond === 0 ? 'No direction stands out from what independent weights have.' : '',
    'notApplicable' in powerLaw ? `No power law is fitted: ${powerLaw.notApplicable}.` : `alpha is ${formatNumber(powerLaw.alpha)}, ${alphaWords(powerLaw.alpha)}, as WeightWatcher has it.`,
    below > 0 ? `${formatInteger(below)} of ${formatInteger(singularValues.length)} eigenvalues are too small to show.` : '',
  ];
  return parts.filter(Boolean).join(' ');
}
