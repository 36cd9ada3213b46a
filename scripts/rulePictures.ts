// npx tsx scripts/rulePictures.ts [RULE…]: draws docs/rules/images/<rule>.svg, the healthy case beside the suspicious one, from
// the labelled cases of the evaluation. Trains its networks where they are not in the cache.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Tensor } from '../src/core/model';
import { formatNumber } from '../src/core/numberText';
import { RULES } from '../src/core/rules/index';
import { Analyst } from '../evaluate/analyst';
import { FAULTS, plantedCases } from '../evaluate/cases';
import type { Case } from '../evaluate/cases';
import type { Base } from '../evaluate/faults/fault';
import { languageModels, realBases, SEED_OF, trainedModels } from '../evaluate/healthy';
import { pictureSvg } from '../evaluate/pictures/panel';
import type { Panel } from '../evaluate/pictures/panel';
import { pickleNamePanels } from '../evaluate/pictures/pickleNames';
import { channels, differences, file, histogram, inputs, kernels, magnitudes, order, outputs, rows, tails } from '../evaluate/pictures/views';
import type { Sight, View } from '../evaluate/pictures/views';
import type { SavedModel } from '../evaluate/savedModel';
import { judged } from '../evaluate/score';
import { TrainedNetworks } from '../evaluate/training/corpus';

const FOLDER = path.resolve(__dirname, '../docs/rules/images');

/** What shows the fault; rules that are not here are seen in a histogram. */
const VIEWS: Readonly<Record<string, View>> = {
  'unreadable-tensor': file, 'inconsistent-data': file, 'misread-bytes': magnitudes, 'absurd-magnitude': magnitudes, 'zero-run': order,
  'float16-overflow': magnitudes, 'float16-underflow': magnitudes, 'float8-overflow': magnitudes,
  'extreme-spike': tails, 'heavy-tails': tails, 'outlier-share': tails, 'super-weight': tails, incoherence: tails, 'int8-noise': tails, 'quantization-robustness': tails,
  'dead-output-units': outputs, 'weak-units': outputs, 'duplicate-units': outputs, 'channel-range-disparity': outputs,
  'dead-input-channels': inputs, 'outlier-features': inputs, 'dead-rows': rows, 'under-trained-tokens': rows,
  'running-variance': channels, 'running-statistics-at-init': channels, 'small-normalization-scale': channels, 'dead-normalized-channels': channels,
  'zero-residual-scale': channels, 'fold-amplification': channels, 'outlier-dimensions': channels, 'bias-outlier': channels,
  'exploding-variance': kernels, 'abnormal-norm': kernels, 'cross-layer-outlier': kernels, 'spectral-norm-outlier': kernels,
};

/** Faults of files that the models of the evaluation cannot have. */
const OWN: Readonly<Record<string, () => Promise<[Panel, Panel]>>> = { 'unsafe-pickle': pickleNamePanels };

/** Which tensor of the layer shows it best, by the end of its name. */
const SHOWN: Readonly<Record<string, string>> = { 'dead-normalized-channels': 'beta', 'fold-amplification': 'gamma', 'running-statistics-at-init': 'moving_variance' };

void main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<void> {
  const analyst = new Analyst();
  mkdirSync(FOLDER, { recursive: true });
  try {
    const ids = RULES.map(({ id }) => id).filter((id) => wanted.length === 0 || wanted.includes(id));
    const bases = ids.every((id) => id in OWN) ? [] : await basesOf(analyst);
    for (const id of ids) {
      if (id in OWN) {
        writeFileSync(path.join(FOLDER, `${id}.svg`), pictureSvg(id, ...(await OWN[id]!())));
        continue;
      }
      const shown = await bestCase(analyst, id, bases);
      if (!shown) throw new Error(`no labelled case of ${id} can be drawn: evaluate/faults has none of it`);
      writeFileSync(path.join(FOLDER, `${id}.svg`), pictureSvg(id, ...(await panelsOf(analyst, id, shown))));
    }
  } finally {
    analyst.dispose();
  }
}

async function basesOf(analyst: Analyst): Promise<Base[]> {
  const all = [...(await trainedModels(new TrainedNetworks(), 'report')), ...realBases('report'), ...languageModels('report')];
  const bases: Base[] = [];
  for (const { isBase, stage, name, saved, untrained } of all) {
    if (isBase && stage === 'end') bases.push({ name, saved, model: (await analyst.judge(saved)).model, ...(untrained && { untrained }) });
  }
  return bases;
}

/** The first case that the rule itself answers; where rules that say more of it always speak in its place, the first of all. */
async function bestCase(analyst: Analyst, rule: string, bases: readonly Base[]): Promise<Case | undefined> {
  const cases = plantedCases(FAULTS.filter((fault) => fault.rule === rule), bases, { seed: SEED_OF.report, casesPerFault: 12 });
  let first: Case | undefined;
  for (const given of cases) {
    first ??= given;
    const { answer } = judged(given, (await analyst.judge(given.model, { spectra: given.needsSpectrum })).findings);
    if (answer?.rule === rule) return given;
  }
  return first;
}

async function panelsOf(analyst: Analyst, rule: string, given: Case): Promise<[Panel, Panel]> {
  const { base, tensor } = given.place!;
  const shown = tensorShown(rule, base, tensor);
  if (given.needsSpectrum && VIEWS[rule] === undefined) return [await spectrumPanel(analyst, base.saved, shown), await spectrumPanel(analyst, given.model, shown)];
  const healthy: Sight = { saved: base.saved, model: base.model, tensor: shown };
  const view = rule === 'identical-tensors' ? differences([...given.subjects].find((name) => name !== tensor.name && base.saved.weights.some((weight) => weight.name === name))!) : (VIEWS[rule] ?? histogram);
  return [view(healthy), view({ ...healthy, saved: given.model }, healthy)];
}

function tensorShown(rule: string, { model }: Base, tensor: Tensor): Tensor {
  const ending = SHOWN[rule];
  return (ending && model.tensors.find(({ layer, name }) => layer === tensor.layer && name.endsWith(ending))) || tensor;
}

async function spectrumPanel(analyst: Analyst, model: SavedModel, { name }: Tensor): Promise<Panel> {
  const { singularValues, rows: height, columns } = await analyst.spectrum(model, name);
  return { bars: [...singularValues], marked: new Set(), low: `largest ${formatNumber(singularValues[0])}`, high: `smallest ${formatNumber(singularValues.at(-1))}`, caption: `Singular values of ${name} (${height}×${columns})` };
}
