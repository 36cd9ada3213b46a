/** Of files that are weights and nothing else: a double click opens them in Weightgram's editor. */
export const DEFAULT_PATTERNS = ['*.safetensors', '*.gguf', '*.onnx', '*.keras', '*.tflite', '*.pt', '*.pth', '*.npy'] as const;

/** Names that other things have too: these are offered under Reopen Editor With…. */
export const OPTION_PATTERNS = [
  '*.bin', '*.h5', '*.hdf5', '*.pb', '*.npz', '*.ckpt', '*.index', '*.zip', '*.task', '*.lite', '*model*.json', '*manifest*.json', '*.index.json',
] as const;

const DEFAULT_EXTENSIONS: readonly string[] = DEFAULT_PATTERNS.map((pattern) => pattern.slice(1));

/** Whether a double click on a file of this name opens Weightgram's editor. */
export function opensInEditor(path: string): boolean {
  const name = path.toLowerCase();
  return DEFAULT_EXTENSIONS.some((extension) => name.endsWith(extension));
}

/** What the dialogs that open a file offer. The first one stands there at first. */
export const OPEN_FILTERS: Readonly<Record<string, string[]>> = {
  'All models': ['safetensors', 'gguf', 'onnx', 'keras', 'h5', 'hdf5', 'pt', 'pth', 'bin', 'ckpt', 'npy', 'npz', 'tflite', 'lite', 'task', 'zip', 'pb', 'index', 'json'],
  'safetensors': ['safetensors', 'json'],
  'GGUF': ['gguf'],
  'ONNX': ['onnx'],
  'Keras': ['keras', 'h5', 'hdf5'],
  'PyTorch': ['pt', 'pth', 'bin', 'ckpt', 'json'],
  'NumPy': ['npy', 'npz'],
  'TensorFlow and TensorFlow Lite': ['tflite', 'lite', 'task', 'zip', 'pb', 'index'],
  'TensorFlow.js': ['json'],
  'All files': ['*'],
};

const MODEL_NAME = new RegExp(`\\.(?:${OPEN_FILTERS['All models']!.join('|')})$`, 'i');

/** Whether the name is one that some model has. */
export function mayBeModel(path: string): boolean {
  return MODEL_NAME.test(path);
}
