import { MODEL } from './onnxTypes';

/** The first version was 1, the newest is 13; what is beyond will be read too, as far as it is the same. */
const MAX_IR_VERSION = 1000;
/** Producers, versions and domains are short texts. */
const MAX_TEXT_BYTES = 4096;

const VARINTS: ReadonlySet<number> = new Set([MODEL.irVersion, MODEL.modelVersion]);
const TEXTS: ReadonlySet<number> = new Set([MODEL.producerName, MODEL.producerVersion, MODEL.domain]);
const MESSAGES: ReadonlySet<number> = new Set([MODEL.docString, MODEL.graph, MODEL.opsetImport, MODEL.metadata, MODEL.trainingInfo, MODEL.functions, MODEL.configuration]);
/** Fields of GraphProto, all of them length-delimited. */
const GRAPH_FIELDS: ReadonlySet<number> = new Set([1, 2, 5, 10, 11, 12, 13, 14, 15, 16]);

/**
 * A protobuf has no signature: every field of the head has to be one of ModelProto, of its type, with an IR version among them and
 * then a graph that begins like one. Other files of numbered fields (SavedModel, Core ML, tensors) fail at one of these.
 */
export function looksLikeModel(head: Uint8Array): boolean {
  let at = 0;
  let hasVersion = false;
  let hasGraph = false;
  let hasOperators = false;
  while (at < head.length) {
    const tag = varintAt(head, at);
    if (!tag) break;
    const number = Math.floor(tag.value / 8);
    const wireType = tag.value % 8;
    const value = varintAt(head, tag.end);
    if (VARINTS.has(number) ? wireType !== 0 : wireType !== 2 || !(TEXTS.has(number) || MESSAGES.has(number))) return false;
    if (!value) break;
    if (wireType === 0) {
      if (number === MODEL.irVersion) {
        if (value.value < 1 || value.value > MAX_IR_VERSION) return false;
        hasVersion = true;
      }
      at = value.end;
      continue;
    }
    const end = value.end + value.value;
    if (TEXTS.has(number) && (value.value > MAX_TEXT_BYTES || !isText(head.subarray(value.end, end)))) return false;
    if (number === MODEL.graph) {
      if (!beginsLikeGraph(head, value.end, end)) return false;
      hasGraph = true;
    }
    hasOperators ||= number === MODEL.opsetImport;
    at = end;
  }
  return hasVersion && (hasGraph || hasOperators);
}

function beginsLikeGraph(head: Uint8Array, start: number, end: number): boolean {
  if (start >= end) return start === end;
  const tag = varintAt(head, start);
  // Cut off by the end of the head.
  if (!tag) return true;
  return tag.value % 8 === 2 && GRAPH_FIELDS.has(Math.floor(tag.value / 8));
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

/** undefined where it does not end within the bytes, or is more than any length. */
function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = start, factor = 1; at < Math.min(bytes.length, start + 8); at++, factor *= 128) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
