import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import { checkInvariants } from '../../../support/modelChecks';
import { Random } from '../../../support/random';
import { buildModel, concatenate, float32Weight, graphOf, int32Weight, kerasOf, openBuilt, randomGroups, stringWeight } from '../../../support/tfjsBuilder';

const MUTATIONS = 24_000;
const SEED = 20_240_601;
/** A single hostile file may not hold a worker longer. */
const LONGEST_MS = 2000;
/** What may stay reachable after all of them: less than a kilobyte each. */
const MEMORY_MIB = 20;

/** Bytes that are reachable: what a collection leaves. */
function reachableBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const NASTY: readonly unknown[] = [
  null, true, -1, 0, 1, 0.5, 1e308, 2 ** 53, -0, '', 'kernel', '../x', '/etc/passwd', 'http://a/b', '__proto__', 'constructor', 'a'.repeat(5000), '\u0000\u202e<b>', [], {}, [[]],
  [[['a', 0, 0, {}]]], { class_name: 'Dense', config: { name: 'x' } }, { layers: [{}] }, { name: 'w', shape: [2], dtype: 'float32' }, [1e9, 1e9, 1e9], [-1], [null, 8, 8, 3], 'Sequential', 'Functional', 'Bidirectional', 'uint8',
  { dtype: 'uint16', scale: 'x' }, { node: [] }, '{"class_name":"Sequential","config":{}}', 'NaN', 'float16', 'string', 'complex64',
];

function bases(random: Random): Map<string, Uint8Array>[] {
  const dense = (name: string, units: number): { class_name: string; config: Record<string, unknown> } => ({ class_name: 'Dense', config: { name, units, kernel_initializer: { class_name: 'Zeros', config: {} } } });
  const weights = [float32Weight('d/kernel', [3, 4]), float32Weight('d/bias', [4]), stringWeight('words', [2], ['a', 'bcd']), int32Weight('s/axis', [])];
  const shards = [{ path: 'w1.bin', bytes: 30 }, { path: 'w2.bin', bytes: 21 }, { path: 'w3.bin' }];
  const nested = {
    class_name: 'Functional',
    config: {
      name: 'outer', input_layers: [['in', 0, 0]], output_layers: [['d', 0, 0]],
      layers: [
        { class_name: 'InputLayer', name: 'in', config: { batch_input_shape: [null, 8, 3], name: 'in' }, inbound_nodes: [] },
        { class_name: 'Sequential', name: 'inner', config: { name: 'inner', layers: [dense('c', 3)] }, inbound_nodes: [[['in', 0, 0, {}]]] },
        { class_name: 'Bidirectional', name: 'bi', config: { name: 'bi', merge_mode: 'concat', layer: { class_name: 'LSTM', config: { name: 'lstm', units: 2, return_sequences: true } } }, inbound_nodes: [[['inner', 1, 0, {}]]] },
        { class_name: 'Conv1D', name: 'v', config: { name: 'v', filters: 2, kernel_size: [3], strides: [1], padding: 'same' }, inbound_nodes: [{ args: [{ class_name: '__keras_tensor__', config: { keras_history: ['bi', 0, 0] } }], kwargs: {} }] },
        { ...dense('d', 4), name: 'd', inbound_nodes: [[['v', 0, 0, {}]]] },
      ],
    },
  };
  const nodes = [
    { name: 'x', op: 'Placeholder', attr: {} },
    { name: 'd/kernel', op: 'Const', attr: {} },
    { name: 'd/bias', op: 'Const', attr: {} },
    { name: 's/axis', op: 'Const', attr: {} },
    { name: 'd/MatMul', op: '_FusedMatMul', input: ['x', 'd/kernel', 'd/bias'], attr: { fused_ops: { list: { s: ['Qmlhc0FkZA==', 'UmVsdQ=='] } }, transpose_b: { b: false } } },
    { name: 's', op: 'Sum', input: ['d/MatMul', 's/axis', '^x'], attr: {} },
  ];
  const library = { function: [{ signature: { name: 'f' }, nodeDef: [{ name: 'words', op: 'Const' }, { name: 'g', op: 'Identity', input: ['words:output:0'] }] }] };
  return [
    buildModel([{ weights, shards }], { format: 'layers-model', modelTopology: { model_config: nested } }),
    buildModel([{ weights, shards }], kerasOf([dense('d', 4)])),
    buildModel([{ weights, shards }], graphOf(nodes, library)),
    buildModel([{ weights, shards }], 'bare'),
    buildModel(randomGroups(random), 'bare'),
  ];
}

/** Every place in a JSON value: its parent and key. */
function places(value: unknown, found: { parent: Record<string, unknown>; key: string }[] = []): { parent: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push({ parent: value as Record<string, unknown>, key });
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

function mutateStructure(json: unknown, random: Random): unknown {
  const root = { root: json };
  for (let i = 1 + random.integer(3); i > 0; i--) {
    const all = places(root);
    if (all.length === 0) break;
    const { parent, key } = random.pick(all);
    const other = random.pick(all);
    const kind = random.integer(5);
    if (kind === 0) parent[key] = structuredClone(random.pick(NASTY));
    else if (kind === 1) delete parent[key];
    else if (kind === 2) parent[key] = structuredClone(other.parent[other.key]);
    else if (kind === 3 && Array.isArray(parent[key])) (parent[key] as unknown[]).push(...(structuredClone(parent[key]) as unknown[]));
    else if (typeof parent[key] === 'number') parent[key] = random.pick([-1, 0, 1.5, 1e12, 2 ** 60, (parent[key]) + 1]);
    else parent[random.pick(['name', 'layers', 'config', 'paths', 'weights', 'dtype', 'shape', 'quantization', 'input', '__proto__'])] = structuredClone(random.pick(NASTY));
  }
  return root.root;
}

/** Brackets, quotes, a NaN, broken UTF-8, a sign, an exponent. */
const INSERTIONS = [[0x5b, 0x5b], [0x7d], [0x22], [0x2c], [0x4e, 0x61, 0x4e], [0, 0xff], [0x2d], [0x31, 0x65, 0x39]];

function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let i = 1 + random.integer(4); i > 0 && result.length > 0; i--) {
    const at = random.integer(result.length);
    const kind = random.integer(4);
    if (kind === 0) result[at] = random.integer(256);
    else if (kind === 1) result = result.slice(0, at);
    else if (kind === 2) result = concatenate([result.subarray(0, at), Uint8Array.from(random.pick(INSERTIONS)), result.subarray(at)]);
    else result = concatenate([result.subarray(0, at), result.subarray(Math.min(result.length, at + 1 + random.integer(20)))]);
  }
  return result;
}

function mutate(base: ReadonlyMap<string, Uint8Array>, random: Random): Map<string, Uint8Array> {
  const files = new Map(base);
  const shards = [...files.keys()].filter((name) => name !== 'model.json');
  const kind = random.integer(10);
  if (kind < 5) {
    const json = mutateStructure(JSON.parse(new TextDecoder().decode(files.get('model.json'))), random);
    files.set('model.json', new TextEncoder().encode(JSON.stringify(json) ?? ''));
  } else if (kind < 8) {
    files.set('model.json', mutateBytes(files.get('model.json')!, random));
  }
  if (kind > 6) {
    const shard = random.pick(shards);
    if (random.chance(0.2)) files.delete(shard);
    else files.set(shard, mutateBytes(files.get(shard)!, random));
  }
  return files;
}

describe('fuzz', () => {
  it(`${MUTATIONS} mutated models end in a model or in an error for people`, async function () {
    this.timeout(120_000);
    const random = new Random(SEED);
    const originals = bases(random);
    let opened = 0;
    let problems = 0;
    let slowest = 0;
    const before = reachableBytes();
    for (let i = 0; i < MUTATIONS; i++) {
      const files = mutate(random.pick(originals), random);
      const started = performance.now();
      try {
        const model = await openModel(openBuilt(files));
        slowest = Math.max(slowest, performance.now() - started);
        checkInvariants(model);
        opened++;
        if (model.problems.length > 0) problems++;
      } catch (error) {
        slowest = Math.max(slowest, performance.now() - started);
        if (error instanceof HumanError && error.message.length > 20) continue;
        throw new Error(`mutation ${i} of seed ${SEED}: ${new TextDecoder().decode(files.get('model.json')).slice(0, 2000)}`, { cause: error });
      }
    }
    assert.ok(slowest < LONGEST_MS, `the slowest took ${slowest.toFixed(0)} ms`);
    const keptMib = (reachableBytes() - before) / 2 ** 20;
    assert.ok(keptMib < MEMORY_MIB, `${keptMib.toFixed(1)} MiB stay`);
    assert.ok(opened > MUTATIONS / 10 && opened < MUTATIONS, `${opened} of the mutated models still opened`);
    assert.ok(problems > MUTATIONS / 20, `${problems} of them with problems`);
  });
});
