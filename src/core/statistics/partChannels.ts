import type { Tensor } from '../model';
import { addToPlanned, channelPlan, emptyChannels } from './channels';
import type { ChannelPlan, PlannedSums } from './channels';
import type { PartialStatistics } from './partial';

/** Units of a part as they are counted. */
export class PartChannels {
  readonly plan: ChannelPlan | undefined;
  readonly sums: PlannedSums;

  constructor(tensor: Tensor) {
    this.plan = channelPlan(tensor);
    this.sums = {
      output: this.plan?.output && emptyChannels(this.plan.output),
      input: this.plan?.input && emptyChannels(this.plan.input),
    };
  }

  /** The plain way, for what the kernel's way is not made for. */
  add(values: ArrayLike<number>, firstElement: number): void {
    if (this.plan) addToPlanned(this.plan, this.sums, values, firstElement);
  }

  result(): Pick<PartialStatistics, 'outputChannels' | 'inputChannels'> {
    const { output, input } = this.sums;
    return { ...(output && { outputChannels: output }), ...(input && { inputChannels: input }) };
  }
}
