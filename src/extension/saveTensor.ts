import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Model } from '../core/model';
import { formatInteger } from '../core/numberText';
import type { SavedValues, ValuesFormat } from '../core/values/saved';
import type { Engine } from '../protocol/engine';
import { escapeNotification, visible } from './markdown';

const FILTERS: Readonly<Record<ValuesFormat, Record<string, string[]>>> = { npy: { 'NumPy array': ['npy'] }, csv: { 'CSV table': ['csv'] } };

/** A name of a file stays below what every file system takes. */
const LONGEST_NAME = 100;

export interface SaveTensor {
  readonly tensor: number;
  readonly format: ValuesFormat;
  /** The dialog begins in this file's folder. */
  readonly beside: vscode.Uri;
}

/** Asks where to, and writes all values of a tensor there. What was saved, in words; null where the person declined. */
export async function saveTensor(engine: Engine, model: Model, { tensor, format, beside }: SaveTensor): Promise<string | null> {
  const { name, elements } = model.tensors[tensor]!;
  const defaultUri = vscode.Uri.joinPath(beside, '..', `${fileNameOf(name)}.${format}`);
  const target = await vscode.window.showSaveDialog({ defaultUri, filters: FILTERS[format] });
  if (!target) return null;
  const options = { location: vscode.ProgressLocation.Notification, title: escapeNotification(`Saving ${name}`), cancellable: true };
  const saved = await vscode.window.withProgress(options, async (_, token) => {
    const cancel = new AbortController();
    token.onCancellationRequested(() => cancel.abort());
    return await writeTo(target, (file) => engine.saveValues(model, tensor, { path: file, format }, cancel.signal));
  });
  return `${amountOf(saved, elements)} saved to ${visible(path.basename(target.fsPath))}.`;
}

/** Workers write to a disk: what goes elsewhere is copied there. */
async function writeTo(target: vscode.Uri, write: (file: string) => Promise<SavedValues>): Promise<SavedValues> {
  if (target.scheme === 'file') return await write(target.fsPath);
  const file = path.join(tmpdir(), `weightgram-${process.pid}-${Date.now()}-${path.posix.basename(target.path)}`);
  try {
    const saved = await write(file);
    await vscode.workspace.fs.copy(vscode.Uri.file(file), target, { overwrite: true });
    return saved;
  } finally {
    await rm(file, { force: true });
  }
}

function amountOf({ rows, allRows }: SavedValues, elements: number): string {
  if (rows === null || allRows === null || rows === allRows) return `All ${formatInteger(elements)} values were`;
  return `The first ${formatInteger(rows)} of ${formatInteger(allRows)} rows were`;
}

/** A tensor's name comes from a file: it may name no folder, and nothing that a system forbids. */
export function fileNameOf(name: string): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^\.+/, '').slice(-LONGEST_NAME);
  return plain === '' ? 'values' : plain;
}
