import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('gguf');
