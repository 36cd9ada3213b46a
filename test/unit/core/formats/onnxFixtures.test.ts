import { describeFixtures } from '../../../support/fixtureModels';

describeFixtures('onnx');
