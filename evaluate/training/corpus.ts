import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../test/support/paths';
import { readModel, writeModel } from '../savedModel';
import type { Network } from './networks';
import { train } from './trainer';
import type { Checkpoint, Mishap, Stage } from './trainer';
import { onWasmBackend } from './wasmBackend';

const CACHE = path.join(ROOT, '.cache', 'evaluate');

/** Trained anew only where what trains them has changed. */
export class TrainedNetworks {
  readonly #folder = path.join(CACHE, sourcesHash());

  /** Three checkpoints of a network. @param label tells a run with a mishap from a good one. */
  async checkpoints(network: Network, seed: number, mishap: Mishap = {}, label = ''): Promise<readonly Checkpoint[]> {
    const folder = path.join(this.#folder, `${network.name}${label && `-${label}`}-${seed}`);
    if (!existsSync(folder)) await trainInto(folder, network, seed, mishap);
    const accuracies = JSON.parse(readFileSync(path.join(folder, 'accuracies.json'), 'utf8')) as Record<Stage, number>;
    return (Object.keys(accuracies) as Stage[]).map((stage) => ({ stage, model: readModel(path.join(folder, stage, 'model.json')), accuracy: accuracies[stage] }));
  }
}

async function trainInto(folder: string, network: Network, seed: number, mishap: Mishap): Promise<void> {
  const started = process.cpuUsage();
  const checkpoints = await onWasmBackend(() => train(network, seed, mishap));
  // A run that is interrupted leaves nothing that looks whole.
  const unfinished = `${folder}.${process.pid}`;
  for (const { stage, model } of checkpoints) writeModel(model, path.join(unfinished, stage));
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(path.join(unfinished, 'accuracies.json'), JSON.stringify(Object.fromEntries(checkpoints.map(({ stage, accuracy }) => [stage, accuracy]))));
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  const accuracies = checkpoints.map(({ accuracy }) => `${Math.round(accuracy * 100)} %`).join(', ');
  console.error(`trained ${path.basename(folder)} in ${(process.cpuUsage(started).user / 1e6).toFixed(1)} s of processor time; right on unseen examples at start, middle and end: ${accuracies}`);
}

function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(__dirname).sort()) hash.update(name).update(readFileSync(path.join(__dirname, name)));
  return hash.digest('hex').slice(0, 12);
}
