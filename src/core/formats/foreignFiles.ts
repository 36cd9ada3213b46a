import { outlineJson } from './jsonOutline';
import type { JsonOutline } from './jsonOutline';
import { isLfsPointer } from './lfs';

/** First bytes of files that people keep beside models, and of models that are not read yet. Each `is` ends a sentence. */
const SIGNATURES: readonly { readonly at: number; readonly bytes: string; readonly is: string }[] = [
  { at: 0, bytes: '\x89HDF\r\n\x1a\n', is: 'is an HDF5 file (a Keras .h5 model?), which this version does not read yet' },
  { at: 0, bytes: 'GGUF', is: 'is a GGUF model, which this version does not read yet' },
  { at: 0, bytes: '\x93NUMPY', is: 'is a NumPy array, which this version does not read yet' },
  { at: 4, bytes: 'TFL3', is: 'is a TensorFlow Lite model, which this version does not read yet' },
  { at: 0, bytes: 'PK\x05\x06', is: 'is an empty ZIP archive' },
  { at: 0, bytes: '\x1f\x8b', is: 'is a gzip archive: unpack it first' },
  { at: 0, bytes: '%PDF', is: 'is a PDF document' },
  { at: 0, bytes: '\x89PNG', is: 'is a PNG picture' },
  { at: 0, bytes: '\xff\xd8\xff', is: 'is a JPEG picture' },
  { at: 0, bytes: '\x7fELF', is: 'is a program' },
  { at: 0, bytes: 'MZ', is: 'is a program' },
  { at: 0, bytes: '\0asm', is: 'is a WebAssembly module' },
  { at: 0, bytes: 'SQLite format 3', is: 'is an SQLite database' },
  { at: 0, bytes: '\x80\x02', is: 'is a Python pickle, which this version does not read yet' },
  { at: 0, bytes: '\x80\x04', is: 'is a Python pickle, which this version does not read yet' },
];

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
  { keys: ['weight_map', 'metadata'], is: 'is the index of a sharded safetensors or PyTorch model, which this version does not read yet' },
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
  if (isSafetensors(head, latin)) return 'is a safetensors file, which this version does not read yet';
  const signature = SIGNATURES.find(({ at, bytes }) => latin.startsWith(bytes, at));
  if (signature) return signature.is;
  if (latin.startsWith('PK\x03\x04')) return describeZip(latin);
  if (looksLikeOnnx(head, name)) return 'is an ONNX model, which this version does not read yet';
  const text = new TextDecoder('utf-8').decode(head);
  if (text.trim() === '') return 'holds nothing but blanks';
  const outline = outlineJson(text);
  if (outline) return describeJson(outline, name);
  return describeText(text, latin, name);
}

function describeZip(latin: string): string {
  if (/data\.pkl|\/version\b|byteorder/.test(latin)) return 'is a PyTorch checkpoint, which this version does not read yet';
  if (latin.includes('model.weights.h5') || (latin.includes('metadata.json') && latin.includes('config.json'))) return 'is a Keras v3 model, which this version does not read yet';
  if (latin.includes('.npy')) return 'is a NumPy archive, which this version does not read yet';
  return 'is a ZIP archive: unpack it first';
}

/** A little-endian uint64 header length, then a JSON object (safetensors README). */
function isSafetensors(head: Uint8Array, latin: string): boolean {
  if (head.length < 10 || head[6] !== 0 || head[7] !== 0) return false;
  return /^\{\s*(?:"|\})/.test(latin.slice(8, 40)) && /"(?:dtype|__metadata__|data_offsets)"|^\{\s*\}/.test(latin.slice(8));
}

/** A protobuf without a signature: field 1 is the IR version, field 2 the producer's name (onnx.proto ModelProto). */
function looksLikeOnnx(head: Uint8Array, name: string): boolean {
  const startsLikeModel = head[0] === 0x08 && head[1]! > 0 && head[1]! < 32 && (head[2] === 0x12 || head[2] === 0x3a || head[2] === 0x42);
  return startsLikeModel && (head[2] === 0x12 || /\.onnx$/i.test(name));
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
  if (/^\s*<(?:!doctype html|html)/i.test(text)) return 'is a web page: the download may have led to a page instead of the file';
  if (latin.includes('\0')) return 'is a binary file of a kind that Weightgram does not know';
  return 'is a text file';
}
