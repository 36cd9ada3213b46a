import type { Declared } from '../model';
import { asBoolean, asString, isObject, own, ownAny } from './jsonValues';
import type { JsonObject } from './jsonValues';
import type { LayerDraft } from './assembleModel';

/** Longer lists and texts are data (Lambda code, vocabularies), not settings. */
const MAX_LIST = 16;
const MAX_TEXT_CHARACTERS = 200;
/** Settings of one layer; real ones have up to 40. */
const MAX_SETTINGS = 100;

const FACET = /^(.+?)_(initializer|regularizer|constraint)$/;
/** Told elsewhere in the layer, or other layers. */
const NOT_SETTINGS = new Set([
  'name', 'trainable', 'dtype', 'activation', 'layers', 'layer', 'cell', 'cells', 'backward_layer', 'input_layers', 'output_layers', 'function',
]);
/** Keras names these after the axis, its weights after the kernel. */
const WEIGHT_OF: Readonly<Record<string, string>> = { recurrent: 'recurrent_kernel', depthwise: 'depthwise_kernel', pointwise: 'pointwise_kernel' };

/** What a layer's configuration says, in our words. */
export function facetsOf(config: unknown): Omit<LayerDraft, 'name'> {
  if (!isObject(config)) return {};
  const settings = Object.entries(config).slice(0, MAX_SETTINGS).map(([key, value]) => [snakeCase(key), value] as const);
  const declared = (kind: string): Readonly<Record<string, Declared>> | undefined => {
    const entries = settings.flatMap(([key, value]) => {
      const match = FACET.exec(key);
      const what = match?.[2] === kind ? declaredOf(value) : undefined;
      return what ? [[WEIGHT_OF[match![1]!] ?? match![1]!, what] as const] : [];
    });
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  };
  const rest = settings.filter(([key, value]) => !NOT_SETTINGS.has(key) && !FACET.test(key) && isSetting(value));
  return defined({
    activation: activationOf(own(config, 'activation')),
    initializers: declared('initializer'),
    regularizers: declared('regularizer'),
    constraints: declared('constraint'),
    dtype: dtypeOf(own(config, 'dtype')),
    trainable: asBoolean(own(config, 'trainable')),
    config: rest.length > 0 ? Object.fromEntries(rest) : undefined,
  });
}

/** 'relu', or an object: { class_name: 'LeakyReLU', config } since Keras 3. */
export function activationOf(value: unknown): string | undefined {
  if (isObject(value)) return asString(ownAny(value, 'class_name', 'className')) ?? asString(own(own(value, 'config'), 'name'));
  return typeof value === 'string' && value.length <= MAX_TEXT_CHARACTERS ? value : undefined;
}

/** 'float32', or a policy: { class_name: 'DTypePolicy', config: { name: 'mixed_float16' } }. */
function dtypeOf(value: unknown): string | undefined {
  if (isObject(value)) return asString(own(own(value, 'config'), 'name'));
  return typeof value === 'string' && value.length <= MAX_TEXT_CHARACTERS ? value : undefined;
}

function declaredOf(value: unknown): Declared | undefined {
  if (typeof value === 'string' && value.length <= MAX_TEXT_CHARACTERS) return { name: value, config: {} };
  const name = asString(ownAny(value, 'class_name', 'className'));
  if (name === undefined || name.length > MAX_TEXT_CHARACTERS) return undefined;
  const config = own(value, 'config');
  return { name, config: isObject(config) ? plain(config) : {} };
}

function plain(config: JsonObject): Readonly<Record<string, unknown>> {
  const entries = Object.entries(config).slice(0, MAX_SETTINGS).filter(([, value]) => value === null || isSetting(value));
  return Object.fromEntries(entries.map(([key, value]) => [snakeCase(key), value]));
}

function isSetting(value: unknown): boolean {
  if (Array.isArray(value)) return value.length <= MAX_LIST && value.every((item) => isScalar(item) || (Array.isArray(item) && item.length <= MAX_LIST && item.every(isScalar)));
  return isScalar(value) && value !== null;
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT_CHARACTERS;
  return value === null || typeof value === 'number' || typeof value === 'boolean';
}

/** Early TensorFlow.js wrote kernelInitializer where Keras writes kernel_initializer. */
export function snakeCase(key: string): string {
  return key.replace(/(?<=[a-z\d])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Drops what is undefined: exactOptionalPropertyTypes tells absent from undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
