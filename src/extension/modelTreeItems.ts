import * as vscode from 'vscode';
import { isWeight } from '../core/model';
import { formatCount, formatShape, formatShare, plural } from '../core/numberText';
import { worstSeverity } from '../core/layerFigures';
import { SEVERITIES } from '../core/rules/rule';
import { sparklineCounts } from '../core/statistics/histogram';
import { readValues } from '../core/statistics/readValues';
import { sampledShort } from '../core/statistics/sampledWords';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import { ICON_BINS, PALETTES, iconSvg, svgDataUri } from '../core/svg';
import { rowUri } from './decorations';
import { mainTensorOf } from '../core/layerFigures';
import { COMMANDS, ITEM_KINDS } from './ids';
import { rowName, visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import { nearZeroOfModel, severityOfTensor, viewsOfLayers } from './modelTreeNodes';
import type { GroupNode, LayerNode, ModelNode, ProblemNode, RestNode, TensorNode, TreeNode } from './modelTreeNodes';

const { Collapsed, None } = vscode.TreeItemCollapsibleState;

/** A row as it stands now. Tooltips are made when somebody hovers. */
export function treeItem(node: TreeNode): vscode.TreeItem {
  switch (node.kind) {
    case 'model':
      return modelItem(node);
    case 'group':
      return groupItem(node);
    case 'layer':
      return layerItem(node);
    case 'tensor':
      return tensorItem(node);
    case 'rest':
      return restItem(node);
    case 'problem':
      return problemItem(node);
  }
}

/** Stable as long as the file and its names stay: VS Code keeps what is expanded and selected by it. */
export function nodeId(node: TreeNode): string {
  switch (node.kind) {
    case 'model':
      return node.entry.path;
    case 'group':
      return `${node.entry.path}\ngroup\n${node.group.key}`;
    case 'layer':
      return `${node.entry.path}\nlayer\n${node.model.layers[node.index]!.name}`;
    case 'tensor':
      return `${node.entry.path}\ntensor\n${node.model.tensors[node.index]!.name}`;
    case 'rest':
    case 'problem':
      return `${node.entry.path}\n${node.kind}`;
  }
}

function modelItem(node: ModelNode): vscode.TreeItem {
  const { entry } = node;
  const item = new vscode.TreeItem(visible(entry.label), Collapsed);
  const nearZero = entry.analysis ? nearZeroOfModel(entry.analysis) : null;
  const severity = entry.problem !== undefined ? 'error' : worstSeverity(entry.analysis?.findings ?? []);
  item.id = nodeId(node);
  item.contextValue = ITEM_KINDS.model;
  item.description = words([
    nearZero === null ? undefined : nearZeroWords(nearZero),
    entry.analysis && sampledWords(readValues(entry.analysis)),
    entry.model ? `${formatCount(entry.model.parameters)} weights` : undefined,
    nearZero === null ? entry.formatTitle : undefined,
    folderOf(entry),
  ]);
  item.iconPath = new vscode.ThemeIcon(entry.problem === undefined ? 'layers' : 'warning');
  item.resourceUri = rowUri(item.id, severity);
  return item;
}

function groupItem(node: GroupNode): vscode.TreeItem {
  const { entry, model, group } = node;
  const views = viewsOfLayers(model, entry.analysis, group.layers);
  const item = new vscode.TreeItem(rowName(group.label), Collapsed);
  item.id = nodeId(node);
  item.description = words([plural(group.layers.length, 'layer'), formatCount(views.reduce((sum, { parameters }) => sum + parameters, 0))]);
  item.iconPath = new vscode.ThemeIcon('symbol-namespace');
  item.resourceUri = rowUri(item.id, SEVERITIES.find((severity) => views.some((view) => view.severity === severity)));
  return item;
}

function layerItem(node: LayerNode): vscode.TreeItem {
  const { entry, model, index } = node;
  const layer = model.layers[index]!;
  const view = viewsOfLayers(model, entry.analysis, [index])[0]!;
  const item = new vscode.TreeItem(rowName(layer.name), layer.tensors.length > 0 ? Collapsed : None);
  const main = mainTensorOf(model, layer);
  item.id = nodeId(node);
  item.contextValue = ITEM_KINDS.layer;
  item.description = words([
    nearZeroWords(view.nearZero),
    main === undefined ? undefined : sampledWords(entry.analysis?.statistics.get(main)?.sampled),
    main === undefined ? plural(layer.tensors.length, 'tensor') : formatCount(view.parameters),
    layer.className,
  ]);
  item.iconPath = icon(node, main ?? layer.tensors[0]);
  item.resourceUri = rowUri(item.id, view.severity ?? undefined);
  item.command = { command: COMMANDS.showLayer, title: 'Show Layer', arguments: [entry.uri, layer.name] };
  return item;
}

function tensorItem(node: TensorNode): vscode.TreeItem {
  const { entry, model, index } = node;
  const tensor = model.tensors[index]!;
  const layer = model.layers[tensor.layer]!;
  const item = new vscode.TreeItem(rowName(nameWithin(tensor.name, layer.name)), None);
  const figures = entry.analysis?.statistics.get(index);
  const isUnreadable = tensor.unreadable !== undefined || entry.analysis?.failures.has(index) === true;
  item.id = nodeId(node);
  item.contextValue = ITEM_KINDS.tensor;
  item.description = words([
    isUnreadable ? 'not readable' : undefined,
    isWeight(tensor) && figures && figures.count > 0 ? nearZeroWords(figures.nearZeros / figures.count) : undefined,
    sampledWords(figures?.sampled),
    formatShape(tensor),
    tensor.dtype,
  ]);
  item.iconPath = icon(node, index);
  item.resourceUri = rowUri(item.id, isUnreadable ? 'error' : severityOfTensor(entry.analysis, tensor.name));
  item.command = { command: COMMANDS.showLayer, title: 'Show Layer', arguments: [entry.uri, layer.name] };
  return item;
}

function restItem(node: RestNode): vscode.TreeItem {
  const item = new vscode.TreeItem('Constants', Collapsed);
  item.id = nodeId(node);
  item.description = 'indices and shapes, not counted as weights';
  item.iconPath = new vscode.ThemeIcon('symbol-constant', new vscode.ThemeColor('disabledForeground'));
  return item;
}

function problemItem(node: ProblemNode): vscode.TreeItem {
  const item = new vscode.TreeItem(visible(node.message), None);
  item.id = nodeId(node);
  item.tooltip = visible(node.message);
  item.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  return item;
}

const UNKNOWN_ICON = new vscode.ThemeIcon('circle-outline', new vscode.ThemeColor('disabledForeground'));
const CONSTANT_ICON = new vscode.ThemeIcon('symbol-constant', new vscode.ThemeColor('disabledForeground'));
const ERROR_ICON = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));

function icon({ entry, model }: LayerNode | TensorNode, index: number | undefined): vscode.TreeItem['iconPath'] & object {
  const tensor = index === undefined ? undefined : model.tensors[index];
  if (index === undefined || !tensor) return UNKNOWN_ICON;
  if (tensor.unreadable !== undefined || entry.analysis?.failures.has(index)) return ERROR_ICON;
  if (!isWeight(tensor)) return CONSTANT_ICON;
  const figures = entry.analysis?.statistics.get(index);
  return figures ? histogramIcon(figures) : UNKNOWN_ICON;
}

const histogramIcons = new WeakMap<TensorStatistics, { light: vscode.Uri; dark: vscode.Uri }>();

function histogramIcon(figures: TensorStatistics): { light: vscode.Uri; dark: vscode.Uri } {
  const known = histogramIcons.get(figures);
  if (known) return known;
  const counts = sparklineCounts(figures, ICON_BINS);
  const inColour = (colour: string): vscode.Uri => vscode.Uri.parse(svgDataUri(iconSvg(counts, colour)));
  const made = { light: inColour(PALETTES.light.bars), dark: inColour(PALETTES.dark.bars) };
  histogramIcons.set(figures, made);
  return made;
}

function sampledWords(read: { readonly elements: number; readonly of: number } | undefined): string | undefined {
  return read && sampledShort(read);
}

function nearZeroWords(share: number | null): string | undefined {
  return share === null ? undefined : `${formatShare(share)} near zero`;
}

/** The folder, in the workspace, as far as the label does not say it; undefined for the workspace's own folder. */
function folderOf({ uri, label }: ModelEntry): string | undefined {
  const above = label.split('/').map(() => '..');
  const folder = vscode.Uri.joinPath(uri, ...above);
  const isRoot = vscode.workspace.workspaceFolders?.some((root) => folder.path.length <= root.uri.path.length && root.uri.path.startsWith(folder.path));
  return isRoot ? undefined : vscode.workspace.asRelativePath(folder);
}

/** "kernel" for "conv2d_7/kernel" under conv2d_7; the whole name elsewhere. */
function nameWithin(tensor: string, layer: string): string {
  return tensor.startsWith(`${layer}/`) && tensor.length > layer.length + 1 ? tensor.slice(layer.length + 1) : tensor;
}

function words(all: readonly (string | undefined)[]): string {
  return all.filter((word) => word !== undefined && word !== '').map((word) => visible(word!)).join(' · ');
}

