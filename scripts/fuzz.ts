// npm run fuzz: damaged and forged files of every format. Ends with 1 where one of them did what no file may do.
//   --only A,B       formats by id
//   --iterations N   files a format (20000)
//   --seed N         of the random numbers (1): the same number makes the same files
//   --first N        the first iteration; with --iterations 1 and --save FOLDER one input is made again and kept
//   --save FOLDER    writes the files of each failure into it
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { FORMATS } from '../src/core/formats/index';
import { readCorpus } from '../test/support/fuzz/corpus';
import type { Seed } from '../test/support/fuzz/corpus';
import { mutatedFiles } from '../test/support/fuzz/fuzzWorker';
import type { Failure } from '../test/support/fuzz/fuzzWorker';
import { runFuzz } from '../test/support/fuzz/runFuzz';

/** Lines of a stack that tell where a failure came from. */
const STACK_LINES = 6;
const MOST_TOLD = 12;

interface Options {
  readonly seed: number;
  readonly first: number;
  readonly iterations: number;
  readonly save: string | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, iterations: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' }, first: { type: 'string', default: '0' }, save: { type: 'string' } } });
  const options = { seed: Number(values.seed), first: Number(values.first), iterations: Number(values.iterations), save: values.save };
  const wanted = values.only?.split(',') ?? FORMATS.map(({ id }) => id);
  const corpus = readCorpus();
  let failed = 0;
  for (const format of wanted) {
    const seeds = corpus.get(format) ?? [];
    if (seeds.length === 0) {
      console.log(`${format}: no seeds in test/fixtures/models`);
      failed++;
      continue;
    }
    failed += await fuzz(format, seeds, options);
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

async function fuzz(format: string, seeds: readonly Seed[], options: Options): Promise<number> {
  const began = performance.now();
  const { outcomes, failures, slowestMs } = await runFuzz({ format, seeds, ...options });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${format}: ${options.iterations} inputs of ${seeds.length} seeds in ${seconds} s (seed ${options.seed}): ${outcomes.opened} opened, ${outcomes.refused} refused, ${outcomes.foreign} not recognised; slowest ${slowestMs.toFixed(0)} ms; ${failures.length} failures`);
  for (const [, alike] of [...byPlace(failures)].slice(0, MOST_TOLD)) tell(format, seeds, options, alike);
  return failures.length;
}

/** Failures of the same origin are one. */
function byPlace(failures: readonly Failure[]): Map<string, Failure[]> {
  const groups = new Map<string, Failure[]>();
  for (const failure of failures) {
    const place = failure.kind + (failure.message.split('\n').find((line) => line.trimStart().startsWith('at ')) ?? '').replace(/\d+:\d+\)?$/, '');
    groups.set(place, [...(groups.get(place) ?? []), failure]);
  }
  return groups;
}

function tell(format: string, seeds: readonly Seed[], { seed, save }: Options, [failure, ...others]: readonly Failure[]): void {
  const { iteration, kind, message } = failure!;
  const { files, changed, seed: from } = mutatedFiles({ format, seeds, seed }, iteration);
  console.log(`  ${kind} × ${others.length + 1}: npm run fuzz -- --only ${format} --seed ${seed} --first ${iteration} --iterations 1  (${changed} of ${from.name})`);
  console.log(message.split('\n').slice(0, STACK_LINES).map((line) => `    ${line.slice(0, 300)}`).join('\n'));
  if (save === undefined) return;
  const target = path.join(save, `${format}-${seed}-${iteration}`, changed);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, files.get(changed)!);
}

void main();
