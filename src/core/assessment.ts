import type { Analysis } from './analysis';
import { formatCount, formatShare, plural } from './numberText';
import { readValues } from './statistics/readValues';
import { declaredSentence, findingsSentence, nextSentence } from './verdict/modelSentences';
import { countNetwork, lookSentence, massSentence } from './verdict/network';

/** One sentence of the answer, with the layers that it speaks of: fronts that can link do. */
export interface AssessmentSentence {
  readonly text: string;
  /** Names in Model.layers; each occurs in `text` as it is. */
  readonly layers?: readonly string[];
}

/** The short answer to "is this good and expected, or undesirable?", the most telling sentence first. */
export interface Assessment {
  readonly sentences: readonly AssessmentSentence[];
}

/**
 * How much of the network sits near zero and who carries it, what was found, whether trained networks look so, what the file
 * declares, and what to try. Says only what was counted, and that it is not finished where it is not.
 */
export function assess(analysis: Analysis): Assessment {
  const { model } = analysis;
  if (model.parameters === 0) return sentences(noWeights(analysis), findingsSentence(analysis));
  const network = countNetwork(analysis);
  if (network.weights === 0 && !analysis.complete) return sentences('No weights have been read yet.');
  if (network.weights === 0) return sentences('None of the weights could be read.', findingsSentence(analysis));
  const mass = massSentence(analysis, network);
  const found = findingsSentence(analysis);
  // What is broken is the answer; where nothing is, the distribution is.
  const isBroken = analysis.findings.some(({ severity }) => severity !== 'info');
  const answer = isBroken ? [found, mass] : [mass, found];
  return sentences(...answer, sampledSentence(analysis), lookSentence(analysis, network), declaredSentence(analysis), nextSentence(analysis, network));
}

/** The sentences as one text, for fronts without links. */
export function assessmentText(assessment: Assessment): string {
  return assessment.sentences.map(({ text }) => text).join(' ');
}

/** That not all weights were read, where that is so. */
function sampledSentence(analysis: Analysis): string | undefined {
  const read = readValues(analysis);
  if (!read) return undefined;
  return `The figures are from a sample: ${formatShare(read.elements / read.of)} of the values were read, spread evenly over every large tensor; what only all of them can tell (dead units, copies, exact extremes) is not judged.`;
}

function sentences(...all: (AssessmentSentence | string | undefined)[]): Assessment {
  return { sentences: all.flatMap((one) => (one === undefined ? [] : typeof one === 'string' ? [{ text: one }] : [one])) };
}

function noWeights({ model }: Analysis): string {
  const constants = model.tensors.length;
  return constants > 0 ? `This file holds constants only (${plural(constants, 'tensor')}, ${formatCount(model.tensors.reduce((sum, { elements }) => sum + elements, 0))} numbers), no weights.` : 'This file holds no weights.';
}
