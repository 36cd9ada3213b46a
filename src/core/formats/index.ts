import type { ByteSource } from '../byteSource';
import { FormatError, HumanError, throwIfCancelled, UnsupportedError } from '../errors';
import type { Model } from '../model';
import { describeForeign } from './foreignFiles';
import { HEAD_BYTES } from './format';
import type { Format } from './format';
import { gguf } from './gguf';
import type { Identification } from './identify';
import { baseName } from './jsonValues';
import { hdf5, kerasH5 } from './kerasH5';
import { kerasV3 } from './kerasV3';
import { isLfsPointer, lfsPointerMessage } from './lfs';
import { safetensors } from './safetensors';
import { numpy } from './numpy';
import { pytorch } from './pytorch';
import { onnx } from './onnx';
import { tensorflowCheckpoint } from './tensorflowCheckpoint';
import { tensorflowGraphDef } from './tensorflowGraphDef';
import { tensorflowSavedModel } from './tensorflowSavedModel';
import { tfjsGraph } from './tfjsGraph';
import { tfjsLayers } from './tfjsLayers';
import { tfjsWeights } from './tfjsWeights';
import { tflite } from './tflite';

/** Asked in this order: of several formats that could be meant the first one that opens the file has it. */
export const FORMATS: readonly Format[] = [tfjsLayers, tfjsGraph, tfjsWeights, safetensors, numpy, gguf, tflite, tensorflowSavedModel, tensorflowGraphDef, tensorflowCheckpoint, onnx, kerasV3, kerasH5, hdf5, pytorch];

/**
 * What a file is, by its head alone: pure and cheap.
 * @param head the first HEAD_BYTES of the file, or all of it where it is shorter.
 * @param name base name.
 */
export function identify(head: Uint8Array, name: string): Identification {
  const format = FORMATS.find((candidate) => candidate.matches(head, name));
  if (format) return { kind: 'model', format: format.id, title: format.title };
  return { kind: 'other', is: describeForeign(head, name) };
}

/**
 * Opens a file as the format that it is of. Headers only: no weight is read.
 * @throws UnsupportedError saying what the file is where no format claims it; the format's own error where it is broken.
 */
export async function openModel(source: ByteSource, signal?: AbortSignal): Promise<Model> {
  throwIfCancelled(signal);
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), signal);
  const name = baseName(source.name);
  const candidates = FORMATS.filter((format) => format.matches(head, name));
  if (candidates.length === 0) throw foreign(head, source.name, name);
  const failures: HumanError[] = [];
  for (const format of candidates) {
    try {
      return await format.open(source, signal);
    } catch (error) {
      if (!(error instanceof HumanError) || (error.code !== 'format' && error.code !== 'unsupported')) throw error;
      failures.push(error);
    }
  }
  if (failures.length === 1 || new Set(failures.map((failure) => failure.message)).size === 1) throw failures[0]!;
  throw new FormatError(failures.map((failure) => failure.message).join('\n'), { cause: failures[0] });
}

/** What a person would call what the registry reads, for messages: titles of all formats would fill the window. */
const FAMILIES = 'TensorFlow.js, Keras, PyTorch, safetensors, GGUF, ONNX, TensorFlow, TensorFlow Lite and NumPy';

function foreign(head: Uint8Array, path: string, name: string): HumanError {
  if (isLfsPointer(new TextDecoder('latin1').decode(head.subarray(0, 200)))) return new FormatError(lfsPointerMessage(path));
  const is = describeForeign(head, name);
  if (head.length === 0) return new FormatError(`${path} ${is}. Fetch it again, or save the model anew.`);
  return new UnsupportedError(`${path} ${is}. Weightgram reads models of ${FAMILIES}: open one of these.`);
}
