import type { ByteSource } from '../byteSource';
import { UnsupportedError } from '../errors';
import { readPickle } from './pickleMachine';
import type { Checkpoint } from './pytorchCheckpoint';
import { LEGACY_MAGIC, readLegacyCheckpoint } from './pytorchLegacy';
import type { Storages } from './pytorchStorages';
import { readZipCheckpoint } from './pytorchZip';
import { isZip } from './zip';

const HEAD_BYTES = 1024;

/** One file of a model, whatever its layout. `file` is its index among the model's files. */
export async function readCheckpoint(source: ByteSource, file: number, signal?: AbortSignal): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), signal);
  if (isZip(head)) return readZipCheckpoint(source, file, signal);
  if (isTar(head)) throw new UnsupportedError(`${source.name} is a checkpoint in the tar layout of PyTorch before 0.1.10, which Weightgram does not read. Load and save it with PyTorch (torch.load, torch.save).`);
  const first = await readPickle(source, { signal });
  if (first.value === LEGACY_MAGIC) return readLegacyCheckpoint(source, file, first, signal);
  return { title: 'Python pickle', pickles: [{ outcome: first, storages: NO_STORAGES, offset: 0 }], problems: [] };
}

const NO_STORAGES: Storages = { place: () => ({ failure: 'it refers to a storage outside of its pickle. Save it with torch.save' }) };

/** The tar layout has these members: torch/serialization.py, legacy_load. */
export function isTar(head: Uint8Array): boolean {
  const latin = new TextDecoder('latin1').decode(head.subarray(0, 512));
  return latin.slice(257, 262) === 'ustar' && /^(?:\.\/)?(?:sys_info|pickle|storages|tensors)\0/.test(latin);
}
