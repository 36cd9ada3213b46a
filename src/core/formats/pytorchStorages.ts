import type { Segment } from '../model';
import { PicklePersistent } from './pickleValues';
import type { PickleValue } from './pickleValues';
import { asCount, pathOf, torchTypeOf, UNTYPED } from './pytorchTypes';
import type { TorchType } from './pytorchTypes';

/** The bytes of a storage: tensors are windows on it. */
export type StoragePlace =
  | { readonly segment: Segment; readonly failure?: undefined; readonly deflatedTo?: undefined }
  /** A deflated entry of the archive: so many bytes where unpacked. */
  | { readonly segment: Segment; readonly failure?: undefined; readonly deflatedTo: number }
  /** Why it is not there: ends a sentence that begins with the tensor. */
  | { readonly failure: string };

/** A storage as a pickle refers to it. */
export interface StorageReference {
  readonly key: string;
  readonly type: TorchType;
  /** As the pickle says, in elements of the type. */
  readonly elements: number;
  /** In elements: PyTorch before 0.4 had views of storages. */
  readonly viewOffset: number;
}

/** Storages of one file, by their keys. */
export interface Storages {
  readonly byteOrder?: 'big';
  place(reference: StorageReference): StoragePlace;
}

/**
 * ('storage', torch.FloatStorage, '0', 'cpu', 6), and in the legacy layout one item more for views.
 * torch/serialization.py, persistent_id.
 */
export function storageReference(value: PickleValue | undefined): StorageReference | undefined {
  if (!(value instanceof PicklePersistent) || !Array.isArray(value.id)) return undefined;
  const [kind, typeName, key, , count, view] = value.id;
  if (kind !== 'storage' || (typeof key !== 'string' && typeof key !== 'number')) return undefined;
  const elements = asCount(count);
  if (elements === undefined || elements < 0) return undefined;
  const type = torchTypeOf(typeName) ?? (pathOf(typeName) === 'torch.storage.UntypedStorage' ? UNTYPED : undefined);
  if (!type) return undefined;
  const viewOffset = Array.isArray(view) ? (asCount(view[1]) ?? -1) : 0;
  return { key: String(key), type, elements, viewOffset };
}

/** A class that the legacy layout stores with its source code: ('module', class, file, source). */
export function containerClass(value: PickleValue): PickleValue {
  if (value instanceof PicklePersistent && Array.isArray(value.id) && value.id[0] === 'module' && value.id.length >= 2) return value.id[1]!;
  return value;
}
