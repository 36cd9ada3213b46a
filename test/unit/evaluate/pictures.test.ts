import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RULES } from '../../../src/core/rules/index';
import { pictureSvg } from '../../../evaluate/pictures/panel';
import type { Panel } from '../../../evaluate/pictures/panel';

const folder = path.join(__dirname, '../../../docs/rules/images');

describe('pictures of the rules', () => {
  it('are one for each rule, and none for a rule that is gone', () => {
    const pictures = readdirSync(folder).filter((name) => name.endsWith('.svg')).map((name) => name.replace(/\.svg$/, ''));
    assert.deepEqual(pictures.sort(), RULES.map(({ id }) => id).sort());
  });

  for (const { id } of RULES) {
    it(`${id}.svg shows two panels of its own`, () => {
      const svg = readFileSync(path.join(folder, `${id}.svg`), 'utf8');
      assert.ok(svg.startsWith('<svg ') && svg.trimEnd().endsWith('</svg>'));
      assert.ok(svg.includes(`<title>${id}: healthy and suspicious</title>`));
      assert.ok(svg.includes('>Healthy<') && svg.includes('>Suspicious<'));
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    });
  }

  it('escape what names hold, and draw bars in proportion', () => {
    const panel: Panel = { bars: [1, 2, 0], marked: new Set([1, 2]), low: 'a<b', high: '', caption: '' };
    const svg = pictureSvg('some-rule', panel, panel);
    assert.ok(svg.includes('a&#60;b') && !svg.includes('a<b'));
    const heights = [...svg.matchAll(/v-([\d.]+)h/g)].map(([, height]) => Number(height));
    assert.equal(heights.length, 4);
    assert.ok(Math.abs(heights[1]! / heights[0]! - 2) < 0.01);
  });
});
