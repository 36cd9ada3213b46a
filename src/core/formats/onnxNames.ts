import type { OnnxNode } from './onnxGraph';
import type { OnnxWeight } from './onnxStorage';
import { shortened } from './graphLayers';

/** Names that exporters and optimizers give to what has none: they say nothing of a layer. */
const ANONYMOUS = /^(?:\/|onnx::|\d+$|(?:const(?:ant)?|val|arg|tensor|param(?:eter)?|initializer|input|output|_v|_inlfunc|ortshared|fused|splitted|reshape|cast|t|v|w|b)(?:_?\d|_fold|_$|$)|const_\w+__\d+$)/i;
/** The last part of a name that tells a weight from its layer, where no dot does. */
const UNDERSCORED = /_(?:weights?|bias|gamma|beta|moving_mean|moving_var(?:iance)?|running_mean|running_var|w|b|kernel)$/;
/** What quantizers, float16 converters and optimizers put behind a weight's name. */
const SUFFIX = /(?:_(?:quantized|scale|zero_point|quantized_scale|fp16|float16|transposed?|Q4|Q4G\d*|scales|zp|zero_points|qweight|MatMulBNbits|DequantizeLinear|QuantizeLinear|dequantized|converted|graph_output_cast_\d+))+$/;

/** The part of a weight's name that tells what it is: without the graphs around it, and what tools put behind it. For roleByName. */
export function nameOfWeight({ constant, shape }: OnnxWeight): { name: string; shape: readonly number[]; isOptimizer: boolean } {
  const bare = constant.name.replace(SUFFIX, '');
  const last = bare.slice(bare.lastIndexOf('/') + 1);
  return { name: last.includes('.') ? last : bare, shape, isOptimizer: constant.isTraining };
}

/** The module that a weight's name tells, "model.0.conv" of "model.0.conv.weight"; undefined where it tells none. */
export function moduleOf(name: string): string | undefined {
  if (ANONYMOUS.test(name)) return undefined;
  const bare = name.replace(SUFFIX, '');
  if (bare.includes('/')) {
    const scope = shortened(bare);
    return scope === '' || ANONYMOUS.test(scope) ? undefined : scope;
  }
  const dot = bare.lastIndexOf('.');
  if (dot > 0) return bare.slice(0, dot);
  const cut = bare.search(UNDERSCORED);
  return cut > 0 ? bare.slice(0, cut) : undefined;
}

/** The module that a node's name tells: PyTorch writes "/layer1/layer1.0/conv1/Conv", TensorFlow "model/dense/MatMul". */
export function scopeOfNode({ ownName, op, name, scope }: OnnxNode): string {
  if (ownName === '') return name.slice(scope.length);
  if (!ownName.startsWith('/')) return ownName.includes('/') ? shortened(ownName) : ownName;
  const parts = ownName.split('/').filter((part) => part !== '');
  const last = parts.at(-1);
  if (parts.length > 1 && last !== undefined && last.startsWith(op)) parts.pop();
  return dotted(parts);
}

/** A module's parts repeat what they are part of: "layer1", "layer1.0", "conv1". */
function dotted(parts: readonly string[]): string {
  let path = '';
  let last = '';
  for (const part of parts) {
    const isRepeated = last !== '' && part.startsWith(`${last}.`);
    if (isRepeated) path = path.slice(0, path.length - last.length) + part;
    else path = path === '' ? part : `${path}.${part}`;
    last = part;
  }
  return path;
}
