import type { Tensor } from '../model';
import { addToPlanned, channelPlan, emptyChannels } from './channels';
import type { Units } from './kernel';
import type { PartialStatistics } from './partial';

/** Units of a part as they are counted. */
export class PartChannels {
  /** undefined where the tensor has no axes whose units count. */
  readonly units: Units | undefined;

  constructor(tensor: Tensor) {
    const plan = channelPlan(tensor);
    this.units = plan && { plan, sums: { output: plan.output && emptyChannels(plan.output), input: plan.input && emptyChannels(plan.input) } };
  }

  /** The plain way, for what the kernel's way is not made for. */
  add(values: ArrayLike<number>, firstElement: number): void {
    if (this.units) addToPlanned(this.units.plan, this.units.sums, values, firstElement);
  }

  result(): Pick<PartialStatistics, 'outputChannels' | 'inputChannels'> {
    const { output, input } = this.units?.sums ?? {};
    return { ...(output && { outputChannels: output }), ...(input && { inputChannels: input }) };
  }
}
