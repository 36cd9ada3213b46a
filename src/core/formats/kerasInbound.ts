import { asArray, asString, dig, isObject, own } from './jsonValues';

/** Configurations nest calls at most some levels deep. */
const MAX_DEPTH = 12;
/** Inputs of one layer; a Concatenate of real models takes some dozens. */
const MAX_INPUTS = 1000;

/**
 * Names of the layers that one call takes its inputs from, in order. Each generation writes it in another way:
 * Keras 2 `[["conv", 0, 0, {}]]`, layers of operations `["conv", 0, 0, { "y": ["other", 0, 0] }]`,
 * Keras 3 `{ "args": [{ "class_name": "__keras_tensor__", "config": { "keras_history": ["conv", 0, 0] } }], "kwargs": {} }`.
 */
export function inboundNames(call: unknown): readonly string[] {
  const names: string[] = [];
  collect(call, names, 0);
  return names;
}

/** The calls of a layer: one for each time that it is used. */
export function inboundCalls(inboundNodes: unknown): readonly unknown[] {
  const calls = asArray(inboundNodes);
  // A layer of an operation may have its only call unwrapped: [["conv", 0, 0, {}]].
  return calls.length > 0 && calls.every(isHistory) ? [calls] : calls;
}

/** Names in `input_layers` and `output_layers`: a list of histories, or since Keras 3 a single one. */
export function endpointNames(value: unknown): readonly string[] {
  return inboundNames(value);
}

function collect(value: unknown, names: string[], depth: number): void {
  if (depth > MAX_DEPTH || names.length >= MAX_INPUTS) return;
  if (isHistory(value)) {
    names.push((value as readonly string[])[0]!);
    for (const rest of (value as readonly unknown[]).slice(3)) collect(rest, names, depth + 1);
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) collect(item, names, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  const history = dig(value, 'config', 'keras_history');
  if (history !== undefined) {
    const name = asString(asArray(history)[0]);
    if (name !== undefined) names.push(name);
    return;
  }
  for (const key of Object.keys(value)) collect(own(value, key), names, depth + 1);
}

/** [layer name, call, output, …] */
function isHistory(value: unknown): boolean {
  return Array.isArray(value) && value.length >= 3 && typeof value[0] === 'string' && typeof value[1] === 'number' && typeof value[2] === 'number';
}
