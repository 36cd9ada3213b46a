/** First bytes of files that people keep beside models, and of models of other tools. */
export interface Signature {
  readonly at: number;
  /** Latin-1. */
  readonly bytes: string;
  /** Ends a sentence: "model.bin …". */
  readonly is: string;
}

const EXPORT = 'Export it to ONNX, safetensors or TensorFlow Lite to inspect its weights';

/** Models of tools whose files are not read, each with what can be done. */
const OTHER_MODELS: readonly Signature[] = [
  { at: 4, bytes: 'ORTM', is: 'is an ONNX Runtime model (.ort), a FlatBuffer of its own kind: inspect the .onnx file that it was made from' },
  { at: 4, bytes: 'ET12', is: 'is an ExecuTorch program: inspect the PyTorch checkpoint that it was made from' },
  { at: 0, bytes: 'lmgg', is: 'is a model in the old ggml format: convert it to GGUF with llama.cpp' },
  { at: 0, bytes: 'fmgg', is: 'is a model in the old ggmf format: convert it to GGUF with llama.cpp' },
  { at: 0, bytes: 'tjgg', is: 'is a model in the old ggjt format: convert it to GGUF with llama.cpp' },
  { at: 0, bytes: 'algg', is: 'is a LoRA adapter in the old ggla format: convert it to GGUF with llama.cpp' },
  { at: 0, bytes: 'ptrt', is: 'is a TensorRT engine, compiled for one kind of GPU: inspect the ONNX model that it was built from' },
  { at: 0, bytes: 'ftrt', is: 'is a TensorRT engine, compiled for one kind of GPU: inspect the ONNX model that it was built from' },
  { at: 0, bytes: '7767517\n', is: 'is the structure of an ncnn model; its weights lie in a .bin file without names. Inspect the model that it was converted from' },
  { at: 0, bytes: '\x12\x01\0\0\0\0\0\0', is: `is an MXNet parameter file. ${EXPORT}` },
  { at: 0, bytes: 'CBM1', is: 'is a CatBoost model: trees, not weights' },
  { at: 0, bytes: 'tree\nversion=', is: 'is a LightGBM model: trees, not weights' },
  { at: 0, bytes: 'binf', is: 'is an XGBoost model: trees, not weights' },
  { at: 0, bytes: '{L\0\0\0\0\0\0', is: 'is an XGBoost model: trees, not weights' },
];

const OTHER_FILES: readonly Signature[] = [
  { at: 0, bytes: '\x89HDF\r\n\x1a\n', is: 'is a damaged HDF5 file' },
  { at: 0, bytes: 'GGUF', is: 'is a damaged GGUF file' },
  { at: 0, bytes: '\x93NUMPY', is: 'is a damaged NumPy array' },
  { at: 4, bytes: 'TFL3', is: 'is a damaged TensorFlow Lite model' },
  { at: 0, bytes: 'PK\x05\x06', is: 'is an empty ZIP archive' },
  { at: 257, bytes: 'ustar', is: 'is a tar archive: unpack it first' },
  { at: 0, bytes: '\x1f\x8b', is: 'is a gzip archive: unpack it first' },
  { at: 0, bytes: '\x28\xb5\x2f\xfd', is: 'is a Zstandard archive: unpack it first' },
  { at: 0, bytes: '\xfd7zXZ\0', is: 'is an xz archive: unpack it first' },
  { at: 0, bytes: 'BZh', is: 'is a bzip2 archive: unpack it first' },
  { at: 0, bytes: '7z\xbc\xaf\x27\x1c', is: 'is a 7-Zip archive: unpack it first' },
  { at: 0, bytes: 'Rar!\x1a\x07', is: 'is a RAR archive: unpack it first' },
  { at: 0, bytes: '\x04"M\x18', is: 'is an LZ4 archive: unpack it first' },
  { at: 0, bytes: 'PAR1', is: 'is a Parquet table: data, not a model' },
  { at: 0, bytes: 'ARROW1', is: 'is an Arrow table: data, not a model' },
  { at: 0, bytes: 'SQLite format 3', is: 'is an SQLite database' },
  { at: 0, bytes: 'MATLAB 5.0 MAT-file', is: 'is a MATLAB file: save the arrays as .npz to inspect them' },
  { at: 0, bytes: '%PDF', is: 'is a PDF document' },
  { at: 0, bytes: '\x89PNG', is: 'is a PNG picture' },
  { at: 0, bytes: '\xff\xd8\xff', is: 'is a JPEG picture' },
  { at: 0, bytes: '\x7fELF', is: 'is a program' },
  { at: 0, bytes: 'MZ', is: 'is a program' },
  { at: 0, bytes: '\0asm', is: 'is a WebAssembly module' },
];

/** What the first bytes say; undefined where they say nothing. */
export function signatureOf(latin: string): string | undefined {
  return [...OTHER_MODELS, ...OTHER_FILES].find(({ at, bytes }) => latin.startsWith(bytes, at))?.is;
}

/** A pickle of protocol 2 to 5 begins so; those of protocol 0 and 1 have no sign of their own. */
export function looksLikePickle(latin: string): boolean {
  return latin[0] === '\x80' && latin[1] !== undefined && latin[1] >= '\x02' && latin[1] <= '\x05';
}

const PICKLED: readonly TextKind[] = [
  { pattern: /\bsklearn[._]/, is: 'is a pickled scikit-learn model: Weightgram reads arrays, which numpy.savez writes' },
  { pattern: /\bjoblib\b|numpy_pickle/, is: 'is a joblib file: Weightgram reads arrays, which numpy.savez writes' },
  { pattern: /\bxgboost\b|\blightgbm\b|\bcatboost\b/, is: 'is a pickled tree model: trees, not weights' },
];

/** What a pickle holds that is no PyTorch checkpoint, by the names of the classes in it; undefined where they do not tell. */
export function describePickle(latin: string): string | undefined {
  return PICKLED.find(({ pattern }) => pattern.test(latin))?.is;
}

interface TextKind {
  readonly pattern: RegExp;
  readonly is: string;
}

const TEXT_KINDS: readonly TextKind[] = [
  { pattern: /^\s*<(?:!doctype html|html)/i, is: 'is a web page: the download may have led to a page instead of the file' },
  { pattern: /^\s*(?:<\?xml[^>]*>\s*)?<net\s+name=/, is: 'is the structure of an OpenVINO model; its weights lie without names in the .bin file beside it. Inspect the ONNX model that it was converted from' },
  { pattern: /^\s*(?:<\?xml[^>]*>\s*)?<PMML/, is: 'is a PMML model: rules and trees, not weights' },
  { pattern: /^\s*(?:node|library|versions)\s*\{/, is: 'is a TensorFlow graph as text: save it as a SavedModel or a binary .pb' },
  { pattern: /^\s*(?:name:\s*"[^"]*"\s*)?(?:layers?|input)\s*[:{]/, is: 'is the structure of a Caffe model: its weights lie in a .caffemodel file, which Weightgram does not read. Convert it to ONNX' },
  { pattern: /^\s*\[net(?:work)?\]/, is: 'is the structure of a Darknet model: its weights lie without names in a .weights file. Convert it to ONNX' },
  { pattern: /^model_checkpoint_path:/m, is: 'names the newest TensorFlow checkpoint of its folder: open the .index file that it names' },
  { pattern: /^#version: \d/, is: 'is the merges of a tokenizer' },
];

/** Text that is known by how it begins; undefined elsewhere. */
export function describeKnownText(text: string): string | undefined {
  return TEXT_KINDS.find(({ pattern }) => pattern.test(text))?.is;
}

/** Protobuf files that are no ONNX or TensorFlow model: told by what stands in them, for none of them has a signature. */
export function describeProtobuf(latin: string, name: string): string | undefined {
  if (/^\n[\s\S]{1,3}\n\x05<unk>/.test(latin) || /\.(?:model|spm)$/i.test(name) && latin.startsWith('\n')) return 'is a SentencePiece tokenizer';
  if (/\.mlmodel$/i.test(name)) return 'is a Core ML model. Inspect the PyTorch, Keras or ONNX model that it was converted from';
  if (/\.caffemodel$/i.test(name)) return 'is a Caffe model. Convert it to ONNX to inspect its weights';
  if (/\.pdiparams$|\.pdmodel$/i.test(name)) return 'is a PaddlePaddle model. Convert it to ONNX with paddle2onnx to inspect its weights';
  return undefined;
}

/** Raw numbers without a header: only the name tells what they belong to. */
export function describeRaw(name: string): string | undefined {
  if (/^group\d+-shard\d+of\d+(?:\.bin)?$/.test(name)) return 'is a shard of a TensorFlow.js model: open the model.json beside it';
  if (/\.data-\d{5}-of-\d{5}$/.test(name)) return 'holds the numbers of a TensorFlow checkpoint: open the .index file beside it';
  if (/\.onnx[._]data$/i.test(name)) return 'holds the numbers of an ONNX model: open the .onnx file beside it';
  if (/\.weights$/i.test(name)) return 'may be the weights of a Darknet model, which have no names: convert it to ONNX';
  if (/\.msgpack$/i.test(name)) return 'is a Flax model in MessagePack: save it as safetensors to inspect its weights';
  return undefined;
}
