import { visit } from 'jsonc-parser';
import type { JSONPath } from 'jsonc-parser';
import { isKernelOp } from './graphUses';
import { shortened } from './graphLayers';

/** Where the name of a layer or weight stands in the text of a model.json. */
export interface NamePosition {
  /** As Layer.name or Tensor.name has it: paths of nested models joined, repeated weight names numbered. */
  readonly name: string;
  readonly kind: 'layer' | 'tensor';
  /** Of the string with its quotes, in UTF-16 units as editors count. */
  readonly offset: number;
  readonly length: number;
}

/** Editors do not open larger files as text with hovers, and the visit takes a second from here on. */
export const MAX_POSITIONS_CHARACTERS = 32 * 1024 * 1024;

/** Names of layers and weights in the text of a model.json or weights manifest, in the order of the text. */
export function namePositions(text: string): NamePosition[] {
  if (text.length > MAX_POSITIONS_CHARACTERS) return [];
  const finder = new Finder();
  visit(text, {
    onLiteralValue: (value, offset, length, _line, _character, path) => {
      if (typeof value === 'string') finder.literal(value, offset, length, path());
    },
  });
  return finder.finished();
}

interface Pending {
  readonly kind: 'layer' | 'tensor';
  readonly text: string;
  readonly offset: number;
  readonly length: number;
  /** Keys of the layers around and including this one, outermost first. */
  readonly owners: readonly string[];
}

class Finder {
  readonly #pending: Pending[] = [];
  /** Names of layers by the place of their object, for the paths of layers inside them. */
  readonly #layerNames = new Map<string, string>();
  readonly #weightCounts = new Map<string, number>();
  /** The last graph node: its operation may stand before or behind its name. */
  #node: { key: string; name?: Pending; op?: string } = { key: '' };

  literal(text: string, offset: number, length: number, path: JSONPath): void {
    const last = path.at(-1);
    if (last !== 'name' && last !== 'op') return;
    const owner = path.at(-3);
    if (last === 'name' && owner === 'weights' && typeof path.at(-2) === 'number') {
      this.#pending.push({ kind: 'tensor', text: this.#uniqueWeight(text), offset, length, owners: [] });
      return;
    }
    if ((owner === 'node' || owner === 'nodeDef') && typeof path.at(-2) === 'number') this.#graphNode(text, offset, length, path);
    else if (last === 'name') this.#layer(text, offset, length, path);
  }

  finished(): NamePosition[] {
    this.#flushNode();
    const found = this.#pending.map(({ kind, text, offset, length, owners }) => {
      const parents = kind === 'layer' ? owners.slice(0, -1).map((key) => this.#layerNames.get(key) ?? '') : [];
      return { name: [...parents, text].join('/'), kind, offset, length };
    });
    return found.sort((a, b) => a.offset - b.offset);
  }

  /** `layers[3].name`, `layers[3].config.name`; a layer inside a wrapper is called as the wrapper. */
  #layer(text: string, offset: number, length: number, path: JSONPath): void {
    const owners: string[] = [];
    let lastLayer = -1;
    for (let i = 0; i + 1 < path.length; i++) {
      if (path[i] === 'layers' && typeof path[i + 1] === 'number') {
        owners.push(path.slice(0, i + 2).join('\0'));
        lastLayer = i + 1;
      }
    }
    if (lastLayer < 0) return;
    const tail = path.slice(lastLayer + 1).join('.');
    if (tail !== 'name' && tail !== 'config.name') return;
    this.#layerNames.set(owners.at(-1)!, text);
    this.#pending.push({ kind: 'layer', text, offset, length, owners });
  }

  #graphNode(text: string, offset: number, length: number, path: JSONPath): void {
    const key = path.slice(0, -1).join('\0');
    if (key !== this.#node.key) {
      this.#flushNode();
      this.#node = { key };
    }
    if (path.at(-1) === 'op') this.#node.op = text;
    else this.#node.name = { kind: 'layer', text, offset, length, owners: [''] };
  }

  /** A constant is a weight; the nodes of operations are called as their layers are. */
  #flushNode(): void {
    const { name, op } = this.#node;
    this.#node = { key: '' };
    if (!name || op === undefined) return;
    if (op === 'Const' || op === 'VarHandleOp') this.#pending.push({ ...name, kind: 'tensor' });
    else if (isKernelOp(op) || /BatchNorm|BiasAdd|^Add|^Mul$|Gather|^SparseSegment/.test(op)) this.#pending.push({ ...name, text: shortened(name.text) });
  }

  #uniqueWeight(name: string): string {
    const count = (this.#weightCounts.get(name) ?? 0) + 1;
    this.#weightCounts.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  }
}
