import { topologyOf } from '../layerTopology';
import type { Model } from '../model';

/** Written for inference, mostly by converters that fold a batch normalization into the kernel before it. */
const FROZEN_FORMATS: ReadonlySet<string> = new Set(['tfjs-graph', 'onnx', 'tflite', 'tensorflow-graphdef']);

/** Whether normalizations may have been folded into the kernels: scales then vary for good reason. */
export function mayBeFolded(model: Model): boolean {
  return FROZEN_FORMATS.has(model.format);
}

/** Whether a normalization may take a kernel's output: the model has some, and the file does not say where. A kernel's scale is free then. */
export function mayBeNormalized(model: Model): boolean {
  return !topologyOf(model).isKnown && model.tensors.some(({ role }) => role === 'normScale' || role === 'runningVariance');
}
