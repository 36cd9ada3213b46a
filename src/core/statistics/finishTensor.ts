import { axisOrder, deliveredOf } from '../delivered';
import type { Tensor } from '../model';
import type { SamplePlan } from './evenSample';
import { finish } from './finish';
import { mergePartials } from './partial';
import type { PartialStatistics } from './partial';
import { sampleErrors } from './sampleError';
import type { TensorStatistics } from './tensorStatistics';

/** Every figure of a tensor, with its axes as the file numbers them. */
export function finishTensor(partial: PartialStatistics, tensor: Tensor, nearZeroRatio: number): TensorStatistics {
  const statistics = finish(partial, deliveredOf(tensor), nearZeroRatio);
  if (!axisOrder(tensor.encoding)) return statistics;
  const { outputChannels, inputChannels } = statistics;
  return {
    ...statistics,
    ...(outputChannels && { outputChannels: { ...outputChannels, axis: tensor.axes?.output ?? outputChannels.axis } }),
    ...(inputChannels && { inputChannels: { ...inputChannels, axis: tensor.axes?.input ?? inputChannels.axis } }),
  };
}

/** Every figure that a sample can give, from groups of its runs. */
export function finishSample(groups: readonly PartialStatistics[], { starts, runElements }: SamplePlan, tensor: Tensor, nearZeroRatio: number): TensorStatistics {
  const statistics = finish(groups.reduce(mergePartials), deliveredOf(tensor), nearZeroRatio);
  const runs = starts.length;
  return {
    ...statistics,
    sampled: { elements: statistics.count, of: tensor.elements, runs, runElements, ...sampleErrors(groups, statistics, deliveredOf(tensor), runs) },
  };
}
