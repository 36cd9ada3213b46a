// npm run bench: the engine beside merely reading the file, and beside numpy, on models made for it.
//   --rounds N    turns of each measurement, of which the median counts (3)
//   --sizes A,B   GiB of the float32 models (0.25,0.5,1)
//   --only-rules  what the rules cost, and nothing else; leaves RESULTS.md as it is
//   --no-write    leaves RESULTS.md as it is
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildEngine, circumstances, GIB, here, median, ours as analyseIn, percent, root, runJson, table } from './common.mjs';
import { writeModel } from './models.mjs';

const WORKERS = 2;
const RULES_RUNS = 15;
/** Before the compiler has seen the code often enough. */
const WARM_RUNS = 5;
const RUNS_A_ROUND = 5;
/** What the engine reads at a time (CHUNK_BYTES of src/core/statistics/kernel.ts), and what reading alone is fastest with. */
const CHUNK_SIZES = [256 * 1024, 1024 * 1024];
/** numpy takes minutes for 1 GiB: it gets a model of this size, and speeds are compared by byte. */
const NUMPY_BYTES = 0.25 * GIB;

/** Published models, whose tensors are small: there the rules weigh most beside the statistics. */
const REAL_MODELS = ['@upscalerjs/esrgan-slim/models/x2/model.json', '@spotify/basic-pitch/model/model.json', '@vladmandic/face-api/model/ssd_mobilenetv1_model-weights_manifest.json', '@vladmandic/face-api/model/face_recognition_model-weights_manifest.json'];

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, sizes: { type: 'string', default: '0.25,0.5,1' }, 'no-write': { type: 'boolean', default: false }, 'only-rules': { type: 'boolean', default: false } } });
const rounds = Number(options.rounds);
const sizes = options.sizes.split(',').map(Number);

const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-bench-'));
try {
  main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function main() {
  buildEngine(folder);
  if (options['only-rules']) return void console.log(rulesSection());
  const python = findNumpy();
  const sections = [];
  const float32 = sizes.map((size) => measure(`float32, ${size} GiB`, writeModel(path.join(folder, `f32-${size}`), size * GIB)));
  const largest = float32[float32.length - 1];
  const float16 = measure(`float16, ${sizes[sizes.length - 1]} GiB`, writeModel(path.join(folder, 'f16'), sizes[sizes.length - 1] * GIB, true));
  sections.push(speedTable([...float32, float16]));
  const perByte = float32.map((result) => 1 / result.speed);
  sections.push(`Time per byte from ${sizes[0]} to ${sizes[sizes.length - 1]} GiB: largest ${((Math.max(...perByte) / Math.min(...perByte) - 1) * 100).toFixed(0)} % above the smallest.`);
  sections.push(peerSection(python, [['float32', largest, false], ['float16', float16, true]]));
  sections.push(rulesSection());
  const text = [heading(), ...sections].join('\n\n') + '\n';
  console.log(`\n${text}`);
  if (!options['no-write']) writeFileSync(path.join(here, 'RESULTS.md'), text);
}

/**
 * What is compared is measured in turns, and ratios are those of one turn: the speed of a shared machine wanders by more than
 * what is to be found out.
 */
function measure(name, model) {
  process.stderr.write(`${name}: ${model.tensors} tensors ...\n`);
  readSpeed(model, 1, 1, CHUNK_SIZES[1]);
  const turns = Array.from({ length: rounds }, () => {
    const readOne = Math.max(...CHUNK_SIZES.map((chunk) => readSpeed(model, 1, RUNS_A_ROUND, chunk)));
    const readAll = Math.max(...CHUNK_SIZES.map((chunk) => readSpeed(model, WORKERS, RUNS_A_ROUND, chunk)));
    return { ...analyse(model, RUNS_A_ROUND + 1), readOne, readAll };
  });
  // A process that analyses again and again also holds the results before, until they are collected.
  const { peakBytes } = ours(model, 1);
  const of = (figure) => median(turns.map(figure));
  return {
    name, model, peakBytes, speed: of((turn) => turn.speed), wholeMs: of((turn) => turn.wholeMs), freshSpeed: of((turn) => turn.freshSpeed), readOne: of((turn) => turn.readOne), readAll: of((turn) => turn.readAll),
    ofReadOne: of((turn) => turn.speed / turn.readOne), ofReadAll: of((turn) => turn.speed / turn.readAll), firstShare: of((turn) => turn.firstShare), freshFirstShare: of((turn) => turn.freshFirstShare),
  };
}

/** GB/s, median of all analyses of a process but its first one, which is told apart. */
function analyse(model, times) {
  const [first, ...rest] = ours(model, times).results;
  // numpy and reading have figures only: our rules come on top, and have a column of their own.
  const speed = (run) => model.bytes / run.figuresMs / 1e6;
  return {
    speed: median(rest.map(speed)), wholeMs: median(rest.map((run) => run.ms)), firstShare: median(rest.map((run) => run.firstMs / run.ms)),
    freshSpeed: speed(first), freshFirstShare: first.firstMs / first.ms,
  };
}

/** An analysis holds statistics and rules: what the rules add to the rest of it. */
function rulesSection() {
  const models = [{ name: `float32, ${NUMPY_BYTES / GIB} GiB`, file: writeModel(path.join(folder, 'rules'), NUMPY_BYTES).file }, ...REAL_MODELS.map((name) => ({ name, file: path.join(root, 'node_modules', name) }))];
  const rows = models.map((model) => {
    process.stderr.write(`rules, ${model.name} ...\n`);
    const { results, rulesMs, tensors } = ours(model, RULES_RUNS);
    const [analysisMs, ruleMs] = [median(results.slice(WARM_RUNS).map((run) => run.ms)), median(rulesMs.slice(WARM_RUNS))];
    return [model.name, String(tensors), `${analysisMs.toFixed(1)} ms`, `${ruleMs.toFixed(2)} ms`, `${rulesMs[0].toFixed(1)} ms`, percent(ruleMs / (analysisMs - ruleMs), 1)];
  });
  return `What all rules cost, beside the statistics of the same analysis:\n\n${table(['model', 'tensors', 'analysis', 'rules', 'rules, first time in a process', 'rules over statistics alone'], rows)}`;
}

function ours(model, times) {
  return analyseIn(folder, WORKERS, model.file, times);
}

/** GB/s, median. */
function readSpeed(model, threads, count, chunkBytes) {
  const { ms } = runJson(process.execPath, [path.join(here, 'read.mjs'), String(threads), String(count), String(chunkBytes), model.file]);
  return model.bytes / median(ms) / 1e6;
}

function speedTable(results) {
  const rows = results.map(({ name, model, speed, wholeMs, freshSpeed, readOne, readAll, ofReadOne, ofReadAll, firstShare, freshFirstShare, peakBytes }) => [
    name, String(model.tensors), `${speed.toFixed(2)} GB/s (${(model.bytes / speed / 1e6).toFixed(0)} ms)`, `${wholeMs.toFixed(0)} ms`, `${freshSpeed.toFixed(2)} GB/s`,
    `${readOne.toFixed(1)} GB/s`, `${readAll.toFixed(1)} GB/s`, percent(ofReadOne), percent(ofReadAll),
    `${percent(firstShare, 1)} (${percent(freshFirstShare, 1)})`, `${(peakBytes / 1e6).toFixed(0)} MB`,
  ]);
  const titles = ['model', 'tensors', `all figures, ${WORKERS} workers`, 'with all rules', 'figures in a fresh process', 'reading, 1 thread', `reading, ${WORKERS} threads`, 'of reading, 1 thread', `of reading, ${WORKERS} threads`, 'first result after (fresh)', 'peak memory over idle (one analysis)'];
  return table(titles, rows);
}

function peerSection(python, cases) {
  if (!python.path) return `numpy: not measured, because ${python.reason}`;
  const rows = cases.map(([name, large, isHalf]) => {
    process.stderr.write(`numpy, ${name} ...\n`);
    const model = writeModel(path.join(folder, `numpy-${name}`), NUMPY_BYTES, isHalf);
    const turns = Array.from({ length: rounds }, () => {
      const { speed } = analyse(large.model, RUNS_A_ROUND + 1);
      const peer = (...flags) => runJson(python.path, [path.join(here, 'numpy_peer.py'), model.file, ...flags]);
      const report = peer();
      return { speed, report: model.bytes / report.ms / 1e6, withUnits: model.bytes / peer('--units').ms / 1e6, numpy: report.numpy };
    });
    const of = (figure) => median(turns.map(figure));
    return [
      name, `${of((turn) => turn.speed).toFixed(2)} GB/s`,
      `${of((turn) => turn.report).toFixed(4)} GB/s`, `${of((turn) => turn.speed / turn.report).toFixed(0)} ×`,
      `${of((turn) => turn.withUnits).toFixed(4)} GB/s`, `${of((turn) => turn.speed / turn.withUnits).toFixed(0)} ×`, turns[0].numpy,
    ];
  });
  const titles = ['type', 'Weightgram', 'numpy, figures of the report', 'ratio', 'numpy, units too', 'ratio, same work', 'numpy version'];
  return `The same figures with numpy (numpy_peer.py, a model of ${NUMPY_BYTES / GIB} GiB, compared by byte; numpy's time leaves reading out, ours does not), in turns. Weightgram's pass also counts magnitude, norm and sum of every output unit and input channel: *units too* lets numpy do the same work.\n\n${table(titles, rows)}`;
}

function findNumpy() {
  let reason = 'there is no python3';
  for (const candidate of ['python3', '/usr/bin/python3']) {
    try {
      execFileSync(candidate, ['-c', 'import numpy'], { stdio: 'pipe' });
      return { path: candidate };
    } catch (error) {
      if (error.code !== 'ENOENT') reason = `${candidate} has no numpy (on Debian: apt-get install python3-numpy)`;
    }
  }
  return { reason };
}

function heading() {
  return `# Measured\n\n${circumstances('bench')} Files in the page cache, medians of ${rounds} rounds of ${RUNS_A_ROUND} runs.`;
}
