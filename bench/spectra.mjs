// npm run bench:spectra: singular values beside numpy's, on one thread each.
//   --rounds N        turns, of which the median counts (3)
//   --sizes A,B       rows and columns of square matrices (512,1024,2048)
//   --top N           also the largest values of an N × N matrix beyond the limit of all values (0: left out)
//   --python A,B      interpreters with numpy (python3)
//   --ml-matrix DIR   also the npm package ml-matrix, where DIR/node_modules has it; up to 512 × 512, as it takes long
//   --no-write        leaves RESULTS-spectra.md as it is
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';

const MOST_OF_LIBRARY = 512;
/** Singular values that matter: the others are compared with the largest. */
const MATTERS = 1e-3;

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' }, sizes: { type: 'string', default: '512,1024,2048' }, top: { type: 'string', default: '0' },
    python: { type: 'string', default: 'python3' }, 'ml-matrix': { type: 'string' }, 'no-write': { type: 'boolean', default: false },
  },
});

/** One Python process that takes a line a run. */
class Peer {
  #child;
  #lines;

  constructor(python) {
    const single = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    this.#child = spawn(python, [path.join(here, 'spectra_peer.py')], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...single } });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.name = python;
  }

  async ask(file, size) {
    const out = `${file}.values`;
    this.#child.stdin.write(`${file} ${size} ${size} ${out}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended: has it numpy?`);
    const { ms, numpy, blas } = JSON.parse(value);
    this.name = `numpy ${numpy} (${blas})`;
    const bytes = readFileSync(out);
    return { ms, values: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
  }

  end() {
    this.#child.stdin.end();
  }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-spectra-'));
const peers = options.python.split(',').map((python) => new Peer(python));
try {
  await main();
} finally {
  for (const peer of peers) peer.end();
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  build();
  const { makeEngine } = createRequire(import.meta.url)(path.join(folder, 'engine.js'));
  const engine = makeEngine(folder, 1);
  const rows = [];
  for (const size of options.sizes.split(',').map(Number)) rows.push(...await compare(engine, size));
  if (options.top !== '0') rows.push(...await compare(engine, Number(options.top), 1));
  engine.dispose();
  const text = report(rows);
  console.log(text);
  if (!options['no-write']) {
    const kept = notes();
    writeFileSync(path.join(here, 'RESULTS-spectra.md'), text + kept);
  }
}

/** In turns: the speed of a shared machine wanders by more than what is to be found out. */
async function compare(engine, size, rounds = Number(options.rounds)) {
  process.stderr.write(`${size} × ${size} ...\n`);
  const file = writeMatrix(size);
  const turns = [];
  let spectrum;
  for (let round = 0; round < rounds; round++) {
    // A model that is opened anew has no spectra yet.
    const model = await engine.open(file);
    const start = performance.now();
    spectrum = await engine.spectrum(model, 0);
    const own = performance.now() - start;
    const theirs = [];
    for (const peer of peers) theirs.push(await peer.ask(path.join(path.dirname(file), 'shard0.bin'), size));
    turns.push({ own, theirs, library: library(path.join(path.dirname(file), 'shard0.bin'), size) });
  }
  return peers.map((peer, i) => ({
    size,
    values: spectrum.singularValues.length,
    own: median(turns.map(({ own }) => own)),
    name: peer.name,
    theirs: median(turns.map(({ theirs }) => theirs[i].ms)),
    ratio: median(turns.map(({ own, theirs }) => own / theirs[i].ms)),
    library: median(turns.map((turn) => turn.library)),
    error: errorOf(spectrum.singularValues, turns[0].theirs[i].values),
  }));
}

/** Largest relative difference of the values that matter. */
function errorOf(ours, theirs) {
  let worst = 0;
  ours.forEach((value, i) => {
    if (theirs[i] >= MATTERS * theirs[0]) worst = Math.max(worst, Math.abs(value / theirs[i] - 1));
  });
  return worst;
}

/** Normal weights with ten directions that stand out. */
function writeMatrix(size) {
  const own = path.join(folder, String(size));
  mkdirSync(own);
  let state = size;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const vectors = Array.from({ length: 10 }, () => [Float64Array.from({ length: size }, normal), Float64Array.from({ length: size }, normal)]);
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let value = normal();
      for (let k = 0; k < 10; k++) value += (0.3 / (k + 1)) * vectors[k][0][i] * vectors[k][1][j];
      values[i * size + j] = 0.03 * value;
    }
  }
  writeFileSync(path.join(own, 'shard0.bin'), values);
  const file = path.join(own, 'model-weights_manifest.json');
  writeFileSync(file, JSON.stringify([{ paths: ['shard0.bin'], weights: [{ name: 'dense/kernel', shape: [size, size], dtype: 'float32' }] }]));
  return file;
}

function library(file, size) {
  const place = options['ml-matrix'];
  if (!place || size > MOST_OF_LIBRARY) return NaN;
  const { Matrix, EigenvalueDecomposition } = createRequire(path.join(path.resolve(place), 'package.json'))('ml-matrix');
  const bytes = readFileSync(file);
  const matrix = Matrix.from1DArray(size, size, new Float32Array(bytes.buffer, bytes.byteOffset, size * size));
  const start = performance.now();
  new EigenvalueDecomposition(matrix.transpose().mmul(matrix), { assumeSymmetric: true });
  return performance.now() - start;
}

function build() {
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  for (const [entry, config] of [['kernel', 'asconfig.json'], ['linear', 'linear.asconfig.json']]) {
    const args = ['--target', 'release', '--config', path.join(root, 'src/kernel', config), '--outFile', path.join(folder, `${entry}.wasm`)];
    execFileSync(process.execPath, [asc, path.join(root, `src/kernel/${entry}.ts`), ...args], { cwd: root, stdio: 'inherit' });
  }
  esbuild.buildSync({
    entryPoints: { engine: path.join(here, 'engine.ts'), worker: path.join(root, 'src/worker/worker.ts') },
    bundle: true, platform: 'node', target: 'node20', format: 'cjs', mainFields: ['module', 'main'], outdir: folder, logLevel: 'error',
  });
}

function report(rows) {
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown';
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const [one, five, fifteen] = os.loadavg().map((load) => load.toFixed(0));
  const seconds = (ms) => (Number.isNaN(ms) ? '–' : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);
  const lines = rows.map(({ size, values, own, name, theirs, ratio, library: other, error }) =>
    `| ${size} × ${size} | ${values} | ${seconds(own)} | ${name} | ${seconds(theirs)} | ${ratio.toFixed(2)} × | ${error.toExponential(0)} | ${seconds(other)} |`);
  return `# Spectra, measured

\`npm run bench:spectra\`, ${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${os.availableParallelism()} × ${cpu}, Node ${process.versions.node}, load ${one}, ${five}, ${fifteen}. One thread each, in turns, medians of ${options.rounds}.
Ours is the whole request: reading the file, all singular values, their moments, and the largest values of the shuffled matrix. numpy's is \`numpy.linalg.svd(compute_uv=False)\` in float64.

| matrix | values | Weightgram | beside | time | ratio | largest relative difference, values ≥ 1e-3 of the largest | ml-matrix, Gram + EVD |
| --- | --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}

/** What was written below the table by hand stays. */
function notes() {
  const known = path.join(here, 'RESULTS-spectra.md');
  try {
    const text = readFileSync(known, 'utf8');
    return text.includes('\n## ') ? text.slice(text.indexOf('\n## ')) : '';
  } catch {
    return '';
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
