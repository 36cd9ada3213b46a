import { PALETTES } from '../../src/core/svg';

/** One half of a picture: bars with a caption. */
export interface Panel {
  /** Heights, in any unit; none below 0. */
  readonly bars: readonly number[];
  /** Bars in the second colour: what the rule is about. */
  readonly marked: ReadonlySet<number>;
  /** Below the ends of the axis. */
  readonly low: string;
  readonly high: string;
  /** What the bars are. */
  readonly caption: string;
  /** Heights are drawn by their logarithm: single weights are seen beside thousands. */
  readonly isLogarithmic?: boolean;
}

const WIDTH = 640;
const HEIGHT = 210;
const MARGIN = 16;
const PANEL_WIDTH = (WIDTH - 3 * MARGIN) / 2;
const TITLE_Y = 24;
const CAPTION_Y = 42;
const TOP = 54;
const BASE = HEIGHT - 32;
const LABELS_Y = HEIGHT - 14;
const LEAST_BAR = 1.5;
/** Two labels share a line. */
const MOST_LABEL_CHARACTERS = 24;

/** The card brings its own background: it is read on light and dark pages alike. */
const CARD = '#ffffff';
const BORDER = '#c8c8c8';
const { bars: BAR, zeros: MARK, axis: AXIS, text: TEXT } = PALETTES.light;

/** Healthy on the left, suspicious on the right. */
export function pictureSvg(rule: string, healthy: Panel, suspicious: Panel): string {
  const parts = [
    `<title>${escapeXml(`${rule}: healthy and suspicious`)}</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="6" fill="${CARD}" stroke="${BORDER}"/>`,
    ...panel(healthy, MARGIN, 'Healthy'),
    ...panel(suspicious, 2 * MARGIN + PANEL_WIDTH, 'Suspicious'),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">${parts.join('')}</svg>\n`;
}

function panel({ bars, marked, low, high, caption, isLogarithmic = false }: Panel, left: number, title: string): string[] {
  const height = (value: number): number => (isLogarithmic ? Math.log1p(value) : value);
  const tallest = Math.max(...bars.map(height)) || 1;
  const step = PANEL_WIDTH / Math.max(1, bars.length);
  const gap = step > 4 ? 1 : 0;
  const bar = (value: number, i: number): string => {
    const tall = value > 0 ? Math.max(LEAST_BAR, (height(value) / tallest) * (BASE - TOP)) : 0;
    return `M${round(left + i * step)} ${BASE}v${round(-tall)}h${round(step - gap)}v${round(tall)}z`;
  };
  const path = (colour: string, isMarked: boolean): string => {
    const drawn = bars.map((value, i) => (marked.has(i) === isMarked && value > 0 ? bar(value, i) : '')).join('');
    return drawn === '' ? '' : `<path fill="${colour}" d="${drawn}"/>`;
  };
  // A bar of no height cannot be coloured: a mark below the axis shows that it is meant.
  const missing = bars.map((value, i) => (marked.has(i) && value === 0 ? `M${round(left + i * step)} ${BASE + 2}h${round(Math.max(1.5, step - gap))}` : '')).join('');
  return [
    text(left, TITLE_Y, title, '#1f1f1f', 'start', ' font-size="14" font-weight="600"'),
    text(left, CAPTION_Y, shortened(caption), TEXT, 'start'),
    path(BAR, false), path(MARK, true),
    missing === '' ? '' : `<path stroke="${MARK}" stroke-width="3" d="${missing}"/>`,
    `<path stroke="${AXIS}" d="M${round(left)} ${BASE + 0.5}h${PANEL_WIDTH}"/>`,
    text(left, LABELS_Y, low.slice(0, MOST_LABEL_CHARACTERS), TEXT, 'start'), text(left + PANEL_WIDTH, LABELS_Y, high.slice(0, MOST_LABEL_CHARACTERS), TEXT, 'end'),
  ];
}

/** Names of tensors may be as long as they like; a panel is not. */
const MOST_CHARACTERS = 52;

function shortened(caption: string): string {
  return caption.length <= MOST_CHARACTERS ? caption : `${caption.slice(0, MOST_CHARACTERS - 1)}…`;
}

function text(x: number, y: number, content: string, colour: string, anchor: 'start' | 'end', more = ''): string {
  return `<text x="${round(x)}" y="${y}" fill="${colour}" text-anchor="${anchor}"${more}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function round(x: number): number {
  return Math.round(x * 100) / 100;
}
