import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../test/support/paths';
import { quantizedModel, quantizedToFloat16, quantizedToUint8 } from './faults/quantize';
import { languageModel } from './languageModel';
import { readModel } from './savedModel';
import type { SavedModel } from './savedModel';
import type { TrainedNetworks } from './training/corpus';
import { NETWORKS } from './training/networks';
import type { Network } from './training/networks';
import type { Stage } from './training/trainer';

/** Thresholds are tuned on one half of everything, and the other half is reported. */
export type Half = 'tune' | 'report';

/** Everything that is drawn is drawn by one of these. */
export const SEED_OF: Readonly<Record<Half, number>> = { tune: 1, report: 2 };

export interface HealthyModel {
  readonly name: string;
  readonly saved: SavedModel;
  readonly stage: Stage;
  /** The same network at its start, from another draw. */
  readonly untrained?: SavedModel;
  /** Whether faults are planted in it too. */
  readonly isBase: boolean;
}

const NODE_MODULES = path.join(ROOT, 'node_modules');

/** Published models that Weightgram's tests know, as paths. They belong to both halves: no threshold may be tuned to one of them. */
export function realModels(): string[] {
  const rows = JSON.parse(readFileSync(path.join(ROOT, 'test/fixtures/formats.json'), 'utf8')) as { file: string }[];
  // Fixtures are written to have every type and layout; nobody trained them.
  return rows.filter(({ file }) => !file.startsWith('test/fixtures/')).map(({ file }) => path.join(NODE_MODULES, file));
}

/** Published models that faults are planted in. */
const REAL_BASES: Readonly<Record<Half, readonly string[]>> = {
  tune: ['@upscalerjs/esrgan-slim/models/x2/model.json', '@vladmandic/face-api/model/face_landmark_68_tiny_model-weights_manifest.json'],
  report: ['@upscalerjs/esrgan-slim/models/x4/model.json', '@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json'],
};

export function realBases(half: Half): HealthyModel[] {
  return REAL_BASES[half].map((file) => ({ name: file.replace(/^@[^/]+\//, ''), saved: readModel(path.join(NODE_MODULES, file)), stage: 'end', isBase: true }));
}

export function languageModels(half: Half): HealthyModel[] {
  return [{ name: 'language-model', saved: languageModel(SEED_OF[half]), stage: 'end', isBase: true }];
}

/** The checkpoints of all trained networks, and of some what the converter's quantization makes of the last one. */
export async function trainedModels(trained: TrainedNetworks, half: Half, networks: readonly Network[] = NETWORKS): Promise<HealthyModel[]> {
  const seed = SEED_OF[half];
  const models: HealthyModel[] = [];
  for (const [index, network] of networks.entries()) {
    const checkpoints = await trained.checkpoints(network, seed);
    const untrained = checkpoints.find(({ stage }) => stage === 'start')!.model;
    for (const { stage, model } of checkpoints) models.push({ name: `${network.name}-${seed}-${stage}`, saved: model, stage, untrained, isBase: stage !== 'start' });
    const last = checkpoints.at(-1)!.model;
    const isByte = index % 2 === 0;
    models.push({ name: `${network.name}-${seed}-${isByte ? 'uint8' : 'float16'}`, saved: quantizedModel(last, isByte ? quantizedToUint8 : quantizedToFloat16), stage: 'end', isBase: false });
  }
  return models;
}
