import assert from 'node:assert/strict';
import type { Model } from '../../../src/core/model';
import { levelOf, MOST_ROWS } from '../../../src/extension/layerGroups';
import type { LayerGroup } from '../../../src/extension/layerGroups';

const modelOf = (names: readonly string[]): Model => ({ layers: names.map((name) => ({ name, tensors: [] })) }) as unknown as Model;
const experts = Array.from({ length: 100_000 }, (_, i) => `model.layers.${Math.floor(i / 200)}.mlp.experts.${i % 200}.up_proj`);
const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the rows of a model of very many layers', () => {
  it('are the layers themselves where they are few', () => {
    assert.deepEqual(levelOf(modelOf(['a', 'b']), [0, 1], '', false), { layers: [0, 1] });
  });

  it('are parts of their names, in model order, and hold every layer once', () => {
    const model = modelOf(experts);
    const top = levelOf(model, all(100_000), '', false);
    assert.ok('groups' in top);
    assert.deepEqual(top.groups.slice(0, 3).map(({ key, label, layers }) => [key, label, layers.length]), [['model.layers.0.', 'model.layers.0', 200], ['model.layers.1.', 'model.layers.1', 200], ['model.layers.2.', 'model.layers.2', 200]]);
    assert.equal(top.groups.length, 500);
    assert.deepEqual(levelOf(model, top.groups[7]!.layers, top.groups[7]!.key, false), { layers: top.groups[7]!.layers });
  });

  it('never are more than a level can show, whatever the names', () => {
    for (const names of [experts, experts.map((_, i) => `w${i}`), experts.map((_, i) => `a/${i}/x`), experts.map(() => 'same'), ['', ...experts.slice(1)]]) {
      for (const isSorted of [false, true]) {
        const seen = count(modelOf(names), all(names.length), '', isSorted);
        assert.equal(seen.size, names.length);
      }
    }
  });

  it('are runs where a person sorted them', () => {
    const level = levelOf(modelOf(experts), all(1200).reverse(), '', true) as { groups: readonly LayerGroup[] };
    assert.deepEqual(level.groups.map(({ label, layers }) => [label, layers[0]]), [['1–500', 1199], ['501–1000', 699], ['1001–1200', 199]]);
  });
});

/** All layers below, each level checked. */
function count(model: Model, layers: readonly number[], above: string, isSorted: boolean, depth = 0): Set<number> {
  assert.ok(depth < 8);
  const level = levelOf(model, layers, above, isSorted);
  if ('layers' in level) {
    assert.ok(level.layers.length <= MOST_ROWS);
    return new Set(level.layers);
  }
  assert.ok(level.groups.length <= MOST_ROWS && level.groups.length > 1);
  assert.equal(new Set(level.groups.map(({ key }) => key)).size, level.groups.length);
  return new Set(level.groups.flatMap((group) => [...count(model, group.layers, group.key, isSorted, depth + 1)]));
}
