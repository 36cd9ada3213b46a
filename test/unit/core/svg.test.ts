import assert from 'node:assert/strict';
import { histogramSvg, iconSvg, PALETTES, svgDataUri } from '../../../src/core/svg';
import type { HistogramPicture } from '../../../src/core/svg';

const picture: HistogramPicture = {
  counts: [1, 4, 10, 4, 1], low: -2.5, high: 2.5, zeros: 0, lowLabel: '−2.5', highLabel: '2.5', zerosLabel: '0 % zero', palette: PALETTES.dark,
};

/** Heights of the bars of the main path, in pixels. */
function bars(svg: string): number[] {
  const path = /<path fill="#3794ff" d="([^"]*)"/.exec(svg)![1]!;
  return [...path.matchAll(/v-?(\d+(?:\.\d+)?)h/g)].map((match) => Number(match[1]));
}

/** Height of the bar of zeros. */
function zeroBar(svg: string): number | undefined {
  const match = /<rect [^>]*height="([\d.]+)"/.exec(svg);
  return match ? Number(match[1]) : undefined;
}

describe('the icon', () => {
  it('is 16 by 16, with a step for every count as tall as its share of the largest', () => {
    const svg = iconSvg([0, 1, 2, 4], '#123456');
    assert.match(svg, /width="16" height="16"/);
    const tops = [...svg.matchAll(/V([\d.]+)H/g)].map((match) => Number(match[1]));
    assert.deepEqual(tops, [16, 12.25, 8.5, 1]);
  });

  it('shows the smallest count that is not nothing', () => {
    const [first] = [...iconSvg([1, 1_000_000], '#000').matchAll(/V([\d.]+)H/g)].map((match) => Number(match[1]));
    assert.equal(first, 15);
  });

  it('is flat without values', () => {
    assert.ok(!/NaN|Infinity/.test(iconSvg([0, 0], '#000') + iconSvg([], '#000')));
  });
});

describe('the histogram', () => {
  it('has bars in proportion', () => {
    const [a, b, c] = bars(histogramSvg(picture));
    assert.ok(Math.abs(b! / c! - 0.4) < 0.01 && Math.abs(a! / c! - 0.1) < 0.02);
    assert.equal(zeroBar(histogramSvg(picture)), undefined);
  });

  it('gives exact zeros a bar of their own, out of the bin that counted them', () => {
    const svg = histogramSvg({ ...picture, zeros: 6 });
    const heights = bars(svg);
    assert.equal(heights[2], heights[1]);
    assert.ok(zeroBar(svg)! > heights[2]!);
    assert.ok(!svg.includes('% zero'));
  });

  it('cuts the bar of zeros that would flatten the rest, and writes its share on it', () => {
    const svg = histogramSvg({ ...picture, counts: [1, 4, 10_010, 4, 1], zeros: 10_000, zerosLabel: '99.8 % zero' });
    assert.ok(Math.max(...bars(svg)) > 50, 'the rest keeps its height');
    assert.ok(svg.includes('99.8&#160;% zero') || svg.includes('99.8 % zero'));
  });

  it('takes text as text', () => {
    const svg = histogramSvg({ ...picture, lowLabel: '<script>"&' });
    assert.ok(!svg.includes('<script'));
    assert.ok(svg.includes('&#60;script&#62;&#34;&#38;'));
  });

  it('has nothing that is no number, whatever the window', () => {
    for (const [low, high] of [[0, 0], [1, 5], [-5, -1], [0, 1], [-1e308, 1e308]] as const) {
      assert.doesNotMatch(histogramSvg({ ...picture, low, high, zeros: 3 }), /NaN|Infinity|undefined/);
    }
  });
});

describe('the data uri', () => {
  it('decodes to the picture, signs outside of ASCII included', () => {
    const svg = histogramSvg(picture);
    const uri = svgDataUri(svg);
    assert.ok(uri.startsWith('data:image/svg+xml;base64,'));
    assert.equal(Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64').toString('utf8'), svg);
    assert.ok(svg.includes('&#8722;2.5'));
  });
});
