// npm test [-- tier …] [--grep text] [--update-images] [--no-build]: sets itself up, runs every tier (or those named), ends with the sum.
import { build, checkNode, ensureNodeModules, loadTypeScript } from './setUp.mjs';

checkNode();
ensureNodeModules();
const args = process.argv.slice(2);
if (!args.includes('--no-build')) build();
await loadTypeScript('test/support/tiers.ts').main(args.filter((arg) => arg !== '--no-build'));
