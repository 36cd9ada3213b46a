import path from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from './ids';
import { escapeNotification } from './markdown';

/** Opens a model at a layer by a link: `vscode://weightgram.weightgram/open?path=/models/a.safetensors&layer=encoder.0`. VS Code asks before it hands a link on. */
export function registerUriHandler(): vscode.Disposable {
  return vscode.window.registerUriHandler({ handleUri: openLink });
}

export async function openLink(link: vscode.Uri): Promise<void> {
  const query = new URLSearchParams(link.query);
  const file = query.get('path');
  if (link.path !== '/open' || file === null || !path.isAbsolute(file)) {
    void vscode.window.showWarningMessage(escapeNotification(`Weightgram opens links like ${link.scheme}://${link.authority}/open?path=/folder/model.safetensors&layer=name, with an absolute path. This one was ${link.toString()}.`));
    return;
  }
  await vscode.commands.executeCommand(COMMANDS.showLayer, vscode.Uri.file(file), query.get('layer') ?? undefined);
}
