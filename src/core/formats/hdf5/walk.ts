import { CancelledError, HumanError, messageOf } from '../../errors';
import type { Problem } from '../../model';
import type { WeightDraft } from '../assembleModel';
import { quote } from '../jsonValues';
import { Attributes } from './attributes';
import { datasetDraft } from './datasets';
import { NOWHERE } from './fields';
import { GlobalHeap } from './globalHeap';
import { isGroup, linksOf } from './groups';
import type { Hdf5File } from './hdf5File';
import type { Link } from './messages';
import { MESSAGE, readObjectHeader } from './objectHeader';
import type { Message } from './objectHeader';

/** Groups and datasets of one file. */
export const MAX_OBJECTS = 500_000;
/** Groups within groups; nested models of Keras take four levels each. */
const MAX_DEPTH = 100;
/** Longer names are damage, and a report repeats names often. */
const MAX_PATH_CHARACTERS = 4096;
/** Texts of attributes that are kept, of all groups. */
const MAX_HELD_ATTRIBUTES = 2_000_000;

export interface Hdf5Dataset {
  /** From the root, without a slash in front. */
  readonly path: string;
  /** Of its header: ascends in the order in which objects were created. */
  readonly address: number;
  readonly draft: WeightDraft;
}

export interface Hdf5Contents {
  readonly file: Hdf5File;
  /** By path; '' is the root. Groups without attributes have none here. */
  readonly attributes: ReadonlyMap<string, Attributes>;
  /** What the attribute `name` of groups called `vars` says: Keras 3 keeps the names of its objects there. By the path of the group. */
  readonly varsNames: ReadonlyMap<string, string>;
  /** Names of what the root links to. */
  readonly rootNames: readonly string[];
  /** Each once, by the first of its names. */
  readonly datasets: readonly Hdf5Dataset[];
  readonly problems: readonly Problem[];
}

/**
 * Everything that hard links of the file lead to. Soft links are other names of the same objects, and external ones lead out of
 * the file: neither is followed. @throws HumanError where the root cannot be read.
 */
export async function readContents(file: Hdf5File, fileOffset: number): Promise<Hdf5Contents> {
  const walk = new Walk(file, fileOffset);
  await walk.root();
  return { file, attributes: walk.attributes, varsNames: walk.varsNames, rootNames: walk.rootNames, datasets: walk.datasets, problems: walk.problems };
}

class Walk {
  readonly attributes = new Map<string, Attributes>();
  readonly varsNames = new Map<string, string>();
  readonly datasets: Hdf5Dataset[] = [];
  readonly problems: Problem[] = [];
  rootNames: readonly string[] = [];
  readonly #seen = new Set<number>();
  readonly #strings: GlobalHeap;
  #heldAttributes = 0;
  #isFull = false;

  constructor(
    private readonly file: Hdf5File,
    private readonly fileOffset: number,
  ) {
    this.#strings = new GlobalHeap(file);
  }

  async root(): Promise<void> {
    const { file } = this;
    if (file.declaredEnd !== NOWHERE && file.declaredEnd > file.source.size) {
      this.#problem(`${file.name} should have ${file.declaredEnd} bytes and has ${file.source.size}: it was cut`, 'Fetch it again, or let the program that writes it finish.');
    }
    this.#seen.add(file.rootAddress);
    const messages = await readObjectHeader(file, file.rootAddress);
    await this.#attributesOf(messages, '');
    const links = sorted(await linksOf(file, messages));
    this.rootNames = links.map(({ name }) => name);
    await this.#follow(links, '', 1);
  }

  async #follow(links: readonly Link[], path: string, depth: number): Promise<void> {
    for (const link of links) {
      if (this.#isFull) return;
      const name = path === '' ? link.name : `${path}/${link.name}`;
      if (link.kind === 'external') {
        this.#problem(`${quote(name)} lies in another file, ${quote(link.target)}, which is not followed`, 'Open that file to see it.');
      } else if (link.kind === 'hard' && link.address !== NOWHERE) {
        await this.#sound(name, () => this.#object(link.address, name, depth));
      }
    }
  }

  /** What is wrong with one object does not stop the others. */
  async #sound(name: string, use: () => Promise<void>): Promise<void> {
    try {
      await use();
    } catch (error) {
      if (!(error instanceof HumanError) || error instanceof CancelledError || error.code === 'io') throw error;
      this.#problem(`${quote(name)} cannot be read: ${messageOf(error)}`, 'Fetch the file again, or save the model anew.');
    }
  }

  async #object(address: number, path: string, depth: number): Promise<void> {
    if (this.#seen.has(address)) return;
    this.#seen.add(address);
    if (this.#seen.size > MAX_OBJECTS) {
      this.#isFull = true;
      return this.#problem(`${this.file.name} holds more than ${MAX_OBJECTS} objects; the rest is left out`, 'Save the model in several files.');
    }
    if (path.length > MAX_PATH_CHARACTERS) return this.#problem(`${quote(path)} has a name of ${path.length} characters and is left out`, 'Save the model anew.');
    const messages = await readObjectHeader(this.file, address);
    if (isGroup(messages)) return this.#group(messages, path, depth);
    // A committed type has neither.
    if (!messages.some(({ type }) => type === MESSAGE.dataspace || type === MESSAGE.layout)) return;
    const declaredDtype = await this.#declaredDtype(messages);
    this.datasets.push({ path, address, draft: await datasetDraft({ file: this.file, messages, name: path, fileOffset: this.fileOffset, declaredDtype }) });
  }

  async #group(messages: readonly Message[], path: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) return this.#problem(`${quote(path)} lies deeper than ${MAX_DEPTH} groups and is left out`, 'Save the model anew.');
    await this.#attributesOf(messages, path);
    await this.#follow(sorted(await linksOf(this.file, messages)), path, depth + 1);
  }

  async #attributesOf(messages: readonly Message[], path: string): Promise<void> {
    if (!messages.some(({ type }) => type === MESSAGE.attribute || type === MESSAGE.attributeInfo)) return;
    const attributes = await Attributes.of(this.file, this.#strings, messages);
    this.#heldAttributes += attributes.names.length;
    if (/(?:^|[/\\])vars$/.test(path)) {
      const name = await attributes.text('name');
      if (name !== undefined && name.length <= MAX_PATH_CHARACTERS) this.varsNames.set(path, name);
    } else if (attributes.names.length > 0 && this.#heldAttributes <= MAX_HELD_ATTRIBUTES) {
      this.attributes.set(path, attributes);
    }
  }

  /** Only a value of two bytes can be what the attribute says: asked for the few datasets that have one. */
  async #declaredDtype(messages: readonly Message[]): Promise<string | undefined> {
    if (!messages.some(({ type }) => type === MESSAGE.attribute)) return undefined;
    return (await Attributes.of(this.file, this.#strings, messages)).text('dtype');
  }

  #problem(message: string, remedy: string): void {
    this.problems.push({ message, remedy });
  }
}

/** HDF5 lists names as bytes sort, 10 before 2; where the file tells the order of creation that one stays. */
function sorted(links: readonly Link[]): readonly Link[] {
  if (links.some((link) => link.kind === 'hard' && link.order !== undefined)) return links;
  return [...links].sort((a, b) => NATURAL.compare(a.name, b.name));
}

const NATURAL = new Intl.Collator('en', { numeric: true });
