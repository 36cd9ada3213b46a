// npm run bench:formats: every format's figures beside numpy's, and how long large models take to be listed.
//   --mib N         MiB of weights of each file (1024)
//   --peer-mib N    MiB of the file that numpy gets, which takes minutes for a GiB: speeds are compared by byte (64)
//   --rounds N      turns of each measurement, of which the median counts (3)
//   --only A,B      cases by name; "listing" among them
//   --python A,B    interpreters that are asked for numpy and the formats' libraries, the first one that has them (python3,/usr/bin/python3)
//   --no-write      leaves RESULTS-formats.md as it is
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { buildEngine, circumstances, here, median, ours, percent, root, runJson, table } from './common.mjs';

const WORKERS = 2;
const RUNS_A_ROUND = 4;
const MIB = 2 ** 20;
const SPARSE_BYTES = 300e9;
const MANY_TENSORS = 100_000;
const LISTINGS = 5;

/** `modules` of Python write and read it. */
const CASES = [
  { name: 'safetensors-f32', title: 'safetensors F32', file: 'model.safetensors', modules: ['numpy'] },
  { name: 'safetensors-bf16', title: 'safetensors BF16', file: 'model.safetensors', modules: ['numpy'] },
  { name: 'safetensors-f16', title: 'safetensors F16', file: 'model.safetensors', modules: ['numpy'] },
  { name: 'safetensors-f8', title: 'safetensors F8_E4M3', file: 'model.safetensors', modules: ['numpy', 'ml_dtypes'] },
  { name: 'gguf-q8_0', title: 'GGUF Q8_0', file: 'model.gguf', modules: ['numpy', 'gguf'] },
  { name: 'gguf-q4_k', title: 'GGUF Q4_K', file: 'model.gguf', modules: ['numpy', 'gguf'] },
  { name: 'pytorch', title: 'PyTorch zip, float32', file: 'model.pt', modules: ['numpy', 'torch'], probe: 'torch.from_numpy(numpy.zeros(1))' },
  { name: 'onnx', title: 'ONNX, external data, float32', file: 'model.onnx', modules: ['numpy', 'onnx'] },
  { name: 'hdf5', title: 'HDF5 contiguous, float32', file: 'model.h5', modules: ['numpy', 'h5py'] },
  { name: 'hdf5-gzip', title: 'HDF5 gzip 4, float32', file: 'model.h5', modules: ['numpy', 'h5py'], deflateLevel: 4 },
  { name: 'npz', title: 'npz deflated, float32', file: 'model.npz', modules: ['numpy'], deflateLevel: 6 },
];

const { values: options } = parseArgs({ options: {
  mib: { type: 'string', default: '1024' }, 'peer-mib': { type: 'string', default: '64' }, rounds: { type: 'string', default: '3' }, only: { type: 'string' },
  python: { type: 'string', default: 'python3,/usr/bin/python3' }, 'no-write': { type: 'boolean', default: false },
} });
const rounds = Number(options.rounds);
const wanted = options.only?.split(',');
const interpreters = new Map();
const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-bench-'));
try {
  main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function main() {
  buildEngine(folder, { sparseModel: path.join(root, 'test/support/sparseModel.ts') });
  const rows = CASES.filter(({ name }) => !wanted || wanted.includes(name)).map(measure);
  const titles = ['file', 'weights', `all figures, ${WORKERS} workers`, 'first result after', 'peak memory over idle', 'numpy, same figures', 'ratio', 'inflate alone, 1 thread', 'numpy'];
  const sections = [
    `# Formats, measured\n\n${circumstances('bench:formats')} Files of ${options.mib} MiB of weights in the page cache, medians of ${rounds} turns of ${RUNS_A_ROUND} runs (the first of a process left out).`,
    table(titles, rows),
    `Speeds are bytes of weights as stored, of deflated files as unpacked. numpy gets the same figures from a file of ${options['peer-mib']} MiB by the format's own library (formats_peer.py): with its decoding, float32 first where numpy has no such type, in one thread, as numpy works. *inflate alone* is zlib on such numbers.`,
    ...(wanted && !wanted.includes('listing') ? [] : [listings()]),
  ];
  const text = `${sections.join('\n\n')}\n`;
  console.log(`\n${text}`);
  if (!options['no-write']) writeFileSync(path.join(here, 'RESULTS-formats.md'), text);
}

function measure(one) {
  const { name, title, modules, probe = '', deflateLevel } = one;
  process.stderr.write(`${title} ...\n`);
  const python = pythonWith(modules, probe);
  if (!python) return [title, ...new Array(7).fill('–'), `not measured: no Python with ${modules.join(', ')}`];
  const large = write(python, one, Number(options.mib));
  const small = write(python, one, Number(options['peer-mib']));
  const turns = Array.from({ length: rounds }, () => {
    const later = ours(folder, WORKERS, large.file, RUNS_A_ROUND + 1).results.slice(1);
    const peer = runJson(python, [path.join(here, 'formats_peer.py'), name, small.file]);
    const speed = median(later.map(({ figuresMs }) => large.bytes / figuresMs / 1e6));
    return { speed, first: median(later.map(({ firstMs, figuresMs }) => firstMs / figuresMs)), peer: small.bytes / peer.ms / 1e6, numpy: peer.numpy };
  });
  const { peakBytes, tensors } = ours(folder, WORKERS, large.file, 1);
  for (const { file } of [large, small]) rmSync(path.dirname(file), { recursive: true });
  const of = (figure) => median(turns.map(figure));
  const speed = of((turn) => turn.speed);
  return [
    title, `${(large.bytes / MIB).toFixed(0)} MiB in ${tensors} tensors`, `${speed.toFixed(2)} GB/s (${(large.bytes / speed / 1e6).toFixed(0)} ms)`, percent(of((turn) => turn.first), 1),
    `${(peakBytes / 1e6).toFixed(0)} MB`, `${of((turn) => turn.peer).toFixed(4)} GB/s`, `${of((turn) => turn.speed / turn.peer).toFixed(0)} ×`, deflateLevel === undefined ? '–' : `${inflateSpeed(deflateLevel).toFixed(2)} GB/s`, turns[0].numpy,
  ];
}

function write(python, { name, file }, mib) {
  const own = mkdtempSync(path.join(folder, `${name}-`));
  const target = path.join(own, file);
  return { file: target, ...runJson(python, [path.join(here, 'formats_files.py'), name, target, String(mib)]) };
}

/** A library may be there and not fit the numpy beside it: `probe` tries. */
function pythonWith(modules, probe) {
  const key = modules.join();
  if (!interpreters.has(key)) interpreters.set(key, options.python.split(',').find((candidate) => runs(candidate, `import ${key}\n${probe}`)));
  return interpreters.get(key);
}

function runs(python, code) {
  try {
    execFileSync(python, ['-c', code], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** GB/s of normal float32 numbers unpacked by zlib. */
function inflateSpeed(level) {
  const numbers = new Float32Array((16 * MIB) / 4);
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < numbers.length; i++) numbers[i] = 0.02 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  const packed = deflateRawSync(Buffer.from(numbers.buffer), { level });
  return median(Array.from({ length: 5 }, () => {
    const began = performance.now();
    inflateRawSync(packed);
    return numbers.byteLength / (performance.now() - began) / 1e6;
  }));
}

/** From the start of an engine to the list of a model's tensors. */
function listings() {
  const { writeSparseModel } = createRequire(import.meta.url)(path.join(folder, 'sparseModel.js'));
  const sparse = writeSparseModel(path.join(folder, 'sparse'), SPARSE_BYTES);
  const models = [[`sharded safetensors of 300 GB, ${sparse.shards} shards of holes`, sparse.file], [`safetensors of ${MANY_TENSORS} tensors`, writeManyTensors(path.join(folder, 'many.safetensors'))]];
  const rows = models.map(([title, file]) => {
    process.stderr.write(`listing ${title} ...\n`);
    const runs = Array.from({ length: LISTINGS }, () => ours(folder, WORKERS, file, 0));
    return [title, String(runs[0].tensors), `${median(runs.map(({ openMs }) => openMs)).toFixed(0)} ms`, `${(median(runs.map(({ peakBytes }) => peakBytes)) / 1e6).toFixed(0)} MB`];
  });
  return `Listing, from the start of the workers to all tensors with their layers, median of ${LISTINGS} processes:\n\n${table(['model', 'tensors', 'listed after', 'peak memory over idle'], rows)}`;
}

/** Experts of 16 weights each; no value matters here. */
function writeManyTensors(file) {
  const header = {};
  for (let i = 0; i < MANY_TENSORS; i++) header[`model.layers.${Math.floor(i / 256)}.mlp.experts.${i % 256}.up_proj.weight`] = { dtype: 'F32', shape: [4, 4], data_offsets: [i * 64, (i + 1) * 64] };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, Buffer.concat([length, text, Buffer.alloc(MANY_TENSORS * 64)]));
  closeSync(descriptor);
  return file;
}
