import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('hdf5');
