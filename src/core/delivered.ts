import { isPlain } from './dtype';
import type { Dtype, PlainDtype } from './dtype';
import type { Encoding, Tensor } from './model';

/**
 * A tensor as the workers' readers deliver it: whole bytes an element, little-endian, one after another. Statistics are
 * computed from this one; rules and people see the tensor that the file has.
 */
export type DeliveredTensor = Omit<Tensor, 'dtype'> & {
  readonly dtype: PlainDtype;
  /** The stored type, where the values were computed from it: their bits say nothing of the file's. */
  readonly decodedFrom?: Dtype;
};

/** What a scanner is told: a delivered tensor, or one that is delivered as it is stored. */
export type ScannedTensor = Tensor & Pick<DeliveredTensor, 'decodedFrom'>;

/**
 * Of a numeric tensor. Packed integers become bytes, blocks and values with many scales float32; the axes are in the order in
 * which they lie in the file.
 */
export function deliveredOf(tensor: Tensor): DeliveredTensor {
  return inStoredOrder(decodedOf(tensor));
}

function decodedOf(tensor: Tensor): DeliveredTensor {
  const { dtype, quantization, ...rest } = tensor;
  if (quantization?.scheme === 'perAxis' || quantization?.scheme === 'perBlock') return { ...rest, dtype: 'float32', decodedFrom: dtype };
  const kept = quantization && { quantization };
  if (isPlain(dtype)) return { ...rest, dtype, ...kept };
  if (dtype === 'int4') return { ...rest, dtype: 'int8', ...kept, decodedFrom: dtype };
  if (dtype === 'uint4') return { ...rest, dtype: 'uint8', ...kept, decodedFrom: dtype };
  return { ...rest, dtype: 'float32', decodedFrom: dtype };
}

/** In which order the file has the axes, the slowest first; undefined where it is their own. */
export function axisOrder(encoding: Encoding | undefined): readonly number[] | undefined {
  return encoding?.kind === 'permuted' || encoding?.kind === 'deflate' ? encoding.order : undefined;
}

/** What is one after another in the file is read so: a permuted tensor is one of another shape. */
function inStoredOrder(tensor: DeliveredTensor): DeliveredTensor {
  const { encoding, axes, shape } = tensor;
  const order = axisOrder(encoding);
  if (!order) return tensor;
  const placed = {
    ...(axes?.output !== undefined && { output: order.indexOf(axes.output) }),
    ...(axes?.input !== undefined && { input: order.indexOf(axes.input) }),
  };
  return { ...tensor, shape: order.map((axis) => shape[axis]!), ...(axes && { axes: placed }) };
}
