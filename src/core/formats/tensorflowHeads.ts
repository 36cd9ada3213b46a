import { varint } from './tensorBundleSnappy';

/** Operations are named in letters, digits and a few signs (tensorflow/core/framework/op_def_builder.cc). */
const OPERATION = /^(?:[A-Z_]\w*>)*[A-Z_]\w*$/;
const NODE_NAME = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;
/** Names of nodes in real graphs have up to some hundred characters. */
const MAX_NAME_BYTES = 2048;

interface Field {
  readonly number: number;
  readonly start: number;
  readonly length: number;
}

/** A field with a payload; undefined where none begins there. */
function fieldAt(head: Uint8Array, at: number): Field | undefined {
  const tag = head[at];
  if (tag === undefined || (tag & 7) !== 2) return undefined;
  const length = varint(head, at + 1);
  return length && { number: tag >> 3, start: length.next, length: length.value };
}

/** SavedModel: its version, which is 1, then a MetaGraphDef, which begins with a MetaInfoDef. Protobuf files have no magic. */
export function startsLikeSavedModel(head: Uint8Array): boolean {
  if (head[0] !== 0x08 || head[1] !== 1) return false;
  const graph = fieldAt(head, 2);
  if (graph?.number !== 2) return false;
  const info = fieldAt(head, graph.start);
  if (info?.number !== 1 || info.start + info.length > graph.start + graph.length) return false;
  // ONNX of version 1 has its producer's name here: text, not a message.
  const inner = fieldAt(head, info.start);
  return inner !== undefined && inner.number >= 1 && inner.number <= 6 && inner.start + inner.length <= info.start + info.length;
}

/** GraphDef: a node, which has a name and an operation. */
export function startsLikeGraphDef(head: Uint8Array): boolean {
  const node = fieldAt(head, 0);
  if (node?.number !== 1) return false;
  const name = fieldAt(head, node.start);
  if (name?.number !== 1 || name.length === 0 || name.length > MAX_NAME_BYTES) return false;
  const operation = fieldAt(head, name.start + name.length);
  if (operation?.number !== 2 || operation.length === 0 || operation.length > MAX_NAME_BYTES) return false;
  if (operation.start + operation.length > node.start + node.length) return false;
  const text = ({ start, length }: Field): string => new TextDecoder('latin1').decode(head.subarray(start, start + length));
  return NODE_NAME.test(text(name)) && OPERATION.test(text(operation));
}
