// npm run package: builds, minified, and makes weightgram-<version>.vsix.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build, checkNode, ensureNodeModules, loadTypeScript, ROOT } from './setUp.mjs';

checkNode();
ensureNodeModules();
build({ minify: true });
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const { file, bytes } = loadTypeScript('scripts/vsix.ts').packageExtension(path.join(ROOT, `weightgram-${version}.vsix`));
console.log(`${path.relative(ROOT, file)}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
