import assert from 'node:assert/strict';
import { FORMATS } from '../../../../src/core/formats/index';
import { readCorpus } from '../../../support/fuzz/corpus';
import { mutatedFiles } from '../../../support/fuzz/fuzzWorker';
import { runFuzz } from '../../../support/fuzz/runFuzz';

/** `npm run fuzz` takes twenty thousand of each. */
const INPUTS = 300;
/** TensorFlow.js has a fuzz of its own (fuzz.test.ts), and larger models. */
const TFJS_INPUTS = 60;
const SEED = 3;

/** At least this share gets past the look at the head: otherwise nothing is tried. */
const LEAST_TRIED = 0.3;

describe('damaged and forged files', function () {
  this.timeout(120_000);
  const corpus = readCorpus();

  for (const { id } of FORMATS) {
    it(`of ${id} are read or refused with a reason, at once and in little memory`, async () => {
      const inputs = id.startsWith('tfjs') ? TFJS_INPUTS : INPUTS;
      const seeds = corpus.get(id) ?? [];
      assert.ok(seeds.length > 0, `a fixture of ${id} under test/fixtures/models, so that there is something to damage`);
      const { failures, outcomes } = await runFuzz({ format: id, seeds, seed: SEED, iterations: inputs });
      const told = failures.slice(0, 3).map(({ kind, iteration, message }) => `${kind} (npm run fuzz -- --only ${id} --seed ${SEED} --first ${iteration} --iterations 1): ${message}`);
      assert.equal(failures.length, 0, told.join('\n'));
      assert.ok(outcomes.opened > 0 && outcomes.opened + outcomes.refused >= LEAST_TRIED * inputs, JSON.stringify(outcomes));
    });
  }

  it('are the same for the same numbers, and differ from their seed', () => {
    const [format, seeds] = [...corpus][0]!;
    const again = [7, 7, 8].map((iteration) => mutatedFiles({ format, seeds, seed: SEED }, iteration));
    const [first, same, other] = again.map(({ files, changed }) => Buffer.from(files.get(changed)!).toString('hex'));
    assert.equal(first, same);
    assert.notEqual(first, other);
    const changes = Array.from({ length: 100 }, (_, iteration) => mutatedFiles({ format, seeds, seed: SEED }, iteration)).filter(({ files, changed, seed }) => Buffer.compare(files.get(changed)!, seed.files.get(changed)!) !== 0);
    assert.ok(changes.length > 90);
  });
});
