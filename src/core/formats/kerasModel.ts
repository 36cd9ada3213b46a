import type { ByteSource } from '../byteSource';
import type { Model, Problem } from '../model';
import { assembleModel, boundedProblems, uniqueNames } from './assembleModel';
import type { Hdf5Contents } from './hdf5/walk';
import { own } from './jsonValues';
import type { AssignedWeights } from './kerasStore';
import { readTopology } from './kerasTopology';
import type { KerasTopology } from './kerasTopology';
import { fileOf } from './modelFiles';

/** "Keras 3.15.1, tensorflow" */
export function producerOf(version: unknown, backend: unknown): string | undefined {
  if (typeof version !== 'string' || version === '' || version.length > 100) return undefined;
  return typeof backend === 'string' && backend !== '' && backend.length < 100 ? `Keras ${version}, ${backend}` : `Keras ${version}`;
}

interface Description {
  readonly kind: { readonly id: string; readonly title: string };
  readonly producer: string | undefined;
  readonly problems: readonly Problem[];
}

/** The model that a file's contents make up. */
export function modelOf(source: ByteSource, contents: Pick<Hdf5Contents, 'problems'>, assigned: AssignedWeights, { kind, producer, problems }: Description): Model {
  const unique = uniqueNames(assigned.weights, 'The file');
  return assembleModel({
    source,
    format: kind.id,
    formatTitle: kind.title,
    producer,
    placed: { files: [fileOf(source)], weights: unique.weights, problems: boundedProblems([...contents.problems, ...problems, ...unique.problems]) },
    layers: assigned.layers,
    assignments: assigned.assignments,
  });
}

/** The configuration of a .keras archive, as readTopology takes it. */
export function storedTopology(config: unknown, file: string): { topology: KerasTopology; problems: readonly Problem[] } {
  const topology = readTopology(config, file);
  const className = own(config, 'class_name');
  if (topology.layers.length > 0 || topology.flaw === undefined) return { topology, problems: [] };
  // A program's own model says in code what its layers are: nothing is wrong with the file.
  const isOwn = typeof className === 'string' && !/^(?:Functional|Sequential|Model)$/.test(className);
  return { topology, problems: isOwn ? [] : [{ message: `${file}: ${topology.flaw}`, remedy: 'Layers are shown by the paths of their weights. Save the model anew from the program that made it.' }] };
}
