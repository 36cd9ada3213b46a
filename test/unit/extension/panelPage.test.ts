import assert from 'node:assert/strict';
import { panelPage } from '../../../src/extension/panelPage';

const resources = {
  cspSource: 'https://host.example',
  nonce: 'abc123',
  scriptUri: 'https://host.example/dist/webview.js',
  styleUri: 'https://host.example/dist/webview.css',
  plotlyUri: 'https://host.example/dist/plotly.min.js',
  modelPath: '/models/model.json',
  title: 'model.json',
};

describe('the page of the panel', () => {
  it('forbids everything but what it names', () => {
    const policy = /content="(default-src[^"]*)"/.exec(panelPage(resources))![1]!.replace(/&#39;/g, "'");
    assert.equal(policy, [
      "default-src 'none'",
      "script-src 'nonce-abc123' https://host.example",
      "style-src https://host.example 'unsafe-inline'",
      'img-src data: blob: https://host.example',
      'font-src https://host.example',
    ].join('; '));
  });

  it('has one script, with the nonce', () => {
    const scripts = panelPage(resources).match(/<script[^>]*>/g);
    assert.deepEqual(scripts, ['<script nonce="abc123" src="https://host.example/dist/webview.js">']);
  });

  it('takes a path from a hostile folder as text', () => {
    const html = panelPage({ ...resources, modelPath: '/x/"><script>alert(1)</script>/model.json', title: '</title><b>' });
    assert.equal(html.match(/<script/g)!.length, 1);
    assert.ok(!html.includes('<b>'));
    assert.ok(html.includes('data-model-path="/x/&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;/model.json"'));
  });
});
