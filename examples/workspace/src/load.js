// Loads the model with TensorFlow.js: rest the mouse on a layer's or a weight's name.
import * as tf from '@tensorflow/tfjs';

const model = await tf.loadLayersModel('../planted/model.json');
const kernel = model.getLayer('edge_filters').getWeights()[0];
console.log('edge_filters/kernel', kernel.shape, kernel.min().dataSync()[0], kernel.max().dataSync()[0]);
