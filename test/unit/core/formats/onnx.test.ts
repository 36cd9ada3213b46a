import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FormatError, HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import { onnx } from '../../../../src/core/formats/onnx';
import type { Layer, Model, Tensor } from '../../../../src/core/model';
import { FIXTURE_MODELS, openFile, statisticsOf } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import type { ReadLog } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';
import { skip } from '../../../support/skip';
import { bytesField, joined, messageField, textField, varint, varintField } from '../../../support/protobufBytes';

const fixture = (name: string): Promise<Model> => openFile(path.join(FIXTURE_MODELS, 'onnx', name));
const tensorOf = (model: Model, name: string): Tensor => model.tensors.find((tensor) => tensor.name === name)!;
const layerOf = (model: Model, name: string): Layer => model.layers.find((layer) => layer.name === name)!;

/** TensorProto of float32. */
function tensor(name: string, dims: readonly (number | bigint)[], raw: Uint8Array): Uint8Array {
  return joined([...dims.map((size) => varintField(1, size)), varintField(2, 1), textField(8, name), bytesField(9, raw)]);
}

function external(name: string, location: string, more: readonly (readonly [string, string])[] = []): Uint8Array {
  const entries = ([['location', location], ...more] as const).map(([key, value]) => messageField(13, textField(1, key), textField(2, value)));
  return joined([varintField(1, 2), varintField(2, 1), textField(8, name), ...entries, varintField(14, 1)]);
}

function modelOf(graph: readonly Uint8Array[], rest: readonly Uint8Array[] = []): Uint8Array {
  return joined([varintField(1, 10), textField(2, 'test'), messageField(7, ...graph), messageField(8, varintField(2, 21)), ...rest]);
}

function node(op: string, inputs: readonly string[], outputs: readonly string[], rest: readonly Uint8Array[] = []): Uint8Array {
  return joined([...inputs.map((input) => textField(1, input)), ...outputs.map((output) => textField(2, output)), textField(4, op), ...rest]);
}

async function openBytes(bytes: Uint8Array, others: Readonly<Record<string, Uint8Array>> = {}, log?: ReadLog): Promise<Model> {
  const model = await openModel(memorySource(new Map([['m.onnx', bytes], ...Object.entries(others)]), 'm.onnx', log));
  checkInvariants(model);
  return model;
}

describe('ONNX: layers', () => {
  it('are the operations that consume weights, named by modules', async () => {
    const model = await fixture('layers.onnx');
    assert.deepEqual(
      model.layers.map(({ name, className, activation }) => [name, className, activation]),
      [
        ['stem.conv', 'Conv', 'Relu'], ['stem.bn', 'BatchNormalization', 'Relu'], ['body.0.depthwise', 'Conv', 'Silu'], ['body.1.grouped', 'Conv', 'PRelu'], ['body.1.act', 'PRelu', undefined],
        ['up', 'ConvTranspose', undefined], ['fc', 'Gemm', 'LeakyRelu'], ['encoder.query', 'MatMul', 'Tanh'], ['encoder.norm', 'LayerNormalization', undefined], ['tied', 'MatMul', undefined],
        ['tokens', 'Gather', undefined], ['rnn', 'LSTM', undefined], ['old.norm', 'LayerNormalization', 'Softmax'], ['unused', undefined, undefined],
      ],
    );
    assert.deepEqual(layerOf(model, 'rnn').inputs, ['tied', 'tokens']);
    assert.deepEqual(layerOf(model, 'stem.conv').config, { kernel_shape: [3, 3], strides: [2, 2] });
    assert.equal(model.producer, 'weightgram fixtures 1, opset 23');
  });

  for (const [name, role, axes] of [
    ['stem.conv.weight', 'kernel', { output: 0, input: 1 }], ['stem.conv.bias', 'bias', undefined], ['stem.bn.running_var', 'runningVariance', undefined], ['stem.bn.weight', 'normScale', undefined],
    ['onnx::Conv_12', 'kernel', { output: 0 }], ['body.1.grouped.weight', 'kernel', { output: 0 }], ['up.weight', 'kernel', { output: 1, input: 0 }], ['fc.weight', 'kernel', { output: 0, input: 1 }],
    ['onnx::MatMul_77', 'kernel', { output: 1, input: 0 }], ['encoder.query.bias', 'bias', undefined], ['encoder.norm.bias', 'normShift', undefined], ['tied.weight', 'kernel', { output: 0, input: 1 }],
    ['tokens.weight', 'embedding', { output: 1, input: 0 }], ['onnx::LSTM_10', 'kernel', { output: 1, input: 2 }], ['onnx::LSTM_11', 'bias', undefined], ['old.norm.weight', 'normScale', undefined],
  ] as const) {
    it(`${name} is ${role}`, async () => {
      const found = tensorOf(await fixture('layers.onnx'), name);
      assert.deepEqual([found.role, found.axes], [role, axes]);
    });
  }

  it('stand for each call of a function, and graphs come before names that two of them have', async () => {
    const model = await fixture('constants.onnx');
    for (const i of [0, 1]) assert.equal(model.layers[tensorOf(model, `block.${i}.linear.weight`).layer], layerOf(model, `block.${i}.linear`));
    assert.equal(layerOf(model, 'block.1.linear').className, 'MatMul');
    for (const branch of ['then_branch', 'else_branch']) {
      assert.deepEqual(layerOf(model, `deep.${branch}`).inputs, [`choose/${branch}/product`]);
      assert.equal(tensorOf(model, `choose/${branch}/w`).role, 'kernel');
    }
    assert.equal(tensorOf(model, 'fill/value').role, 'constant');
    assert.equal(tensorOf(model, 'sizes').role, 'constant');
  });

  it('scales are no weights, and stand with what they scale', async () => {
    const model = await fixture('quantized.onnx');
    for (const { name, role, quantization } of model.tensors) {
      if (/scale$|zero(?:_point)?$/.test(name)) assert.equal(role, 'quantization', name);
      else assert.ok(quantization, name);
    }
    assert.equal(tensorOf(model, 'dynamic.scale').layer, tensorOf(model, 'dynamic.weight').layer);
    assert.deepEqual(tensorOf(model, 'rows.int8.weight').quantization?.scheme, 'perBlock');
    assert.deepEqual(model.problems, []);
  });

  it('lists types that it does not decode, and says so', async () => {
    const model = await fixture('listed.onnx');
    assert.deepEqual(model.tensors.map(({ unreadable }) => unreadable === undefined), [false, false, false, true]);
    assert.deepEqual(model.problems.map(({ tensor: at }) => at), [0, 1, 2]);
    assert.match(model.problems[0]!.message, /COMPLEX128/);
    assert.match(model.problems[2]!.message, /data type 99/);
  });

  it('lists what trains the model, apart from its weights', async () => {
    const model = await openBytes(modelOf([], [messageField(20, messageField(2, messageField(5, tensor('momentum', [1], new Uint8Array(4)))))]));
    assert.deepEqual(model.tensors.map(({ name, role }) => [name, role]), [['momentum', 'optimizer']]);
    assert.equal(model.parameters, 0);
  });
});

describe('ONNX: bad files', () => {
  it('says of external data why it is not read, and reads the rest', async () => {
    const floats = new Uint8Array(8);
    const cases: [string, string, RegExp, [string, string][]?][] = [
      ['up', '../../etc/passwd', /leaves the folder/], ['absolute', '/etc/passwd', /absolute path/], ['address', 'https://a.b/c', /outside of this folder/], ['missing', 'missing.bin', /missing\.bin/],
      ['short', 'short.bin', /ends at 4/], ['far', 'whole.bin', /ends at 8/, [['offset', '9007199254740991']]], ['odd', 'whole.bin', /no numbers/, [['offset', '-4']]], ['wrong', 'whole.bin', /its shape takes 8/, [['length', '12']]],
    ];
    const graph = [...cases.map(([name, location, , more]) => messageField(5, external(name, location, more))), messageField(5, external('good', 'whole.bin'))];
    const model = await openBytes(modelOf(graph), { 'whole.bin': floats, 'short.bin': floats.subarray(4) });
    for (const [name, , reason] of cases) assert.match(tensorOf(model, name).unreadable ?? '', reason, name);
    assert.equal(tensorOf(model, 'good').unreadable, undefined);
    assert.ok(model.problems.length >= cases.length);
  });

  it('refuses shapes that the data does not fill, before anything is allocated', async () => {
    const model = await openBytes(modelOf([
      messageField(5, tensor('huge', [2 ** 40, 1000], new Uint8Array(4))), messageField(5, tensor('beyond', [2n ** 62n, 2n ** 62n], new Uint8Array(4))), messageField(5, tensor('negative', [-1n], new Uint8Array(4))),
      messageField(5, tensor('none', [3], new Uint8Array())), messageField(5, tensor('good', [1], new Uint8Array(4))),
    ]));
    assert.deepEqual(model.tensors.map(({ unreadable }) => unreadable === undefined), [false, false, false, false, true]);
  });

  it('leaves calls out of functions that call themselves', async () => {
    const fn = (name: string, calls: string): Uint8Array => messageField(25, textField(1, name), textField(10, 'local'), textField(4, 'x'), textField(5, 'y'), messageField(7, node(calls, ['x'], ['y'], [textField(7, 'local')])));
    const model = await openBytes(modelOf([messageField(1, node('A', ['x'], ['y'], [textField(7, 'local')])), messageField(5, tensor('w', [1], new Uint8Array(4)))], [fn('A', 'B'), fn('B', 'A')]));
    assert.ok(model.problems.some(({ message }) => message.includes('call themselves')));
  });

  it('stops at functions that multiply', async function () {
    this.timeout(20_000);
    const fn = (i: number): Uint8Array => messageField(25, textField(1, `F${i}`), textField(10, 'local'), textField(4, 'x'), textField(5, 'y'), ...Array.from({ length: 10 }, () => messageField(7, node(i === 9 ? 'Relu' : `F${i + 1}`, ['x'], ['y'], i === 9 ? [] : [textField(7, 'local')]))));
    const model = await openBytes(modelOf([messageField(1, node('F0', ['x'], ['y'], [textField(7, 'local')]))], Array.from({ length: 10 }, (_, i) => fn(i))));
    assert.ok(model.problems.some(({ message }) => message.includes('more calls')));
  });

  it('follows nested graphs to a limit, and says where it stopped', async () => {
    // From the inside out, each level is a few bytes in front of what it holds.
    const parts = [messageField(5, tensor('deepest', [1], new Uint8Array(4)))];
    let length = parts[0]!.length;
    const wrap = (number: number, ...before: readonly Uint8Array[]): void => {
      const head = joined([varint(BigInt(number * 8 + 2)), varint(BigInt(length))]);
      for (const part of [head, ...before]) {
        parts.push(part);
        length += part.length;
      }
    };
    for (let level = 0; level < 10_000; level++) {
      wrap(6, textField(1, 'then_branch'));
      wrap(5, textField(4, 'If'));
      wrap(1);
    }
    const graph = joined(parts.reverse());
    const model = await openBytes(modelOf([graph, messageField(5, tensor('top', [1], new Uint8Array(4)))]));
    assert.deepEqual(model.tensors.map(({ name }) => name), ['top']);
    assert.ok(model.problems.some(({ message }) => message.includes('levels deep')));
  });

  it('names sparse tensors whose places are wrong', async () => {
    const sparse = (name: string, places: readonly bigint[], dims: readonly number[]): Uint8Array => messageField(
      15,
      messageField(1, tensor(name, [places.length], new Uint8Array(4 * places.length))),
      messageField(2, varintField(1, places.length), varintField(2, 7), bytesField(7, joined(places.map(varint)))),
      ...dims.map((size) => varintField(3, size)),
    );
    const model = await openBytes(modelOf([sparse('beyond', [1n, 9n], [2, 3]), sparse('before', [-1n], [4]), sparse('backwards', [3n, 1n], [4]), sparse('endless', [1n], [2 ** 40]), sparse('good', [0n, 5n], [2, 3])]));
    assert.deepEqual(model.tensors.map(({ unreadable }) => unreadable === undefined), [false, false, false, false, true]);
  });

  it('keeps two weights of one name apart', async () => {
    const model = await openBytes(modelOf([1, 2].map(() => messageField(5, tensor('w', [1], new Uint8Array(4))))));
    assert.deepEqual(model.tensors.map(({ name }) => name), ['w', 'w (2)']);
    assert.match(model.problems[0]!.message, /more than once/);
  });

  for (const file of ['constants.onnx', 'types.onnx', 'external.onnx']) {
    it(`${file}, cut at every byte, is a model or an error for people`, async function () {
      this.timeout(30_000);
      const bytes = new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'onnx', file)));
      let refused = 0;
      for (let length = 0; length < bytes.length; length++) {
        try {
          checkInvariants(await onnx.open(memorySource(new Map([['m.onnx', bytes.subarray(0, length)]]), 'm.onnx')));
        } catch (error) {
          assert.ok(error instanceof HumanError && error.message.includes('m.onnx'), `${length} bytes: ${String(error)}`);
          refused++;
        }
      }
      assert.ok(refused > bytes.length * 0.9, `${refused} of ${bytes.length}`);
    });
  }
});

describe('ONNX: large', () => {
  it('opens a file of more than 2 GiB from its headers', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'weightgram-onnx-'));
    try {
      // Holes in the file take no room on the disk.
      const half = 1_500_000_000;
      const headOf = (name: string): Uint8Array => joined([varintField(1, half / 4), varintField(2, 1), textField(8, name), varint(9n * 8n + 2n), varint(BigInt(half))]);
      const pieces = ['first', 'second'].map((name) => {
        const head = headOf(name);
        return joined([varint(5n * 8n + 2n), varint(BigInt(head.length + half)), head]);
      });
      const last = messageField(5, tensor('third', [1], new Uint8Array(4)));
      const graphBytes = pieces.reduce((sum, piece) => sum + piece.length + half, last.length);
      const head = joined([varintField(1, 10), varint(7n * 8n + 2n), varint(BigInt(graphBytes))]);
      const name = path.join(folder, 'large.onnx');
      const file = openSync(name, 'w');
      let at = 0;
      for (const [piece, gap] of [[head, 0], [pieces[0]!, half], [pieces[1]!, half], [last, 0]] as const) {
        writeSync(file, piece, 0, piece.length, at);
        at += piece.length + gap;
      }
      closeSync(file);
      const started = performance.now();
      const model = await openFile(name);
      assert.ok(performance.now() - started < 2000);
      assert.ok(model.bytes > 2 ** 31);
      assert.deepEqual(model.tensors.map(({ name: own, bytes, segments }) => [own, bytes, segments.length]), [['first', half, 1], ['second', half, 1], ['third', 4, 1]]);
      assert.deepEqual(model.problems, []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('lists 20,000 tensors, and asks for few parts of the file', async function () {
    this.timeout(30_000);
    const count = 10_000;
    const graph = Array.from({ length: count }, (_, i) => [
      messageField(1, node('Gemm', [i === 0 ? 'x' : `y${i - 1}`, `layers.${i}.fc.weight`, `layers.${i}.fc.bias`], [`y${i}`])),
      ...['weight', 'bias'].map((kind) => messageField(5, tensor(`layers.${i}.fc.${kind}`, kind === 'bias' ? [2] : [2, 2], new Uint8Array(kind === 'bias' ? 8 : 16)))),
    ]).flat();
    const log: ReadLog = { reads: [], open: 0 };
    const bytes = modelOf(graph);
    const cpu = process.cpuUsage();
    const model = await openModel(memorySource(new Map([['m.onnx', bytes]]), 'm.onnx', log));
    const { user } = process.cpuUsage(cpu);
    assert.equal(model.layers.length, count);
    assert.deepEqual(model.layers.at(-1)!.inputs, [`layers.${count - 2}.fc`]);
    assert.ok(log.reads.length < bytes.length / 16_384, `${log.reads.length} reads`);
    assert.ok(user < 8_000_000, `${(user / 1e6).toFixed(1)} s`);
  });
});

describe('ONNX: operator tests of ONNX itself', () => {
  const CORPUS = '/usr/share/libonnx-testdata';
  it('all open, and every tensor can be read', async function () {
    this.timeout(120_000);
    if (!existsSync(CORPUS)) skip(this, 'the Debian package libonnx-testdata is not installed');
    const files = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.onnx'));
    assert.ok(files.length > 1000);
    for (const file of files) {
      const model = await openFile(path.join(CORPUS, file));
      checkInvariants(model);
      assert.deepEqual(model.problems, [], file);
      await statisticsOf(model);
    }
  });
});

describe('ONNX: what is taken for a model', () => {
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'onnx', name)));
  const fields = (...parts: Uint8Array[]): Uint8Array => joined(parts);
  for (const [what, head, expected] of [
    ['a model', read('types.onnx'), true],
    ['one of a newer IR', fields(varintField(1, 60), messageField(7)), true],
    ['fields in another order', fields(messageField(8, varintField(2, 9)), messageField(7, textField(2, 'g')), varintField(1, 3)), true],
    ['a graph that goes on behind the head', fields(varintField(1, 8), bytesField(7, read('types.onnx').subarray(0, 0)), messageField(8, varintField(2, 1))).subarray(0, 6), true],
    ['a SavedModel', fields(varintField(1, 1), messageField(2, messageField(1, textField(4, 'serve')))), false],
    ['a tensor', tensor('w', [1], new Uint8Array(4)), false],
    ['Core ML', fields(varintField(1, 4), messageField(2, messageField(1, textField(1, 'image'))), messageField(500)), false],
    ['a version alone', varintField(1, 8), false],
    ['text', new TextEncoder().encode('{"graph": 1}'), false],
    ['nothing', new Uint8Array(), false],
  ] as const) {
    it(`${what}: ${expected}`, () => assert.equal(onnx.matches(head, 'any.bin'), expected));
  }

  it('says that the rest is missing where a file was cut', async () => {
    await assert.rejects(openBytes(read('types.onnx').subarray(0, 1000)), (error) => error instanceof FormatError && /m\.onnx is damaged/.test(error.message));
  });
});
