import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('pytorch');
