import type { Finding } from '../core/rules/rule';
import type { ModelEntry } from './modelEntry';

/** The layer that a finding is about; undefined where it is about the whole model. */
export function layerOfFinding(entry: ModelEntry, { subject }: Finding): string | undefined {
  switch (subject.kind) {
    case 'model':
      return undefined;
    case 'layer':
      return subject.name;
    case 'tensor': {
      const { model } = entry;
      const tensor = model?.tensors.find(({ name }) => name === subject.name);
      return tensor && model?.layers[tensor.layer]?.name;
    }
  }
}
