import type { Tensor } from '../model';
import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { Verdict } from './rule';

/** float32 ends here: a code that stands for more becomes infinite when the model is loaded. */
const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** Codes of the two types that are stored with a scale. */
const HIGHEST_CODE: Readonly<Record<string, number>> = { uint8: 255, uint16: 65_535 };

export const quantizationScale = tensorRule({
  id: 'quantization-scale',
  title: 'Broken quantization scale',
  severity: 'error',
  why: 'Every weight is code × scale + min: with a broken scale or minimum no code stands for a usable number.',
  whenNormal: 'Never: no converter writes such a scale, not for a constant tensor either.',

  applies: ({ tensor }) => tensor.quantization?.scheme === 'affine',

  check({ tensor }): Verdict | undefined {
    const flaw = scaleFlaw(tensor);
    if (!flaw || tensor.quantization?.scheme !== 'affine') return undefined;
    const { scale, min } = tensor.quantization;
    return {
      message: `The quantization has scale ${formatNumber(scale)} and minimum ${formatNumber(min)}: ${flaw}.`,
      advice: 'The tensor held NaN or infinities when it was quantized, or the header was damaged. Look at it in the original model, then convert again; if it must stay so, without quantizing this tensor.',
      evidence: { scale, min, dtype: tensor.dtype },
    };
  },
});

/** Why the codes of an affine quantization stand for nothing; undefined where they do. */
function scaleFlaw({ dtype, quantization }: Tensor): string | undefined {
  if (quantization?.scheme !== 'affine') return undefined;
  const { scale, min } = quantization;
  if (!Number.isFinite(scale) || !Number.isFinite(min)) return 'no code gives a finite number';
  if (scale === 0) return 'all codes give the same number';
  if (scale < 0) return 'a scale below 0 turns the order of all values round';
  const highest = min + scale * (HIGHEST_CODE[dtype] ?? 0);
  return Math.max(Math.abs(min), Math.abs(highest)) > LARGEST_FLOAT32 ? 'some codes give more than float32 can hold' : undefined;
}
