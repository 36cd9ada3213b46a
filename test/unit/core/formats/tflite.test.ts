import { describeFixtures } from '../../../support/fixtureModels';

describe('TensorFlow Lite', () => {
  describeFixtures('tflite');
});
