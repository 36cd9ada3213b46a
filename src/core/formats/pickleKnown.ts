import { isDangerous } from './pickleDanger';
import type { PickleGlobal } from './pickleValues';
import { REBUILDER_NAMES } from './pytorchTensors';
import { torchTypeOf } from './pytorchTypes';

/** Modules whose classes hold settings and states, and nothing that a list of weights lacks without them. */
const PLAIN_MODULES = /^(?:collections(?:\.abc)?|datetime|decimal|fractions|pathlib|enum|argparse|types|typing|copy_?reg|_codecs|array|uuid|ipaddress|zoneinfo|re|string|numbers|__future__|functools|_collections_abc|dataclasses|numpy(?:\..*)?|torch\.(?:nn|optim|distributions)(?:\..*)?|torch\.jit\._pickle|torchvision\.(?:ops|models)(?:\..*)?|(?:pytorch_lightning|lightning(?:_fabric|_utilities)?)(?:\..*)?|__torch__(?:\..*)?)$/;

const PLAIN_BUILTINS = new Set(['set', 'frozenset', 'list', 'tuple', 'dict', 'int', 'float', 'complex', 'bool', 'str', 'unicode', 'bytes', 'bytearray', 'object', 'slice', 'range', 'xrange', 'long', 'NoneType', 'Ellipsis', 'NotImplemented', 'type']);

/** Of torch itself: what stands for a setting. */
const PLAIN_TORCH = new Set([
  'torch.Size', 'torch.device', 'torch.dtype', 'torch.layout', 'torch.strided', 'torch.sparse_coo', 'torch.sparse_csr', 'torch.contiguous_format', 'torch.channels_last', 'torch.preserve_format',
  'torch.per_tensor_affine', 'torch.per_tensor_symmetric', 'torch.per_channel_affine', 'torch.per_channel_symmetric', 'torch.per_channel_affine_float_qparams',
  'torch.Tensor', 'torch._tensor.Tensor', 'torch.Generator', 'torch.serialization._get_layout', 'torch._utils._get_layout', 'torch.storage.UntypedStorage', 'torch.storage.TypedStorage', 'torch._C._TensorMeta',
  'torch.quantize_per_tensor', 'torch.quint8', 'torch.qint8',
]);

export interface SortedGlobals {
  /** Python would do harm by these. */
  readonly dangerous: readonly PickleGlobal[];
  /** Neither understood nor known to be harmless. */
  readonly unknown: readonly PickleGlobal[];
}

/** `understood` are classes that the walk took for modules. */
export function sortGlobals(globals: Iterable<PickleGlobal>, understood: ReadonlySet<PickleGlobal>): SortedGlobals {
  const all = [...globals];
  const dangerous = all.filter(isDangerous);
  const unknown = all.filter((global) => !isDangerous(global) && !understood.has(global) && !isKnown(global));
  return { dangerous, unknown };
}

function isKnown(global: PickleGlobal): boolean {
  const { module, name, path } = global;
  if (module === 'builtins' || module === '__builtin__') return PLAIN_BUILTINS.has(name) || /^[A-Z]\w*(?:Error|Exception|Warning)$/.test(name);
  return PLAIN_MODULES.test(module) || PLAIN_TORCH.has(path) || torchTypeOf(global) !== undefined || REBUILDER_NAMES.includes(path);
}
