import type { LayerDraft } from './assembleModel';

/**
 * Paths of Keras 3's store (keras/src/saving/saving_lib.py): a layer lies in its model's container under the name of its class, not
 * its own, with a number where the class comes again: layers/conv2d, layers/conv2d_1.
 */
export class StoreContainer {
  readonly #used = new Map<string, number>();

  constructor(private readonly path: string) {}

  /** @param module operations of the graph (keras.src.ops…) are no layers, and are not stored. */
  next(className: string, module?: string): string {
    const name = toSnakeCase(className);
    if (module !== undefined && /^keras\.src\.ops\b|^keras\.ops\b/.test(module)) return `${this.path}/(${name})`;
    const count = this.#used.get(name) ?? 0;
    this.#used.set(name, count + 1);
    return `${this.path}/${count === 0 ? name : `${name}_${count}`}`;
  }
}

/** keras/src/utils/naming.py, to_snake_case: Conv2DTranspose becomes conv2d_transpose. */
export function toSnakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** Classes of Keras 3 that have variables. */
const CLASSES = [
  'Dense', 'EinsumDense', 'Embedding', 'ReversibleEmbedding', 'Conv1D', 'Conv2D', 'Conv3D', 'Conv1DTranspose', 'Conv2DTranspose', 'Conv3DTranspose', 'DepthwiseConv1D',
  'DepthwiseConv2D', 'SeparableConv1D', 'SeparableConv2D', 'BatchNormalization', 'LayerNormalization', 'GroupNormalization', 'RMSNormalization',
  'Normalization', 'SpectralNormalization', 'PReLU', 'LSTM', 'GRU', 'SimpleRNN', 'RNN', 'LSTMCell', 'GRUCell', 'SimpleRNNCell', 'StackedRNNCells', 'ConvLSTM1D',
  'ConvLSTM2D', 'ConvLSTM3D', 'Bidirectional', 'TimeDistributed', 'MultiHeadAttention', 'GroupQueryAttention', 'Attention', 'AdditiveAttention',
  'LocallyConnected1D', 'LocallyConnected2D',
] as const;
const CLASS_BY_STEM: ReadonlyMap<string, string> = new Map(CLASSES.map((name) => [toSnakeCase(name), name]));
/** Attributes of Keras' own layers that hold other layers: attention's projections. */
const PROJECTION = /^(?:query|key|value|output)_dense$/;

/** The class that a part of a path names; undefined where it is an attribute of a program's own layer. */
export function classOfPart(part: string): string | undefined {
  if (PROJECTION.test(part)) return 'EinsumDense';
  return CLASS_BY_STEM.get(part) ?? CLASS_BY_STEM.get(part.replace(/_\d{1,9}$/, ''));
}

/** Keras 3 numbers a layer's variables in the order in which `build` makes them, trained ones first (Layer.save_own_variables). */
const VARIABLES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(?:Dense|Conv\dD|DepthwiseConv|EinsumDense)/, ['kernel', 'bias']],
  [/^(?:BatchNormalization|SyncBatchNormalization)$/, ['gamma', 'beta', 'moving_mean', 'moving_variance']],
  [/^(?:Layer|Group)Normalization$/, ['gamma', 'beta']],
  [/^RMSNormalization$/, ['scale']],
  [/^Normalization$/, ['mean', 'variance', 'count']],
  [/^(?:Reversible)?Embedding$/, ['embeddings', 'reverse_embeddings']],
  [/^(?:LSTM|GRU|SimpleRNN|ConvLSTM\dD)/, ['kernel', 'recurrent_kernel', 'bias']],
  [/^SeparableConv/, ['depthwise_kernel', 'pointwise_kernel', 'bias']],
  [/^LocallyConnected/, ['kernel', 'bias']],
  [/^PReLU$/, ['alpha']],
];

/** What `vars/2` of a layer is; the key itself where that does not follow. */
export function variableName({ className, config }: Pick<LayerDraft, 'className' | 'config'>, key: string): string {
  if (!/^\d{1,3}$/.test(key)) return key;
  const names = VARIABLES.find(([pattern]) => pattern.test(className ?? ''))?.[1];
  const kept = names?.filter((name) => !(name === 'gamma' && config?.['scale'] === false) && !(name === 'beta' && (config?.['center'] === false || config?.['rms_scaling'] === true)));
  return kept?.[Number(key)] ?? key;
}

/**
 * The same where no configuration says whether a normalization has gamma and beta: with one of them missing nothing tells which, and
 * the moving statistics stand at the end.
 * @param count variables of the layer.
 */
export function variableAlone(className: string, key: string, count: number): string {
  const full = variableName({ className }, key);
  const isBatch = /^(?:Sync)?BatchNormalization$/.test(className);
  if (!isBatch && !/^(?:Layer|Group)Normalization$/.test(className)) return full;
  if (count >= (isBatch ? 4 : 2)) return full;
  const behind = count - 1 - Number(key);
  return isBatch && count >= 2 ? (['moving_variance', 'moving_mean'][behind] ?? key) : key;
}

/** What `vars/2` is where nothing tells the class: only what the shapes of the object's variables leave no doubt about. */
export function variableByShapes(shapes: readonly (readonly number[])[], index: number): string | undefined {
  const [first, second] = shapes;
  if (!first) return undefined;
  if (first.length >= 2 && (shapes.length === 1 || (shapes.length === 2 && second!.length === 1 && second![0] === first.at(-1)))) return index === 0 ? 'kernel' : 'bias';
  const areVectors = shapes.every((shape) => shape.length === 1 && shape[0] === first[0]);
  if (areVectors && (shapes.length === 2 || shapes.length === 4)) return ['gamma', 'beta', 'moving_mean', 'moving_variance'][index];
  return undefined;
}
