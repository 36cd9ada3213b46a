import { createHash } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Model } from '../core/model';
import { RULES } from '../core/rules/index';
import type { Finding, Rule, Severity, Subject } from '../core/rules/rule';
import type { Complaint } from '../core/silences/silenceFile';
import type { CheckResult, CheckedModel } from './check';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const HOME = 'https://github.com/weightgram/weightgram';

/** Paths of results are relative to the folder that the command ran in: in a workflow the repository's. */
const BASE = '%SRCROOT%';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = { error: 'error', warning: 'warning', info: 'note' };

export interface SarifOptions {
  readonly version: string;
  /** The folder that the command ran in. */
  readonly folder: string;
}

/**
 * The result as a SARIF 2.1.0 log (OASIS, 2020). Silenced findings are left out and only counted: viewers differ in whether they
 * heed `suppressions`, and one that does not would show as new what a team has decided about.
 */
export function sarifLog(result: CheckResult, { version, folder }: SarifOptions): object {
  const silenced = result.models.reduce((sum, { judgement }) => sum + judgement.silenced.length, 0);
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Weightgram', version, semanticVersion: version, informationUri: HOME, rules: RULES.map(ruleDescriptor) } },
        invocations: [
          {
            executionSuccessful: result.unreadable.length === 0,
            toolExecutionNotifications: result.unreadable.map(({ path: file, error }) => ({ level: 'error', message: { text: error }, locations: [{ physicalLocation: { artifactLocation: artifact(file, folder) } }] })),
            toolConfigurationNotifications: result.complaints.map((complaint) => configurationNotification(complaint, folder)),
          },
        ],
        originalUriBaseIds: { [BASE]: { uri: `${pathToFileURL(folder).href.replace(/\/$/, '')}/` } },
        columnKind: 'utf16CodeUnits',
        artifacts: [...new Set(result.models.map(({ path: file }) => file))].map((file) => ({ location: artifact(file, folder), roles: ['analysisTarget'] })),
        results: result.models.flatMap((model) => model.judgement.findings.map((finding) => sarifResult(finding, model, folder))),
        properties: { silenced },
      },
    ],
  };
}

/** Markdown for viewers that show it: GitHub's among them. */
function ruleDescriptor({ id, title, severity, why, whenNormal }: Rule): object {
  const helpUri = `${HOME}/blob/main/docs/rules/${id}.md`;
  return {
    id,
    name: id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: why },
    help: {
      text: `Why it matters: ${why}\nWhen it is normal: ${whenNormal}\n${helpUri}`,
      markdown: `**Why it matters:** ${why}\n\n**When it is normal:** ${whenNormal}\n\n[What to do, formula and source](${helpUri})`,
    },
    helpUri,
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function sarifResult(finding: Finding, { path: file, model, anchorOf }: CheckedModel, folder: string): object {
  const { startLine, startColumn, endLine, endColumn } = anchorOf(finding.subject);
  return {
    ruleId: finding.rule,
    ruleIndex: RULES.findIndex(({ id }) => id === finding.rule),
    level: LEVELS[finding.severity],
    message: { text: `${finding.subject.name}: ${finding.message} ${finding.advice}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: artifact(file, folder),
          region: { startLine: startLine + 1, startColumn: startColumn + 1, endLine: endLine + 1, endColumn: endColumn + 1 },
        },
        logicalLocations: [logicalLocation(finding.subject, model)],
      },
    ],
    // No figures: the same finding after more training is not a new one.
    partialFingerprints: { 'weightgram/v1': createHash('sha256').update(JSON.stringify([finding.rule, relativeUri(file, folder), finding.subject.kind, finding.subject.name])).digest('hex') },
    ...(finding.evidence && { properties: { evidence: plain(finding.evidence) } }),
  };
}

/** "layer/weight" within the model; kinds of our own are allowed by the standard (3.33.7). */
function logicalLocation({ kind, name }: Subject, model: Model): object {
  const tensor = kind === 'tensor' ? model.tensors.find((one) => one.name === name) : undefined;
  const layer = tensor && model.layers[tensor.layer]?.name;
  const isInside = layer !== undefined && !name.startsWith(`${layer}/`) && layer !== name;
  return { name, fullyQualifiedName: isInside ? `${layer}/${name}` : name, kind: kind === 'tensor' ? 'weight' : kind };
}

function configurationNotification({ path: file, place, severity, message }: Complaint, folder: string): object {
  return {
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: artifact(file, folder), region: { startLine: place.line, startColumn: place.column } } }],
  };
}

function artifact(file: string, folder: string): { uri: string; uriBaseId?: string } {
  const uri = relativeUri(file, folder);
  return uri.startsWith('file:') ? { uri } : { uri, uriBaseId: BASE };
}

/** Relative where the file lies in the folder, else absolute. */
function relativeUri(file: string, folder: string): string {
  const relative = path.relative(folder, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return pathToFileURL(file).href;
  return relative.split(path.sep).map(encodeURIComponent).join('/');
}

/** JSON has no NaN: what is no finite number becomes its name. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'number' && !Number.isFinite(inner) ? String(inner) : inner))) as unknown;
}
