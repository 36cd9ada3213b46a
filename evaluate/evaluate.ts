// npm run evaluate: what the rules find in damaged models, and what they say of healthy ones.
//   --half tune|report   which half of the corpora (report)
//   --cases N            of each fault (20)
//   --rule ID            only faults that this rule has to find; healthy models are not judged then
//   --verbose            every miss, and every error and warning about a healthy model
//   --write              puts the table into docs/rules/README.md
import { parseArgs } from 'node:util';
import { isWeight } from '../src/core/model';
import type { Analysis } from '../src/core/analysis';
import { Analyst } from './analyst';
import { FAULTS, plantedCases } from './cases';
import type { Case } from './cases';
import type { Base } from './faults/fault';
import { languageModels, realBases, realModels, SEED_OF, trainedModels } from './healthy';
import type { Half, HealthyModel } from './healthy';
import { falseAlarms, judged, rowsOf } from './score';
import type { Outcome, Verdict } from './score';
import { tableOf, writePage } from './table';
import { trainingCases } from './trainingCases';
import { TrainedNetworks } from './training/corpus';

const { values: options } = parseArgs({
  options: {
    half: { type: 'string', default: 'report' }, cases: { type: 'string', default: '20' }, rule: { type: 'string' },
    verbose: { type: 'boolean', default: false }, write: { type: 'boolean', default: false },
  },
});

void main();

async function main(): Promise<void> {
  const half = options.half as Half;
  if (!Object.hasOwn(SEED_OF, half)) throw new Error(`--half is ${options.half}; it is tune or report.`);
  const analyst = new Analyst();
  const started = performance.now();
  try {
    const { verdicts, bases } = await judgeHealthy(analyst, half);
    const outcomes = await judgeFaulty(analyst, half, bases);
    report(half, outcomes, verdicts);
  } finally {
    analyst.dispose();
  }
  console.error(`${((performance.now() - started) / 1000).toFixed(0)} s`);
}

async function judgeHealthy(analyst: Analyst, half: Half): Promise<{ verdicts: Verdict[]; bases: Base[] }> {
  const verdicts: Verdict[] = [];
  const bases: Base[] = [];
  if (options.rule === undefined) for (const file of realModels()) verdicts.push(verdictOf(file.slice(file.lastIndexOf('node_modules/') + 13), await analyst.analyze(file, { spectra: true }), false));
  for (const healthy of [...(await trainedModels(new TrainedNetworks(), half)), ...realBases(half), ...languageModels(half)]) {
    const analysis = options.rule === undefined ? await analyst.judge(healthy.saved, { spectra: true }) : { model: await analyst.open(healthy.saved), findings: [] };
    if (countsAsHealthy(healthy)) verdicts.push(verdictOf(healthy.name, analysis, healthy.stage === 'start'));
    if (healthy.isBase) bases.push({ name: healthy.name, saved: healthy.saved, model: analysis.model, ...(healthy.untrained && { untrained: healthy.untrained }) });
  }
  return { verdicts, bases };
}

/** Published models were judged as they are; the language model was only made up. */
function countsAsHealthy({ untrained }: HealthyModel): boolean {
  return untrained !== undefined;
}

function verdictOf(model: string, { model: { layers, tensors }, findings }: Pick<Analysis, 'model' | 'findings'>, isUntrained: boolean): Verdict {
  return { model, layers: layers.filter((layer) => layer.tensors.some((index) => isWeight(tensors[index]!))).length, findings, isUntrained };
}

async function judgeFaulty(analyst: Analyst, half: Half, bases: readonly Base[]): Promise<Outcome[]> {
  const faults = options.rule === undefined ? FAULTS : FAULTS.filter(({ rule }) => rule === options.rule);
  const outcomes: Outcome[] = [];
  const seed = SEED_OF[half];
  for (const given of plantedCases(faults, bases, { seed, casesPerFault: Number(options.cases) })) outcomes.push(await outcomeOf(analyst, given));
  if (options.rule === undefined) for (const given of await trainingCases(new TrainedNetworks(), seed)) outcomes.push(await outcomeOf(analyst, given));
  return outcomes;
}

async function outcomeOf(analyst: Analyst, given: Case): Promise<Outcome> {
  return judged(given, (await analyst.judge(given.model, { spectra: given.needsSpectrum })).findings);
}

function report(half: Half, outcomes: readonly Outcome[], verdicts: readonly Verdict[]): void {
  if (options.verbose) printDetails(outcomes, verdicts);
  const rows = rowsOf(outcomes, verdicts).filter(({ rule }) => options.rule === undefined || rule === options.rule);
  const layers = verdicts.reduce((sum, verdict) => sum + verdict.layers, 0);
  const table = tableOf({ rows, layers, models: verdicts.length });
  const text = `\`npm run evaluate -- --half ${half} --cases ${options.cases}\`: ${outcomes.length} damaged models, ${verdicts.length} healthy ones with ${layers} layers.\n\n${table}`;
  console.log(text);
  if (options.write) writePage(text);
}

function printDetails(outcomes: readonly Outcome[], verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    for (const { rule, severity, subject, message } of falseAlarms(verdict)) if (severity !== 'info') console.log(`${severity} ${rule}: ${verdict.model} ${subject.name}: ${message}`);
  }
  for (const { case: { title, rule, subjects }, answer, findings } of outcomes) {
    if (answer) continue;
    const said = findings.filter(({ subject }) => subjects.has(subject.name)).map((finding) => `${finding.severity} ${finding.rule}`);
    console.log(`missed by ${rule}: ${title}; said: ${said.join(', ') || 'nothing'}`);
  }
}
