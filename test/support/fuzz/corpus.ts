import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { HEAD_BYTES } from '../../../src/core/formats/format';
import { identify } from '../../../src/core/formats/index';
import { ROOT } from '../paths';

/** A small model with the files beside it. */
export interface Seed {
  /** From the repository's root. */
  readonly name: string;
  readonly format: string;
  /** The model's file, as a key of `files`. */
  readonly main: string;
  /** By path from the folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Larger files would only take time: what is parsed lies in a few kilobytes. */
const MOST_FILE_BYTES = 160 * 1024;

const PACKAGES = ['@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json', '@spotify/basic-pitch/model/model.json', '@upscalerjs/esrgan-slim/models/x2/model.json'];

/** Everything under test/fixtures/models that a format claims, and small models of packages; by format id. */
export function readCorpus(): Map<string, Seed[]> {
  const byFormat = new Map<string, Seed[]>();
  const add = (seed: Seed): void => void byFormat.set(seed.format, [...(byFormat.get(seed.format) ?? []), seed]);
  const fixtures = path.join(ROOT, 'test/fixtures/models');
  for (const folder of readdirSync(fixtures, { withFileTypes: true })) {
    if (folder.isDirectory()) seedsOf(path.join(fixtures, folder.name)).forEach(add);
  }
  for (const file of PACKAGES) {
    const folder = path.join(ROOT, 'node_modules', path.dirname(file));
    const main = path.basename(file);
    seedsOf(folder, main).filter((seed) => seed.main === main).forEach(add);
  }
  return byFormat;
}

function seedsOf(folder: string, only?: string): Seed[] {
  const files = new Map<string, Uint8Array>();
  for (const name of filesBelow(folder)) {
    const file = path.join(folder, name);
    if (statSync(file).size <= MOST_FILE_BYTES || (only !== undefined && name === only)) files.set(name, new Uint8Array(readFileSync(file)));
  }
  return [...files].flatMap(([main, bytes]) => {
    const found = identify(bytes.subarray(0, HEAD_BYTES), path.basename(main));
    if (found.kind !== 'model') return [];
    return [{ name: path.relative(ROOT, path.join(folder, main)), format: found.format, main, files }];
  });
}

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(path.join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = prefix + entry.name;
    if (entry.isDirectory()) return filesBelow(folder, `${name}/`);
    return entry.isFile() && !/\.(py|md)$|^expected\.json$/.test(entry.name) ? [name] : [];
  }).sort();
}
