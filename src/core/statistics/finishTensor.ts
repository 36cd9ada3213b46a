import { deliveredOf } from '../delivered';
import type { Tensor } from '../model';
import { finish } from './finish';
import type { PartialStatistics } from './partial';
import type { TensorStatistics } from './tensorStatistics';

/** Every figure of a tensor, with its axes as the file numbers them. */
export function finishTensor(partial: PartialStatistics, tensor: Tensor, nearZeroRatio: number): TensorStatistics {
  const statistics = finish(partial, deliveredOf(tensor), nearZeroRatio);
  if (tensor.encoding?.kind !== 'permuted') return statistics;
  const { outputChannels, inputChannels } = statistics;
  return {
    ...statistics,
    ...(outputChannels && { outputChannels: { ...outputChannels, axis: tensor.axes?.output ?? outputChannels.axis } }),
    ...(inputChannels && { inputChannels: { ...inputChannels, axis: tensor.axes?.input ?? inputChannels.axis } }),
  };
}
