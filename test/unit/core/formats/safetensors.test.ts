import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('safetensors');
