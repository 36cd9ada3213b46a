import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('keras');
