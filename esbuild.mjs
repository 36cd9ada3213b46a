// Builds everything that ships: node esbuild.mjs [--watch] [--minify]
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');
const dist = path.join(root, 'dist');

/** The kernels are WebAssembly: the AssemblyScript compiler makes them, esbuild only sees files beside the bundles. */
function buildKernel(entry, config) {
  const asc = require.resolve('assemblyscript/bin/asc.js');
  const args = ['--target', 'release', '--config', path.join(root, 'src/kernel', config)];
  execFileSync(process.execPath, [asc, path.join(root, 'src/kernel', entry), ...args], { cwd: root, stdio: 'inherit' });
}

const common = { bundle: true, sourcemap: true, minify, logLevel: 'info', legalComments: 'none', outdir: dist };
// jsonc-parser's UMD build requires its parts by names that a bundler cannot follow: take the ES modules where a package has them.
const node = { ...common, platform: 'node', target: 'node20', format: 'cjs', mainFields: ['module', 'main'] };
const configurations = [
  { ...node, entryPoints: { extension: 'src/extension/extension.ts' }, external: ['vscode'] },
  { ...node, entryPoints: { worker: 'src/worker/worker.ts' } },
  { ...node, entryPoints: { cli: 'src/cli/cli.ts' }, banner: { js: '#!/usr/bin/env node' } },
  { ...common, platform: 'browser', target: 'es2022', format: 'iife', entryPoints: { webview: 'src/webview/webview.ts' }, loader: { '.css': 'css' } },
];

if (!watch) rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
buildKernel('kernel.ts', 'asconfig.json');
buildKernel('linear.ts', 'linear.asconfig.json');
// Plotly is loaded by the page as a script of its own, after the first paint.
cpSync(path.join(path.dirname(require.resolve('plotly.js-dist-min/package.json')), 'plotly.min.js'), path.join(dist, 'plotly.min.js'));

const present = configurations.filter((c) => Object.values(c.entryPoints).every((entry) => existsSync(path.join(root, entry))));
if (watch) {
  for (const configuration of present) await (await esbuild.context(configuration)).watch();
} else {
  await Promise.all(present.map((configuration) => esbuild.build(configuration)));
}
