// npm start [-- --port N | --browser | --check]: builds, makes an example workspace, and opens VS Code on it with Weightgram.
import { build, checkNode, ensureNodeModules, loadTypeScript } from './setUp.mjs';

checkNode();
ensureNodeModules();
const args = process.argv.slice(2);
if (!args.includes('--no-build')) build();
await loadTypeScript('scripts/openExample.ts').main(args.filter((arg) => arg !== '--no-build'));
