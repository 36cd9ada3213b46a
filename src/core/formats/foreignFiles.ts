import { outlineJson } from './jsonOutline';
import type { JsonOutline } from './jsonOutline';
import { describeKnownText, describePickle, describeProtobuf, describeRaw, looksLikePickle, signatureOf } from './foreignSignatures';
import { isLfsPointer } from './lfs';

interface JsonKind {
  /** Keys that all have to be there; alternatives of one place are joined by '|'. */
  readonly keys: readonly string[];
  readonly is: string;
}

const OBJECT_KINDS: readonly JsonKind[] = [
  { keys: ['lockfileVersion'], is: 'is an npm lock file' },
  { keys: ['compilerOptions'], is: 'is a TypeScript configuration' },
  { keys: ['extends', 'include|files|exclude|compilerOptions'], is: 'is a TypeScript configuration' },
  { keys: ['nbformat|nbformat_minor', 'cells'], is: 'is a Jupyter notebook' },
  { keys: ['weight_map', 'metadata'], is: 'is the index of a sharded model whose shards are neither safetensors nor PyTorch files' },
  { keys: ['v', 'layers', 'fr|ip|op'], is: 'is a Lottie animation' },
  { keys: ['asset', 'meshes|scenes|buffers|nodes'], is: 'is a glTF scene' },
  { keys: ['added_tokens|pre_tokenizer|normalizer|post_processor', 'model'], is: 'is a tokenizer' },
  { keys: ['tokenizer_class|model_max_length'], is: 'is a tokenizer configuration' },
  { keys: ['architectures|model_type', 'hidden_size|vocab_size|torch_dtype|transformers_version|num_attention_heads|n_layer'], is: 'is a Hugging Face model configuration: the weights lie in a file beside it' },
  { keys: ['mappings', 'sources'], is: 'is a source map' },
  { keys: ['openapi|swagger', 'paths|info'], is: 'is an OpenAPI description' },
  { keys: ['type', 'features'], is: 'is a GeoJSON map' },
  { keys: ['log', 'log.entries'], is: 'is an HTTP archive' },
  { keys: ['manifest_version', 'name'], is: 'is a browser extension manifest' },
  { keys: ['start_url|icons', 'display|short_name'], is: 'is a web app manifest' },
  { keys: ['name', 'version', 'dependencies|devDependencies|peerDependencies|scripts|main|exports|license|engines|module|types|bin|repository|files|author|keywords'], is: 'is an npm package manifest' },
  { keys: ['private|workspaces', 'dependencies|devDependencies|scripts'], is: 'is an npm package manifest' },
  { keys: ['class_name', 'config'], is: 'is a Keras architecture without weights' },
  { keys: ['weightSpecs', 'weightData|modelTopology'], is: 'is a TensorFlow.js model with its weights as text inside, which Weightgram does not read: save it with model.save, so that the weights lie in shards beside it' },
  { keys: ['$schema', '$id|properties|definitions|$defs'], is: 'is a JSON schema' },
];

/**
 * What a file is that no format claims, in words that end a sentence ("package.json …"). Looks at content first; the name
 * decides only where the content says nothing.
 */
export function describeForeign(head: Uint8Array, name: string): string {
  if (head.length === 0) return 'is an empty file';
  const latin = new TextDecoder('latin1').decode(head);
  if (isLfsPointer(latin)) return 'is a Git LFS pointer: run git lfs pull';
  const signature = signatureOf(latin);
  if (signature !== undefined) return signature;
  if (looksLikePickle(latin)) return describePickle(latin) ?? 'is a Python pickle that holds no tensors Weightgram knows';
  if (latin.startsWith('PK\x03\x04')) return describeZip(latin);
  const protobuf = describeProtobuf(latin, name);
  if (protobuf !== undefined) return protobuf;
  const text = new TextDecoder('utf-8').decode(head);
  if (text.trim() === '') return 'holds nothing but blanks';
  const outline = outlineJson(text);
  if (outline) return describeJson(outline, name);
  return describeText(text, latin, name);
}

/** By the names of its first entries. */
function describeZip(latin: string): string {
  if (latin.includes('com.apple.CoreML')) return 'is a Core ML package. Inspect the PyTorch, Keras or ONNX model that it was converted from';
  if (/AndroidManifest\.xml|classes\.dex/.test(latin)) return 'is an Android app: unpack it to inspect the models inside';
  if (/word\/|xl\/|ppt\/|\[Content_Types\]\.xml/.test(latin)) return 'is an Office document';
  if (latin.includes('META-INF/')) return 'is a Java archive';
  if (/\.dist-info\/|\.egg-info\//.test(latin)) return 'is a Python package: unpack it to inspect the models inside';
  return 'is a ZIP archive: unpack it first';
}

function describeJson(outline: JsonOutline, name: string): string {
  const { entries, end, root } = outline;
  if (root === 'object') {
    const kind = OBJECT_KINDS.find(({ keys }) => keys.every((key) => key.split('|').some((one) => entries.has(one))));
    if (kind) return kind.is;
    if (/^[jt]sconfig(?:\..+)?\.json$/i.test(name)) return 'is a TypeScript configuration';
    if (name === 'package.json') return 'is an npm package manifest';
  }
  if (end === 'broken') return 'is not valid JSON';
  return root === 'array' ? 'is a JSON list of another kind' : 'is JSON of another kind';
}

function describeText(text: string, latin: string, name: string): string {
  if (/\.json$/i.test(name)) return latin.includes('\0') ? 'is a binary file in spite of its name' : 'is not valid JSON';
  const known = describeKnownText(text);
  if (known !== undefined) return known;
  const isBinary = latin.includes('\0') || text.includes('\ufffd');
  if (!isBinary) return 'is a text file';
  return describeRaw(name) ?? 'is a binary file of a kind that Weightgram does not know';
}
