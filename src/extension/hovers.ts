import * as vscode from 'vscode';
import { namePositions } from '../core/formats/jsonPositions';
import type { NamePosition } from '../core/formats/jsonPositions';
import type { Model } from '../core/model';
import type { Log } from './log';
import { layerHover, tensorHover } from './hoverText';
import { palette, subjectOf } from './hoverSubject';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import { literalAt, nameIndex } from './nameIndex';
import type { NameIndex, Named } from './nameIndex';
import type { Settings } from './settings';

const SOURCE_LANGUAGES = ['python', 'javascript', 'typescript', 'javascriptreact', 'typescriptreact'];

/** A hover starts the analysis of models up to this size: read in well under a second. Larger ones wait for a person to ask. */
const LARGEST_ANALYSED_BYTES = 256 * 1024 * 1024;

/** A hover that comes later than this is not waited for: it shows the header's facts. */
const PATIENCE_MS = 1500;

/** Headers that the first hover over source code may open. */
const MOST_OPENED = 64;

/** Models that know a name and are shown in one hover. */
const MOST_SHOWN = 3;

export interface HoverServices {
  readonly store: ModelStore;
  readonly log: Log;
  settings(): Settings;
}

export function registerHovers(services: HoverServices): vscode.Disposable {
  const names = new Names();
  return vscode.Disposable.from(
    vscode.languages.registerHoverProvider([{ language: 'json' }, { language: 'jsonc' }, { pattern: '**/*.json' }], modelTextHover(services, names)),
    vscode.languages.registerHoverProvider(SOURCE_LANGUAGES.map((language) => ({ language })), sourceHover(services, names)),
  );
}

/** Over a name in the text of a model file. */
function modelTextHover({ store, log, settings }: HoverServices, names: Names): vscode.HoverProvider {
  const positions = new Positions();
  return {
    async provideHover(document, position, token) {
      const entry = store.get(document.uri);
      const literal = entry && literalAt(document.lineAt(position.line).text, position.character, '"');
      if (!entry || !literal) return undefined;
      try {
        await entry.open();
      } catch (error) {
        log.error(`hover in ${entry.path}`, error);
        return undefined;
      }
      if (token.isCancellationRequested) return undefined;
      // The place says which of two layers of the same name is meant; a name that is only referred to is looked up.
      const named = positions.at(document, position, names.of(entry)) ?? names.of(entry).lookUp(literal.text);
      const text = named && (await describe(entry, named, settings(), token));
      return text && new vscode.Hover(text, rangeOf(position, literal));
    },
  };
}

/** Over a string in source code that equals a name in one of the workspace's models. */
function sourceHover({ store, log, settings }: HoverServices, names: Names): vscode.HoverProvider {
  return {
    async provideHover(document, position, token) {
      const literal = literalAt(document.lineAt(position.line).text, position.character, '"\'`');
      if (!literal || literal.text.trim() === '') return undefined;
      const entries = store.entries;
      await Promise.all(
        entries.slice(0, MOST_OPENED).filter((entry) => !entry.model && entry.problem === undefined)
          .map((entry) => entry.open().catch((error) => log.debug(`hover: ${entry.path}: ${error}`))),
      );
      if (token.isCancellationRequested) return undefined;
      const hits = entries.flatMap((entry) => {
        const named = entry.model && names.of(entry).lookUp(literal.text);
        return named ? [{ entry, named }] : [];
      });
      const texts = await Promise.all(hits.slice(0, MOST_SHOWN).map(({ entry, named }) => describe(entry, named, settings(), token, entry.label)));
      const shown = texts.filter((text) => text !== undefined);
      return shown.length > 0 ? new vscode.Hover(shown, rangeOf(position, literal)) : undefined;
    },
  };
}

async function describe(entry: ModelEntry, named: Named, settings: Settings, token: vscode.CancellationToken, modelLabel?: string): Promise<vscode.MarkdownString | undefined> {
  const model = entry.model;
  if (!model) return undefined;
  const isAnalyzed = entry.analysis !== undefined || model.bytes <= LARGEST_ANALYSED_BYTES;
  if (isAnalyzed && !entry.analysis?.complete) await Promise.race([entry.analyze(), delay(PATIENCE_MS)]);
  if (token.isCancellationRequested || entry.model !== model) return undefined;
  const waiting = isAnalyzed ? 'The figures are being computed.' : 'Inspect the model to see how these weights are distributed.';
  const subject = subjectOf(entry, settings, { palette: palette(), waiting, ...(modelLabel !== undefined && { modelLabel }) });
  if (!subject) return undefined;
  return new vscode.MarkdownString(named.kind === 'layer' ? layerHover(subject, named.index) : tensorHover(subject, named.index));
}

/** An index a model, made when it is first asked for. */
class Names {
  readonly #indices = new WeakMap<Model, NameIndex>();

  of(entry: ModelEntry): NameIndex {
    const model = entry.model!;
    const known = this.#indices.get(model) ?? nameIndex(model);
    this.#indices.set(model, known);
    return known;
  }
}

/** Where names stand in a document, found once for each version of its text. */
class Positions {
  readonly #found = new WeakMap<vscode.TextDocument, { readonly version: number; readonly positions: readonly NamePosition[] }>();

  at(document: vscode.TextDocument, position: vscode.Position, names: NameIndex): Named | undefined {
    const offset = document.offsetAt(position);
    const hit = this.#of(document).find((one) => one.offset <= offset && offset < one.offset + one.length);
    const index = hit && (hit.kind === 'layer' ? names.layers : names.tensors).get(hit.name);
    return hit && index !== undefined ? { kind: hit.kind, index } : undefined;
  }

  #of(document: vscode.TextDocument): readonly NamePosition[] {
    const known = this.#found.get(document);
    if (known?.version === document.version) return known.positions;
    const positions = namePositions(document.getText());
    this.#found.set(document, { version: document.version, positions });
    return positions;
  }
}

function rangeOf(position: vscode.Position, { start, end }: { start: number; end: number }): vscode.Range {
  return new vscode.Range(position.line, start, position.line, end);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
