import assert from 'node:assert/strict';
import { Analyst } from '../../../evaluate/analyst';
import { FAULTS, plantedCases } from '../../../evaluate/cases';
import type { Base } from '../../../evaluate/faults/fault';
import { trainedModels } from '../../../evaluate/healthy';
import { falseAlarms, judged } from '../../../evaluate/score';
import { TrainedNetworks } from '../../../evaluate/training/corpus';
import { NETWORKS } from '../../../evaluate/training/networks';

/** The evaluation in small: networks that train in seconds, and faults that nobody may miss. */
const NETWORK_NAMES = ['dense-relu', 'dense-tanh'];
const FAULT_NAMES = ['not a number', 'zeroed tensor', 'swapped byte order', 'dead filters', 'single spike', 'shifted values', 'layer as its own network began', 'quantized beyond its range'];

describe('the evaluation, in small', function () {
  this.timeout(120_000);
  let analyst: Analyst;
  const bases: Base[] = [];

  before(async () => {
    analyst = new Analyst();
    const networks = NETWORKS.filter(({ name }) => NETWORK_NAMES.includes(name));
    assert.equal(networks.length, NETWORK_NAMES.length);
    for (const healthy of await trainedModels(new TrainedNetworks(), 'tune', networks)) {
      const { model, findings } = await analyst.judge(healthy.saved);
      const errors = falseAlarms({ model: healthy.name, layers: 0, findings, isUntrained: healthy.stage === 'start' }).filter(({ severity }) => severity === 'error');
      assert.deepEqual(errors, [], healthy.name);
      if (healthy.isBase && healthy.stage === 'end') bases.push({ name: healthy.name, saved: healthy.saved, model, ...(healthy.untrained && { untrained: healthy.untrained }) });
    }
  });
  after(() => analyst.dispose());

  it('calls networks before their first step untrained, and trained ones not', async () => {
    for (const { untrained, saved, name } of bases) {
      const rules = async (model: typeof saved): Promise<string[]> => (await analyst.judge(model)).findings.map(({ rule }) => rule);
      assert.ok((await rules(untrained!)).includes('untrained-model'), name);
      const said = await rules(saved);
      assert.ok(!said.includes('untrained-model') && !said.includes('at-initialization'), name);
    }
  });

  for (const name of FAULT_NAMES) {
    it(`finds: ${name}`, async () => {
      const faults = FAULTS.filter((fault) => fault.name === name);
      assert.equal(faults.length, 1);
      let cases = 0;
      for (const given of plantedCases(faults, bases, { seed: 1, casesPerFault: 2 })) {
        const { answer, findings } = judged(given, (await analyst.judge(given.model)).findings);
        assert.ok(answer, `${given.title}: ${findings.map(({ rule, subject }) => `${rule} ${subject.name}`).join(', ') || 'nothing'}`);
        cases++;
      }
      assert.ok(cases > 0, 'it fits somewhere');
    });
  }
});
