import { describeFixtures } from '../../../support/fixtureModels';

describe('TensorFlow', () => {
  describeFixtures('tensorflow');
});
