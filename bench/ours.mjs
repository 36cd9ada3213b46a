// One process that analyses a model some times: node ours.mjs FOLDER WORKERS RUNS MODEL. Prints JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, workers, runs, file] = process.argv.slice(2);
const { makeEngine, judge } = createRequire(import.meta.url)(path.join(folder, 'engine.js'));

const idleBytes = process.memoryUsage().rss;
const engine = makeEngine(folder, Number(workers));
const started = performance.now();
const model = await engine.open(file);
const openMs = performance.now() - started;
const results = [];
const rulesMs = [];
for (let run = 0; run < Number(runs); run++) {
  let firstMs;
  let figuresMs;
  const start = performance.now();
  const onTensor = () => {
    figuresMs = performance.now() - start;
    firstMs ??= figuresMs;
  };
  const analysis = await engine.analyze(model, { noCache: true, onTensor });
  results.push({ ms: performance.now() - start, figuresMs, firstMs });
  const judging = performance.now();
  judge(analysis);
  rulesMs.push(performance.now() - judging);
  const expected = model.tensors.filter((tensor) => tensor.dtype !== 'string').length;
  if (analysis.statistics.size !== expected) throw new Error(`${expected - analysis.statistics.size} tensors have no statistics`);
}
engine.dispose();
console.log(JSON.stringify({ openMs, results, rulesMs, peakBytes: peakBytes() - idleBytes, tensors: model.tensors.length }));

/** Of the whole process, its threads included. */
function peakBytes() {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}
