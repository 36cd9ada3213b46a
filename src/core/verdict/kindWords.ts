import type { LayerFacts } from '../layerFacts';
import type { Layer, Tensor } from '../model';
import { isRecurrentKernel } from '../layerFacts';
import { isDepthwise } from '../rules/words';

/** "a convolution before batch normalization", "the last dense layer": what a verdict measures by. */
export function kindWords(layer: Layer, tensor: Tensor, facts: LayerFacts): string {
  const place = facts.normalizationAfter ? ' before batch normalization' : '';
  return `${nounOf(layer, tensor, facts)}${place}`;
}

function nounOf({ className = '' }: Layer, tensor: Tensor, facts: LayerFacts): string {
  if (tensor.role === 'adapter') return 'an adapter';
  if (facts.isEmbedding || tensor.role === 'embedding') return 'an embedding';
  if (isRecurrentKernel(tensor)) return 'a recurrent kernel';
  if (facts.recurrent) return `${/^[LS]/.test(facts.recurrent) && facts.recurrent !== 'SimpleRNN' ? 'an' : 'a'} ${facts.recurrent} layer`;
  const article = facts.isHead ? 'the last' : 'a';
  if (facts.isDepthwise || isDepthwise(tensor)) return `${article} depthwise convolution`;
  if (/conv/i.test(className) || tensor.shape.length > 2) return `${article} convolution`;
  if (/dense|matmul|linear|gemm|fullyconnected/i.test(className)) return `${article} dense layer`;
  return facts.isHead ? 'the last layer' : 'a layer';
}
