import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { PlainDtype } from '../../../../src/core/dtype';
import { bytesPerElement } from '../../../../src/core/dtype';
import { FormatError, HumanError, UnsupportedError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import { parsePythonLiteral } from '../../../../src/core/formats/pythonLiteral';
import type { Model } from '../../../../src/core/model';
import { seededRandom } from '../../../../src/core/seededRandom';
import { describeFixtures, FIXTURE_MODELS, openFile, statisticsOf, valuesOf } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';
import { bigEndian, inFortranOrder, randomShape, randomTensor, sameValues } from '../../../support/tensorData';
import { zipFile } from '../../../support/zipBuilder';
import type { BuiltEntry } from '../../../support/zipBuilder';

describeFixtures('numpy');

const CODES: readonly (readonly [string, PlainDtype])[] = [
  ['b1', 'bool'], ['i1', 'int8'], ['i2', 'int16'], ['i4', 'int32'], ['i8', 'int64'], ['u1', 'uint8'], ['u2', 'uint16'], ['u4', 'uint32'], ['u8', 'uint64'],
  ['f2', 'float16'], ['f4', 'float32'], ['f8', 'float64'], ['c8', 'complex64'],
];

let folder: string;
before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-numpy-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

/** numpy/lib/format.py */
function npy(header: string, data: Uint8Array, version = 1): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`);
  const prefix = version === 1 ? 10 : 12;
  const file = new Uint8Array(prefix + text.length + data.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  if (version === 1) new DataView(file.buffer).setUint16(8, text.length, true);
  else new DataView(file.buffer).setUint32(8, text.length, true);
  file.set(text, prefix);
  file.set(data, prefix + text.length);
  return file;
}

function dictionary(descr: string, shape: readonly number[], isFortran = false): string {
  return `{'descr': ${descr}, 'fortran_order': ${isFortran ? 'True' : 'False'}, 'shape': (${shape.map((size) => `${size},`).join(' ')}), }`;
}

async function open(bytes: Uint8Array, name = 'a.npy'): Promise<Model> {
  const model = await openModel(memorySource(new Map([[name, bytes]]), name));
  checkInvariants(model);
  return model;
}

const openArchive = (entries: readonly BuiltEntry[]): Promise<Model> => open(zipFile(entries), 'a.npz');
const four = npy(dictionary("'<f4'", [4]), new Uint8Array(16));

async function refused(promise: Promise<unknown>, pattern: RegExp, kind: typeof FormatError | typeof UnsupportedError = FormatError): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, pattern);
    return true;
  });
}

describe('NumPy: what is written is read', () => {
  it('random arrays of every type, shape, order of axes and bytes, stored and deflated', async () => {
    const random = seededRandom(22);
    for (let round = 0; round < 4; round++) {
      const written = CODES.flatMap(([code, dtype]) => [0, 1, 2, 3].map((kind) => ({ name: `${code}_${kind}`, code, kind, ...randomTensor(dtype, randomShape(random), random) })));
      const entries = written.map((tensor) => {
        const [isBig, isFortran] = [(tensor.kind & 1) === 1, (tensor.kind & 2) === 2];
        const ordered = isFortran ? inFortranOrder(tensor) : tensor.bytes;
        const order = bytesPerElement(tensor.dtype) === 1 ? '|' : isBig ? '>' : '<';
        const data = isBig ? bigEndian(ordered, tensor.dtype) : ordered;
        return { name: `${tensor.name}.npy`, bytes: npy(dictionary(`'${order}${tensor.code}'`, tensor.shape, isFortran), data, 1 + (round % 3)), isPacked: round % 2 === 1 };
      });
      const file = path.join(folder, 'random.npz');
      writeFileSync(file, zipFile(entries, { is64: round > 1 }));
      const model = await openFile(file);
      checkInvariants(model);
      assert.deepEqual(model.problems, []);
      for (const { name, dtype, shape, values } of written) {
        const tensor = model.tensors.find((one) => one.name === name)!;
        assert.deepEqual([tensor.dtype, tensor.shape, tensor.unreadable], [dtype, shape, undefined], name);
        assert.ok(sameValues(await valuesOf(model, tensor), values), `round ${round}: ${name}`);
      }
    }
  });

  it('a deflated array of many chunks', async () => {
    const values = Float32Array.from({ length: 700_000 }, (_, i) => Math.sin(i) * (i % 3));
    const file = path.join(folder, 'large.npz');
    writeFileSync(file, zipFile([{ name: 'large.npy', bytes: npy(dictionary("'<f4'", [700, 1000]), new Uint8Array(values.buffer)), isPacked: true }]));
    const model = await openFile(file);
    assert.ok(sameValues(await valuesOf(model, model.tensors[0]!), values));
    assert.equal((await statisticsOf(model)).get(0)!.count, 700_000);
  });

  it('a deflated array that breaks off says so', async () => {
    const bytes = npy(dictionary("'<f4'", [100_000]), new Uint8Array(400_000).map((_, i) => (i * i) >> 3));
    const file = path.join(folder, 'broken.npz');
    const archive = zipFile([{ name: 'broken.npy', bytes, isPacked: true }]);
    archive.fill(0xff, archive.length >> 1, (archive.length >> 1) + 100);
    writeFileSync(file, archive);
    const model = await openFile(file);
    await assert.rejects(valuesOf(model, model.tensors[0]!), (error) => error instanceof HumanError && /"broken" (?:cannot be unpacked|unpacks to fewer bytes)/.test(error.message));
  });

  it('Python 2 wrote sizes with an L', async () => {
    assert.deepEqual((await open(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 2L), }", new Uint8Array(16)))).tensors[0]!.shape, [2, 2]);
  });

  it('literals of Python, and what is none', () => {
    assert.deepEqual(parsePythonLiteral(`[('a', "<f4"), (1, -2L, None, True,), ()]`), [['a', '<f4'], [1, -2, null, true], []]);
    for (const text of ['', '{', "{'a': }", '(1, 2', "{'a': 1} b", '__import__("os")', '('.repeat(10_000), "{1: 2}", "'a"]) assert.equal(parsePythonLiteral(text), undefined, text.slice(0, 20));
  });
});

describe('NumPy: what is refused', () => {
  it('arrays that are no numbers: each says why, in an archive and by itself', async () => {
    const model = await openFile(path.join(FIXTURE_MODELS, 'numpy', 'refused.npz'));
    checkInvariants(model);
    const patterns: Record<string, RegExp> = {
      objects: /Python objects, which NumPy stores as a pickle.*Weightgram runs none/, records: /structured array/, double: /complex numbers of 128 bits/, raw: /2 raw bytes an element.*bfloat16/, dates: /dates or durations/,
    };
    for (const { name, unreadable, dtype } of model.tensors) {
      if (patterns[name]) assert.match(unreadable!, patterns[name], name);
      else assert.deepEqual([unreadable, dtype], [undefined, name === 'texts' ? 'string' : 'float32']);
    }
    await refused(open(npy(dictionary("'|O'", [2]), new Uint8Array(10))), /a\.npy is an array.*pickle/, UnsupportedError);
    await refused(open(npy(dictionary("[('x', '<i4'), ('y', '<f8')]", [2]), new Uint8Array(24))), /structured array/, UnsupportedError);
    await refused(open(npy(dictionary("'<U5'", [2]), new Uint8Array(40))), /array of texts/, UnsupportedError);
  });

  it('cut anywhere', async () => {
    for (let length = 6; length < four.length; length++) {
      const cut = four.slice(0, length);
      if (length < four.length - 16) await refused(open(cut), /ends within its header/);
      else assert.match((await open(cut)).tensors[0]!.unreadable!, /a\.npy ends \d+ bytes before it does.*fetch it again/);
    }
  });

  it('headers that lie', async () => {
    const header = (text: string, version = 1): Promise<Model> => open(npy(text, new Uint8Array(16), version));
    await refused(header(dictionary("'<f4'", [2 ** 40, 2 ** 40])), /more elements than any file can hold/);
    await refused(header("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }"), /tells no shape/);
    await refused(header("{'descr': '<f4', 'fortran_order': False, 'shape': 4, }"), /tells no shape/);
    await refused(header("{'descr': '<f4', 'fortran_order': 0, 'shape': (4,), }"), /order of its axes/);
    await refused(header("__import__('os').system('echo')"), /no Python dictionary/);
    await refused(header(dictionary("'<f4'", [4]).padEnd(100_000), 2), /its header takes 100001 bytes/);
    await refused(header(dictionary("'<f4'", [4]), 9), /version 9\.0/);
    await refused(header(dictionary("'<q9'", [4])), /type "<q9" is not known/, UnsupportedError);
    const many = await header(dictionary("'<f4'", [1_000_000_000]));
    assert.match(many.tensors[0]!.unreadable!, /ends 3999999984 bytes before/);
  });

  it('bytes behind the array are told of', async () => {
    const model = await open(new Uint8Array([...four, ...four]));
    assert.match(model.problems[0]!.message, new RegExp(`${four.length} bytes behind its array`));
  });

  it('entries of an archive that are damaged cost only themselves', async () => {
    const model = await openArchive([
      { name: 'good.npy', bytes: four }, { name: 'short.npy', bytes: four.slice(0, -4) }, { name: 'tiny.npy', bytes: four.slice(0, 20), isPacked: true }, { name: 'no.npy', bytes: new Uint8Array(200) },
      { name: 'secret.npy', bytes: four, lie: { flags: 1 } }, { name: 'other.npy', bytes: four, lie: { method: 12 } }, { name: 'bomb.npy', bytes: npy(dictionary("'|u1'", [2 ** 31]), new Uint8Array(100_000)), isPacked: true, lie: { bytes: 2 ** 31 } },
      { name: 'broken.npy', bytes: new Uint8Array(64).fill(0xff), lie: { method: 8 } }, { name: '../../up.npy', bytes: four }, { name: 'good.npy', bytes: four }, { name: 'readme.txt', bytes: four },
    ]);
    const reasons = Object.fromEntries(model.tensors.map(({ name, unreadable }) => [name, unreadable]));
    assert.deepEqual(Object.keys(reasons).filter((name) => reasons[name] === undefined), ['good', '../../up', 'good (2)']);
    const patterns: Record<string, RegExp> = { short: /takes 16 bytes, and .* holds 12/, tiny: /ends within its header/, no: /does not begin as a \.npy file/, secret: /encrypted/, other: /packed in a way/, bomb: /more than 1032 times/, broken: /cannot be unpacked/ };
    for (const [name, pattern] of Object.entries(patterns)) assert.match(reasons[name]!, pattern);
    assert.ok(model.problems.some(({ message }) => /no arrays: "readme\.txt"/.test(message)) && model.problems.some(({ message }) => /"good" more than once/.test(message)));
  });

  it('an archive without arrays is no model', async () => {
    await refused(openArchive([{ name: 'readme.txt', bytes: four }]), /holds no arrays of NumPy/, UnsupportedError);
  });

  it('any byte of a packed archive changed: opened, or refused with a reason', async () => {
    const file = zipFile([{ name: 'a.npy', bytes: four, isPacked: true }, { name: 'b.npy', bytes: four }], { is64: true });
    for (let at = 0; at < file.length; at++) {
      const changed = file.slice();
      changed[at]! ^= 1 << (at % 8);
      await open(changed, 'a.npz').catch((error: unknown) => assert.ok(error instanceof HumanError, `byte ${at}: ${String(error)}`));
    }
  });
});
