import type * as vscode from 'vscode';

/** One key a file: a path on disk, else the whole address, of which the path alone would not tell two providers apart. */
export function keyOf(uri: vscode.Uri): string {
  return uri.scheme === 'file' ? uri.fsPath : uri.toString();
}
