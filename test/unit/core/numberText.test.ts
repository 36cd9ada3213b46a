import assert from 'node:assert/strict';
import { formatBytes, formatCount, formatExact, formatInteger, formatNumber, formatShape, formatShare, plural } from '../../../src/core/numberText';

/** Reads more easily than thin spaces in the expectations below. */
const plain = (text: string): string => text.replaceAll('\u2009', '_');

function table<T>(format: (value: T) => string, rows: readonly (readonly [T, string])[]): void {
  for (const [value, expected] of rows) assert.equal(plain(format(value)), expected, String(value));
}

describe('numberText', () => {
  it('gives a number three significant digits and a power of ten only where it helps', () => {
    table<number | null>(formatNumber, [
      [0, '0'], [-0, '0'], [0.5, '0.5'], [1, '1'], [-0.012345, '−0.0123'], [0.00099999, '0.001'], [0.000123, '1.23e−4'],
      [1.5e-7, '1.5e−7'], [12345, '12_300'], [999999, '1e6'], [123456, '123_000'], [-1.7e38, '−1.7e38'], [5e-324, '4.94e−324'],
      [null, '–'], [NaN, 'NaN'], [Infinity, '+Infinity'], [-Infinity, '−Infinity'],
    ]);
  });

  it('gives exact numbers every digit of a float64', () => {
    table<number | null>(formatExact, [[0.1, '0.1'], [Math.fround(0.1), '0.10000000149011612'], [null, '–'], [NaN, 'NaN']]);
    assert.equal(Number(formatExact(Math.PI)), Math.PI);
  });

  it('groups whole numbers', () => {
    table<number>(formatInteger, [[0, '0'], [999, '999'], [1000, '1_000'], [222075, '222_075'], [-1234567, '−1_234_567']]);
  });

  it('shortens counts and keeps small ones whole', () => {
    table<number>(formatCount, [
      [0, '0'], [7, '7'], [999, '999'], [1000, '1_k'], [1700, '1.7_k'], [36928, '36.9_k'], [999_499, '999_k'], [999_500, '1_M'],
      [7_240_000, '7.24_M'], [1_200_000_000, '1.2_G'],
    ]);
  });

  it('gives bytes binary units', () => {
    table<number>(formatBytes, [[0, '0_B'], [512, '512_B'], [1023, '1_023_B'], [1024, '1_KiB'], [28_940_697, '27.6_MiB'], [1024 ** 3, '1_GiB'], [1023.7 * 1024, '1_MiB']]);
  });

  it('never says all or none where it is not', () => {
    table<number | null>(formatShare, [
      [0, '0_%'], [1, '100_%'], [0.81, '81_%'], [0.003, '0.3_%'], [1e-9, '<_0.1_%'], [0.0999, '10_%'], [0.0512, '5.1_%'],
      [1 - 1e-9, '>_99.9_%'], [0.997, '99.7_%'], [0.989, '99_%'], [0.5, '50_%'], [null, '–'], [NaN, '–'],
    ]);
    for (let share = 0.0001; share < 1; share += 0.0001) {
      assert.doesNotMatch(formatShare(share), /^(0|100)\u2009%$/, String(share));
    }
  });

  it('writes shapes with the channels of a convolution at the end, in any order of axes', () => {
    assert.equal(formatShape({ shape: [3, 3, 32, 64], role: 'kernel', axes: { input: 2, output: 3 } }), '3×3×32→64');
    assert.equal(formatShape({ shape: [64, 32, 3, 3], role: 'kernel', axes: { output: 0, input: 1 } }), '3×3×32→64');
    assert.equal(formatShape({ shape: [5, 32, 64], role: 'kernel', axes: { input: 1, output: 2 } }), '5×32→64');
    assert.equal(formatShape({ shape: [3, 3, 64, 1], role: 'kernel', axes: { output: 2 } }), '3×3×64×1');
    assert.equal(formatShape({ shape: [512, 10], role: 'kernel', axes: { input: 0, output: 1 } }), '512×10');
    assert.equal(formatShape({ shape: [10], role: 'bias' }), '10');
    assert.equal(formatShape({ shape: [], role: 'constant' }), 'scalar');
    assert.equal(formatShape({ shape: [0, 4], role: 'other' }), '0×4');
  });

  it('counts things in words', () => {
    assert.equal(plural(1, 'layer'), '1 layer');
    assert.equal(plain(plural(4770, 'layer')), '4_770 layers');
    assert.equal(plural(0, 'entry', 'entries'), '0 entries');
  });
});
