import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('numpy');
