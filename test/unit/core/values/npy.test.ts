import assert from 'node:assert/strict';
import { npyHeader, npyType } from '../../../../src/core/values/npy';
import { csvHead, csvLayout, csvRow, MOST_CSV_ROWS } from '../../../../src/core/values/csv';

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('.npy headers', () => {
  // Written by numpy 2.1 (np.save), byte by byte.
  const NUMPY = [
    { type: '<f8', shape: [], dictionary: "{'descr': '<f8', 'fortran_order': False, 'shape': (), }" },
    { type: '<f4', shape: [3], dictionary: "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }" },
    { type: '<f8', shape: [2, 3, 4], dictionary: "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 4), }" },
    { type: '<f4', shape: [0, 5], dictionary: "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }" },
  ] as const;

  for (const { type, shape, dictionary } of NUMPY) {
    it(`are those of numpy for ${type} of shape (${shape.join(', ')})`, () => {
      assert.equal(latin(npyHeader(type, shape)), `\x93NUMPY\x01\x00v\x00${dictionary.padEnd(117)}\n`);
    });
  }

  it('stay aligned to 64 bytes however many axes there are', () => {
    for (let axes = 0; axes < 40; axes++) assert.equal(npyHeader('<f4', new Array<number>(axes).fill(1234)).length % 64, 0);
  });

  it('choose a type that holds every value', () => {
    assert.equal(npyType({ dtype: 'bfloat16' }), '<f4');
    assert.equal(npyType({ dtype: 'int32' }), '<f8');
    assert.equal(npyType({ dtype: 'uint8', quantization: { scheme: 'affine', scale: 0.1, min: -1, originalDtype: 'float32' } }), '<f4');
    assert.equal(npyType({ dtype: 'int32', quantization: { scheme: 'affine', scale: 0.1, min: -1, originalDtype: 'float32' } }), '<f4');
    assert.equal(npyType({ dtype: 'uint16', quantization: { scheme: 'affine', scale: 1000, min: 0, originalDtype: 'int32' } }), '<f8');
  });
});

describe('CSV', () => {
  it('has a row for each index of the axes before the last', () => {
    const layout = csvLayout([2, 3, 4]);
    assert.equal(csvHead(layout), 'axis 0,axis 1,0,1,2,3\n');
    assert.equal(layout.rows, 6);
    assert.equal(csvRow(layout, 4, [0.1, NaN, -Infinity, -0]), '1,1,0.1,nan,-inf,-0\n');
  });

  it('of a vector, and of very long rows, has a row for each number', () => {
    assert.equal(csvHead(csvLayout([5])), 'axis 0,value\n');
    assert.equal(csvHead(csvLayout([])), 'value\n');
    const wide = csvLayout([2, 1_000_000]);
    assert.equal(wide.columns, 1);
    assert.equal(csvRow(wide, 1_000_003, [7]), '1,3,7\n');
  });

  it('ends at a number of rows, and says how many there are', () => {
    const layout = csvLayout([3_000_000, 2]);
    assert.deepEqual([layout.rows, layout.allRows], [MOST_CSV_ROWS, 3_000_000]);
  });
});
