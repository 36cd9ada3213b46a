import assert from 'node:assert/strict';
import path from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { ROOT } from '../../support/paths';

const RULE = 'weightgram/layer-borders';

interface Case {
  readonly file: string;
  readonly code: string;
}

const VIOLATIONS: readonly Case[] = [
  { file: 'src/core/model.ts', code: "import { readFile } from 'node:fs/promises';" },
  { file: 'src/core/model.ts', code: "import { join } from 'path';" },
  { file: 'src/core/model.ts', code: "import * as vscode from 'vscode';" },
  { file: 'src/core/model.ts', code: "import type { Uri } from 'vscode';" },
  { file: 'src/core/model.ts', code: "import * as tf from '@tensorflow/tfjs';" },
  { file: 'src/core/model.ts', code: "import type { Engine } from '../protocol/engine';" },
  { file: 'src/core/rules/rule.ts', code: "export type { Engine } from '../../protocol/engine';" },
  { file: 'src/core/rules/rule.ts', code: "export * from '../../worker/worker';" },
  { file: 'src/core/rules/rule.ts', code: "const later = await import('node:os');" },
  { file: 'src/core/rules/rule.ts', code: "const fs = require('fs');" },
  { file: 'src/core/rules/rule.ts', code: "let source: import('../../cli/cli').Options;" },
  { file: 'src/core/rules/rule.ts', code: "import { tier } from '../../../test/support/tiers';" },
  { file: 'src/protocol/engine.ts', code: "import { Worker } from 'node:worker_threads';" },
  { file: 'src/protocol/engine.ts', code: "import { ids } from '../extension/ids';" },
  { file: 'src/extension/extension.ts', code: "import { run } from '../worker/worker';" },
  { file: 'src/extension/extension.ts', code: "import { render } from '../webview/webview';" },
  { file: 'src/worker/worker.ts', code: "import { ids } from '../extension/ids';" },
  { file: 'src/worker/worker.ts', code: "import * as vscode from 'vscode';" },
  { file: 'src/runner/runner.ts', code: "import { read } from '../worker/worker';" },
  { file: 'src/cli/cli.ts', code: "import { read } from '../worker/worker';" },
  { file: 'src/cli/cli.ts', code: "import * as vscode from 'vscode';" },
  { file: 'src/webview/webview.ts', code: "import { createHash } from 'node:crypto';" },
  { file: 'src/webview/webview.ts', code: "import { readFileSync } from 'fs';" },
  { file: 'src/webview/webview.ts', code: "import { ids } from '../extension/ids';" },
  { file: 'src/elsewhere/new.ts', code: "import { Model } from '../core/model';" },
];

const LEGAL: readonly Case[] = [
  { file: 'src/core/rules/rule.ts', code: "import type { Model } from '../model';" },
  { file: 'src/protocol/engine.ts', code: "import type { Model } from '../core/model';" },
  { file: 'src/extension/extension.ts', code: "import * as vscode from 'vscode'; import { Worker } from 'node:worker_threads'; import { connect } from '../protocol/rpc'; import { ids } from './ids';" },
  { file: 'src/worker/worker.ts', code: "import { open } from 'node:fs/promises'; import { connect } from '../protocol/rpc';" },
  { file: 'src/webview/webview.ts', code: "import type { Data } from 'plotly.js-dist-min'; import type { PageState } from '../protocol/pageContract';" },
  { file: 'src/cli/cli.ts', code: "import { parseArgs } from 'node:util'; import { version } from '../../package.json';" },
  { file: 'test/unit/core/model.test.ts', code: "import { readFile } from 'node:fs/promises'; import { worker } from '../../../src/worker/worker';" },
];

describe('layer borders', function () {
  // Loading the type-checking rules takes some seconds on a busy machine.
  this.timeout(60_000);
  let eslint: ESLint;

  before(() => {
    // The planted files do not exist, so that the rules that need their types cannot run on them; ours needs none.
    eslint = new ESLint({ cwd: ROOT, overrideConfig: tseslint.configs.disableTypeChecked as never });
  });

  async function complaints({ file, code }: Case): Promise<string[]> {
    const [result] = await eslint.lintText(`${code}\n`, { filePath: path.join(ROOT, file) });
    assert.ok(result, 'ESLint looked at the text');
    const broken = result.messages.find((message) => message.fatal);
    assert.equal(broken, undefined, `the planted code parses: ${broken?.message}`);
    return result.messages.filter((message) => message.ruleId === RULE).map((message) => message.message);
  }

  for (const planted of VIOLATIONS) {
    it(`reports in ${planted.file}: ${planted.code}`, async () => {
      const found = await complaints(planted);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', /eslint\/layerBorders\.mjs|docs\/architecture\.md/);
    });
  }

  for (const legal of LEGAL) {
    it(`accepts in ${legal.file}: ${legal.code}`, async () => {
      assert.deepEqual(await complaints(legal), []);
    });
  }
});
