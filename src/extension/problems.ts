import path from 'node:path';
import * as vscode from 'vscode';
import { anchorsOf } from '../core/anchors';
import type { Anchor } from '../core/anchors';
import { messageOf } from '../core/errors';
import type { Model } from '../core/model';
import type { Finding, Severity, Subject } from '../core/rules/rule';
import { COMMANDS, PROBLEM_SOURCE } from './ids';
import type { Log } from './log';
import { visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import { readText } from './policies';

/** Looked through in a quarter of a second, which is as long as the extension host may be busy with it. Larger files have all findings at their beginning. */
const LARGEST_ANCHORED_BYTES = 8 * 1024 * 1024;

const SEVERITIES: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

type AnchorOf = (subject: Subject) => Anchor;

interface Shown {
  readonly finding: Finding;
  readonly diagnostic: vscode.Diagnostic;
}

/** The findings of all analyzed models in the Problems panel, each at its layer's or weight's place in the model file. */
export class Problems implements vscode.Disposable {
  readonly #store: ModelStore;
  readonly #log: Log;
  readonly #collection = vscode.languages.createDiagnosticCollection('weightgram');
  readonly #shown = new Map<ModelEntry, readonly Shown[]>();
  readonly #anchors = new WeakMap<Model, Promise<AnchorOf>>();
  readonly #subscriptions: vscode.Disposable[];

  constructor(store: ModelStore, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#subscriptions = [
      store.onDidChangeModel(({ entry, findings, structure }) => (findings || structure) && void this.#update(entry)),
      store.onDidChangeList(() => this.#dropForgotten()),
    ];
  }

  /** What a problem of ours is about; VS Code hands out copies of what it was given. */
  findingOf(uri: vscode.Uri, problem: vscode.Diagnostic): { readonly entry: ModelEntry; readonly finding: Finding } | undefined {
    const entry = this.#store.get(uri);
    const hit = entry && this.#shown.get(entry)?.find(({ finding, diagnostic }) =>
      finding.rule === ruleOf(problem) && diagnostic.message === problem.message && diagnostic.range.isEqual(problem.range));
    // In a text that was edited since, the place may have moved: rule and message still tell.
    const moved = hit ?? (entry && this.#shown.get(entry)?.find(({ finding, diagnostic }) => finding.rule === ruleOf(problem) && diagnostic.message === problem.message));
    return entry && moved && { entry, finding: moved.finding };
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#collection.dispose();
  }

  async #update(entry: ModelEntry): Promise<void> {
    const { analysis, problem } = entry;
    if (!analysis || problem !== undefined || analysis.findings.length === 0) {
      this.#clear(entry);
      return;
    }
    const anchorOf = await this.#anchorsOf(analysis.model);
    // Whoever changed it in the meantime has asked for an update of its own.
    if (entry.analysis?.findings !== analysis.findings || entry.problem !== undefined || this.#store.get(entry.uri) !== entry) return;
    const shown = analysis.findings.map((finding) => ({ finding, diagnostic: diagnosticOf(finding, anchorOf) }));
    this.#shown.set(entry, shown);
    this.#collection.set(entry.uri, shown.map(({ diagnostic }) => diagnostic));
  }

  #anchorsOf(model: Model): Promise<AnchorOf> {
    const known = this.#anchors.get(model) ?? this.#readAnchors(model);
    this.#anchors.set(model, known);
    return known;
  }

  async #readAnchors(model: Model): Promise<AnchorOf> {
    const isLarge = (model.files[0]?.sizeBytes ?? 0) > LARGEST_ANCHORED_BYTES;
    try {
      return anchorsOf(model, isLarge ? undefined : await readText(model.path));
    } catch (error) {
      this.#log.debug(`places of the layers in ${model.path}: ${messageOf(error)}`);
      return anchorsOf(model, undefined);
    }
  }

  #clear(entry: ModelEntry): void {
    if (this.#shown.delete(entry)) this.#collection.delete(entry.uri);
  }

  #dropForgotten(): void {
    const current = new Set(this.#store.entries);
    for (const entry of [...this.#shown.keys()]) if (!current.has(entry)) this.#clear(entry);
  }
}

/** The id of our rule, where a problem is ours. */
export function ruleOf({ source, code }: vscode.Diagnostic): string | undefined {
  if (source !== PROBLEM_SOURCE || code === undefined) return undefined;
  return String(typeof code === 'object' ? code.value : code);
}

function diagnosticOf(finding: Finding, anchorOf: AnchorOf): vscode.Diagnostic {
  const { startLine, startColumn, endLine, endColumn } = anchorOf(finding.subject);
  const name = visible(finding.subject.kind === 'model' ? path.basename(finding.subject.name) : finding.subject.name);
  const diagnostic = new vscode.Diagnostic(new vscode.Range(startLine, startColumn, endLine, endColumn), `${name}: ${visible(finding.message)}`, SEVERITIES[finding.severity]);
  diagnostic.source = PROBLEM_SOURCE;
  const target = vscode.Uri.parse(`command:${COMMANDS.openRule}?${encodeURIComponent(JSON.stringify([finding.rule]))}`);
  diagnostic.code = { value: finding.rule, target };
  return diagnostic;
}
