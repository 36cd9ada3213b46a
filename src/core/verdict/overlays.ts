import type { Layer, Tensor } from '../model';
import { formatNumber, formatShare } from '../numberText';
import { declaredInitializer } from '../rules/initializers';
import type { Family } from '../statistics/families';
import { finiteCount } from '../statistics/histogram';
import { fitsOf, kolmogorovDistance } from '../statistics/fits';
import type { Fit } from '../statistics/fits';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import type { Overlay, OverlayKind } from './overlay';

/** Another family than the bell is worth showing where it comes this much nearer, as a share of the bell's distance. */
const CLEARLY_NEARER = 0.8;

/** A bell that is this near is a bell, whatever comes nearer still. */
const NEAR_ENOUGH = 0.01;

/**
 * The nearest first: the bell, where nothing else is clearly nearer. The declared initializer is among them where it is random.
 * Empty where nothing can be fitted and nothing is declared.
 */
export function overlaysOf(layer: Layer, tensor: Tensor, statistics: TensorStatistics): readonly Overlay[] {
  const fitted = bestFirst(fitsOf(statistics)).map(fittedOverlay);
  const declared = initializerOverlay(layer, tensor, statistics);
  if (!declared) return fitted;
  const isNearest = fitted[0] === undefined || declared.distance < CLEARLY_NEARER * fitted[0].distance;
  return isNearest ? [declared, ...fitted] : [...fitted, declared];
}

function bestFirst(fits: readonly Fit[]): Fit[] {
  const bell = fits.find(({ family }) => family.name === 'normal');
  const [nearest] = fits;
  if (!bell || !nearest) return [...fits];
  const isClear = bell.distance > NEAR_ENOUGH && nearest.distance < CLEARLY_NEARER * bell.distance;
  const best = isClear ? nearest : bell;
  return [best, ...fits.filter((fit) => fit !== best)];
}

function fittedOverlay({ family, distance, weights, excludesZeros }: Fit): Overlay {
  const kind = family.name === 'truncatedNormal' ? 'normal' : family.name;
  return { kind, label: labelOf(family), family, weights, excludesZeros, distance, words: wordsOf(NOUNS[kind], distance, excludesZeros) };
}

const NOUNS: Readonly<Record<Exclude<OverlayKind, 'initializer'>, string>> = { normal: 'a bell', studentT: 'a Student t distribution', laplace: 'a Laplace distribution', uniform: 'a flat (uniform) distribution' };

function labelOf(family: Family): string {
  switch (family.name) {
    case 'normal':
    case 'truncatedNormal':
      return 'normal';
    case 'studentT':
      return `Student t (ν ${formatNumber(Number(family.degrees.toPrecision(2)))})`;
    case 'laplace':
      return 'Laplace';
    case 'uniform':
      return 'uniform';
  }
}

/** The declared distribution that comes nearest, where several readings of the declaration are possible. */
function initializerOverlay(layer: Layer, tensor: Tensor, statistics: TensorStatistics): Overlay | undefined {
  const declared = declaredInitializer(layer, tensor);
  const weights = finiteCount(statistics);
  if (declared?.kind !== 'random' || weights === 0) return undefined;
  const candidates = declared.candidates.map((family) => ({ family, distance: kolmogorovDistance(statistics, family) }));
  const [nearest] = candidates.sort((a, b) => a.distance - b.distance);
  if (!nearest) return undefined;
  return {
    kind: 'initializer', label: `declared ${declared.name}`, ...nearest, weights, excludesZeros: false,
    words: wordsOf(`what the declared ${declared.name} draws`, nearest.distance, false),
  };
}

function wordsOf(what: string, distance: number, excludesZeros: boolean): string {
  return `The histogram differs from ${what} by at most ${formatShare(distance)} of the ${excludesZeros ? 'non-zero ' : ''}weights (Kolmogorov–Smirnov).`;
}
