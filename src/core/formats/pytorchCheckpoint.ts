import type { ByteSource } from '../byteSource';
import type { Problem } from '../model';
import { plural } from '../numberText';
import type { WeightDraft } from './assembleModel';
import { baseName, quote } from './jsonValues';
import { callText } from './pickleDanger';
import { sortGlobals } from './pickleKnown';
import type { PickleOutcome } from './pickleMachine';
import type { PickleGlobal } from './pickleValues';
import { namesOf } from './pytorchNames';
import type { Storages } from './pytorchStorages';
import { tensorOf } from './pytorchTensors';
import { entriesOf, walkTensors } from './pytorchWalk';
import type { LeafPlace, ModuleFound, Walked } from './pytorchWalk';

/** A pickle whose value holds tensors. */
export interface ReadPickle {
  readonly outcome: PickleOutcome;
  /** First part of the names of its tensors; absent for the checkpoint itself. */
  readonly prefix?: string;
  readonly storages: Storages;
  /** Added to places in the pickle to have those in the file; absent where it was unpacked to be read. */
  readonly offset?: number;
}

/** What one file holds, whatever its layout. */
export interface Checkpoint {
  /** "PyTorch checkpoint" */
  readonly title: string;
  readonly pickles: readonly ReadPickle[];
  /** Pickles that hold no tensors and can run code all the same. */
  readonly others?: readonly PickleOutcome[];
  readonly problems: readonly Problem[];
}

export interface CheckpointWeights {
  readonly weights: readonly WeightDraft[];
  /** One for each weight. */
  readonly leaves: readonly LeafPlace[];
  readonly modules: ReadonlyMap<string, ModuleFound>;
  readonly problems: readonly Problem[];
  readonly producer?: string;
}

/** So many names are listed in a message. */
const NAMED = 5;
/** Findings about names that would run code. */
const MAX_DANGERS = 20;

/** Names, places and problems of all tensors. `file` is the index of `source` among the model's files. */
export async function checkpointWeights(source: ByteSource, file: number, checkpoint: Checkpoint, signal?: AbortSignal): Promise<CheckpointWeights> {
  const name = baseName(source.name);
  const walks = checkpoint.pickles.map(({ outcome, prefix }) => prefixed(walkTensors(outcome.value ?? null), prefix));
  const leaves = walks.flatMap((walk) => walk.leaves);
  const names = namesOf(leaves);
  const weights: WeightDraft[] = [];
  const kept: LeafPlace[] = [];
  let malformed = 0;
  let index = 0;
  for (const [which, walk] of walks.entries()) {
    const { offset, storages } = checkpoint.pickles[which]!;
    const context = { ...(offset !== undefined && { pickleFile: file }), pickleOffset: offset ?? 0, storages, source, file, signal };
    for (const leaf of walk.leaves) {
      const tensorName = names[index++]!;
      const pending = tensorOf(leaf.call, context);
      const found = pending instanceof Promise ? await pending : pending;
      if (!found) {
        malformed++;
        continue;
      }
      const { reason, ...place } = found;
      weights.push({ ...place, name: tensorName, ...(reason !== undefined && { unreadable: `${quote(tensorName)} in ${name} cannot be read: ${reason}.` }) });
      kept.push(leaf);
    }
  }
  const problems = [...pickleProblems(name, checkpoint, walks), ...malformedProblem(name, malformed), ...checkpoint.problems];
  const producer = producerOf(checkpoint);
  return { weights, leaves: kept, modules: new Map(walks.flatMap((walk) => [...walk.modules])), problems, ...(producer !== undefined && { producer }) };
}

function prefixed(walk: Walked, prefix: string | undefined): Walked {
  if (prefix === undefined) return walk;
  const leaves = walk.leaves.map((leaf) => ({ ...leaf, path: [prefix, ...leaf.path] }));
  return { ...walk, leaves, modules: new Map([...walk.modules].map(([path, found]) => [`${prefix}.${path}`, found])) };
}

function malformedProblem(name: string, count: number): Problem[] {
  return count === 0 ? [] : [{ message: `${name} holds ${plural(count, 'tensor')} whose sizes are none`, remedy: 'They are left out. Fetch the file again, or save the model anew.' }];
}

function pickleProblems(name: string, { pickles, others = [] }: Checkpoint, walks: readonly Walked[]): Problem[] {
  const outcomes = [...pickles.map(({ outcome }) => outcome), ...others];
  const understood = new Set(walks.flatMap((walk) => [...walk.understood]));
  const { dangerous, unknown } = sortGlobals(outcomes.flatMap(({ globals }) => [...globals.values()]), understood);
  return [
    ...dangerProblems(name, dangerous),
    ...outcomes.flatMap(({ failure }) => (failure === undefined ? [] : [{ message: `${name} is damaged: its pickle ${failure}`, remedy: 'What it describes is left out. Fetch the file again, or save the model anew.' }])),
    ...unknownProblem(name, unknown),
    ...walks.flatMap(({ omissions }) => omissions.map((omission) => ({ message: `${name}: ${omission}`, remedy: 'Save the state_dict() of the model alone.' }))),
    ...duplicateProblem(name, outcomes.flatMap(({ duplicates }) => duplicates)),
  ];
}

function dangerProblems(name: string, dangerous: readonly PickleGlobal[]): Problem[] {
  return dangerous.slice(0, MAX_DANGERS).map((global) => {
    const does = global.firstArguments === undefined ? `names ${quote(global.path).slice(1, -1)}` : `calls ${callText(global)}`;
    return {
      kind: 'unsafe',
      message: `Loading ${name} with Python (torch.load, pickle.load) would run code: its pickle ${does}`,
      remedy: 'Weightgram read it without running anything. Do not load it: ask where it comes from, and take a safetensors file or one that torch.load opens with weights_only=True.',
    };
  });
}

function unknownProblem(name: string, unknown: readonly PickleGlobal[]): Problem[] {
  if (unknown.length === 0) return [];
  const named = unknown.slice(0, NAMED).map((global) => `${quote(global.path).slice(1, -1)}${global.mentions > 1 ? ` (${global.mentions} times)` : ''}`).join(', ');
  const rest = unknown.length > NAMED ? `, and ${unknown.length - NAMED} more` : '';
  return [{
    message: `${name} uses ${plural(unknown.length, 'Python class or function', 'Python classes and functions')} that Weightgram does not know: ${named}${rest}`,
    remedy: 'What only they can make is skipped; tensors that such objects hold as attributes are listed. Save the state_dict() of the model alone.',
  }];
}

function duplicateProblem(name: string, duplicates: readonly string[]): Problem[] {
  if (duplicates.length === 0) return [];
  return [{ message: `${name} sets ${duplicates.slice(0, NAMED).map(quote).join(', ')} more than once in one dictionary`, remedy: 'The last value counts, as in Python; no writer does so. Ask where the file comes from, or save the model anew.' }];
}

/** Lightning says which version wrote a checkpoint. */
function producerOf({ pickles }: Checkpoint): string | undefined {
  const version = entriesOf(pickles[0]?.outcome.value)?.get('pytorch-lightning_version');
  return typeof version === 'string' && version.length < 40 ? `PyTorch Lightning ${version}` : undefined;
}
