import assert from 'node:assert/strict';
import { escapeIcons, escapeMarkdown, escapeNotification, shorten, visible } from '../../../src/extension/markdown';

describe('names of a file in Markdown', () => {
  it('have every punctuation character escaped, so that nothing is markup', () => {
    assert.equal(escapeMarkdown('[x](command:evil)'), '\\[x\\]\\(command\\:evil\\)');
    assert.equal(escapeMarkdown('<img src=x>'), '\\<img src\\=x\\>');
    assert.equal(escapeMarkdown('a|b`c*d_e'), 'a\\|b\\`c\\*d\\_e');
    assert.equal(escapeMarkdown('https://a.example'), 'https\\:\\/\\/a\\.example');
    assert.equal(escapeMarkdown('conv2d 7 Größe 層'), 'conv2d 7 Größe 層');
  });

  it('show control and direction characters by their code', () => {
    assert.equal(visible('a\nb'), 'a‹U+000A›b');
    assert.equal(visible('x\u202Ecod'), 'x‹U+202E›cod');
    assert.equal(visible('nul\u0000'), 'nul‹U+0000›');
  });

  it('keep both ends when they are too long', () => {
    const short = shorten(`${'a'.repeat(500)}kernel`, 21);
    assert.equal(short, `${'a'.repeat(10)}…aaaakernel`);
    assert.equal(shorten('kernel'), 'kernel');
  });
});

describe('names of a file elsewhere', () => {
  it('make no icons in lists and no links in notifications', () => {
    assert.equal(escapeIcons('$(flame) x'), '\\$(flame) x');
    assert.equal(escapeNotification('[x](command:evil)'), '[x] (command:evil)');
  });
});
