import assert from 'node:assert/strict';
import { escapeIcons, escapeMarkdown, escapeNotification, rowName, shorten, visible } from '../../../src/extension/markdown';

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

describe('names in rows', () => {
  it('keep what tells layers apart', () => {
    assert.equal(rowName('texture_normalization'), 'texture_normalization');
    assert.equal(rowName('model_1/cq_t2010v2_1/conv1d_3'), '…/cq_t2010v2_1/conv1d_3');
    assert.equal(rowName('StatefulPartitionedCall/model/block_1/project/Conv2D', 20), '…/project/Conv2D');
    assert.equal(rowName('a_single_name_without_any_folders'), 'a_single_name_without_any_folders');
  });
});
