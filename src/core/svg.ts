/** Colours of a picture. A picture inside an icon or a hover cannot see the editor's variables, so the caller gives them. */
export interface Palette {
  readonly bars: string;
  /** The bar of exact zeros. */
  readonly zeros: string;
  readonly axis: string;
  readonly text: string;
}

/** VS Code's own chart blue and orange for each kind of theme; the axis and text are legible on the hover's background. */
export const PALETTES = {
  light: { bars: '#1a85ff', zeros: '#d18616', axis: '#8a8a8a', text: '#4d4d4d' },
  dark: { bars: '#3794ff', zeros: '#d18616', axis: '#7d7d7d', text: '#c0c0c0' },
  highContrast: { bars: '#21a6ff', zeros: '#ffb000', axis: '#ffffff', text: '#ffffff' },
  highContrastLight: { bars: '#0043a8', zeros: '#8a4b00', axis: '#000000', text: '#000000' },
} as const satisfies Record<string, Palette>;

/** Edge of a tree row's icon, in pixels. */
const ICON_SIZE = 16;

/** One bar a pixel column. */
export const ICON_BINS = ICON_SIZE;

/** A bin that holds anything at all is seen. */
const LEAST_BAR = 1;

/** A 16×16 silhouette of a histogram. */
export function iconSvg(counts: readonly number[], colour: string): string {
  const most = Math.max(1, ...counts);
  const step = ICON_SIZE / Math.max(1, counts.length);
  const heights = counts.map((count) => (count > 0 ? Math.max(LEAST_BAR, round((count / most) * (ICON_SIZE - 1))) : 0));
  const steps = heights.map((height, i) => `V${round(ICON_SIZE - height)}H${round((i + 1) * step)}`).join('');
  return svgDocument(ICON_SIZE, ICON_SIZE, `<path fill="${colour}" d="M0 ${ICON_SIZE}${steps}V${ICON_SIZE}Z"/>`);
}

export interface HistogramPicture {
  /** Counts of even bins over [low, high]. */
  readonly counts: readonly number[];
  readonly low: number;
  readonly high: number;
  /** How many of the counted values are exactly zero: they get a bar of their own. */
  readonly zeros: number;
  /** Written below the ends of the axis. */
  readonly lowLabel: string;
  readonly highLabel: string;
  /** Written on the bar of zeros where it had to be cut. */
  readonly zerosLabel: string;
  readonly palette: Palette;
}

const WIDTH = 320;
const HEIGHT = 96;
/** Room above the bars for the label of a cut bar, and below for the axis' labels. */
const TOP = 14;
const BOTTOM = 18;
const FONT_SIZE = 11;
/** Exact zeros beyond this multiple of the tallest other bar would flatten it: their bar is cut and says its share. */
const CUT_FROM = 1.5;

/** A histogram with exact zeros in a second hue, as tall as the rest allows. */
export function histogramSvg(picture: HistogramPicture): string {
  const { low, high, palette } = picture;
  const zeroBin = binOfZero(picture);
  const counts = picture.counts.map((count, i) => (i === zeroBin ? Math.max(0, count - picture.zeros) : count));
  const tallest = Math.max(1, ...counts);
  const isCut = zeroBin !== undefined && picture.zeros > tallest * CUT_FROM && tallest > 1;
  const scale = (HEIGHT - TOP - BOTTOM) / (isCut || zeroBin === undefined ? tallest : Math.max(tallest, picture.zeros));
  const base = HEIGHT - BOTTOM;
  const step = WIDTH / Math.max(1, counts.length);
  const bar = (i: number, count: number): string => {
    const height = count > 0 ? Math.max(LEAST_BAR, round(count * scale)) : 0;
    return `M${round(i * step)} ${base}v${-height}h${round(step)}v${height}z`;
  };
  const parts = [`<path fill="${palette.bars}" d="${counts.map((count, i) => bar(i, count)).join('')}"/>`];
  if (zeroBin !== undefined && picture.zeros > 0) {
    const height = isCut ? base - TOP : Math.max(LEAST_BAR, round(picture.zeros * scale));
    parts.push(`<rect fill="${palette.zeros}" x="${round(zeroBin * step)}" y="${round(base - height)}" width="${round(Math.max(2, step))}" height="${height}"/>`);
    if (isCut) parts.push(label((zeroBin + 0.5) * step, TOP - 4, picture.zerosLabel, palette.zeros, 'middle'));
  }
  parts.push(`<path stroke="${palette.axis}" d="M0 ${base + 0.5}H${WIDTH}"/>`);
  parts.push(label(0, HEIGHT - 4, picture.lowLabel, palette.text, 'start'), label(WIDTH, HEIGHT - 4, picture.highLabel, palette.text, 'end'));
  if (low < 0 && high > 0) parts.push(zeroMark(-low / (high - low), palette));
  return svgDocument(WIDTH, HEIGHT, parts.join(''));
}

/** As `![alt](…)` in Markdown and as the path of an icon take it. */
export function svgDataUri(svg: string): string {
  return `data:image/svg+xml;base64,${btoa(svg)}`;
}

/** The labels stay legible: a zero near an end of the axis has a tick without its figure. */
const LABEL_CLEARANCE = 0.2;

function zeroMark(position: number, palette: Palette): string {
  const x = round(position * WIDTH);
  const base = HEIGHT - BOTTOM;
  const tick = `<path stroke="${palette.axis}" d="M${x} ${base}v4"/>`;
  const isClear = position > LABEL_CLEARANCE && position < 1 - LABEL_CLEARANCE;
  return isClear ? tick + label(x, HEIGHT - 4, '0', palette.text, 'middle') : tick;
}

function binOfZero({ counts, low, high }: HistogramPicture): number | undefined {
  if (low > 0 || high < 0) return undefined;
  if (low === high) return counts.length >> 1;
  return Math.min(counts.length - 1, Math.floor((-low / (high - low)) * counts.length));
}

function label(x: number, y: number, text: string, colour: string, anchor: 'start' | 'middle' | 'end'): string {
  const inside = Math.min(WIDTH, Math.max(0, round(x)));
  return `<text x="${inside}" y="${y}" fill="${colour}" font-family="sans-serif" font-size="${FONT_SIZE}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

function svgDocument(width: number, height: number, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${body}</svg>`;
}

/** ASCII only, so that base64 of its characters is base64 of its bytes. */
function escapeXml(text: string): string {
  return Array.from(text, (character) => (/[\w .,+\-()%]/.test(character) ? character : `&#${character.codePointAt(0)};`)).join('');
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}
