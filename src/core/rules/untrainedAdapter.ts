import { formatInteger, plural } from '../numberText';
import { modelRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { isAllZero } from './units';
import { partOf } from './words';

/** The second matrix of a pair, as PEFT, loralib and kohya name it. It starts at zero, so that the pair adds nothing. */
const SECOND_MATRIX = /(?:^|[/._])lora_(?:b|up)(?:[/._]|$)/i;

export const untrainedAdapter = modelRule({
  id: 'untrained-adapter',
  title: 'Untrained adapter',
  severity: 'warning',
  why: 'The second matrix of a LoRA adapter starts at zero. As long as it is zero the adapter changes nothing, whatever the first one holds.',
  whenNormal: 'Before the first step of training, and for layers that were left out of the optimizer on purpose.',

  applies: ({ tensors }) => tensors.some(isUntouched),

  check({ tensors }): readonly Verdict[] {
    const second = tensors.filter(isSecondMatrix);
    const untouched = second.filter(isUntouched);
    const isWhole = second.length > 1 && untouched.length === second.length;
    const own = untouched.map((context): Verdict => ({
      severity: isWhole ? 'info' : 'warning',
      subject: { kind: 'tensor', name: context.tensor.name },
      message: `All ${formatInteger(context.statistics.count)} values of this second LoRA matrix are exactly zero: the pair adds nothing to its layer.`,
      advice: isWhole ? 'So are all others of this adapter.' : `${partOf(untouched.length, second.length)} pairs of this adapter are untouched. Check that this layer received gradients, or leave it out of the adapter.`,
      evidence: { count: context.statistics.count, untouchedPairs: untouched.length, pairs: second.length },
    }));
    return isWhole ? [wholeVerdict(second.length), ...own] : own;
  },
});

function wholeVerdict(pairs: number): Verdict {
  return {
    message: `The second matrices of all ${plural(pairs, 'LoRA pair')} are exactly zero: the adapter changes nothing.`,
    advice: 'It was saved before the first step of training, or its weights were not given to the optimizer. Train it, or save the right checkpoint.',
    evidence: { untouchedPairs: pairs, pairs },
  };
}

function isUntouched(context: TensorContext): boolean {
  return isSecondMatrix(context) && isAllZero(context.statistics);
}

function isSecondMatrix({ tensor, statistics }: TensorContext): boolean {
  return SECOND_MATRIX.test(tensor.name) && tensor.shape.length > 1 && statistics.count > 0;
}
