// npm run rule-settings: writes what follows from the registry of rules into package.json and media/weightgram.schema.json.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RULES } from '../src/core/rules/index';
import type { Rule, Threshold } from '../src/core/rules/rule';
import { SEVERITIES } from '../src/core/rules/rule';

const ROOT = path.resolve(__dirname, '..');
export const SCHEMA_FILE = 'media/weightgram.schema.json';

/** The section of the settings that holds all thresholds. */
export const RULES_TITLE = 'Weightgram: Rules';

export interface NumberSetting {
  readonly type: 'number';
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly order: number;
  readonly scope: 'window';
  readonly markdownDescription: string;
}

/** One setting a threshold, in the order of the registry. */
export function ruleSettings(rules: readonly Rule[] = RULES): Record<string, NumberSetting> {
  const all = rules.flatMap((rule) => thresholdsOf(rule).map(([name, threshold]) => ({ rule, name, threshold })));
  return Object.fromEntries(all.map(({ rule, name, threshold }, order) => [settingId(rule.id, name), {
    type: 'number', default: threshold.default, minimum: threshold.minimum, maximum: threshold.maximum, order, scope: 'window',
    markdownDescription: `**${rule.title}**: ${description(threshold)} A \`thresholds\` entry in a \`.weightgram.json\` goes before this setting.`,
  } satisfies NumberSetting]));
}

export function settingId(rule: string, name: string): string {
  return `weightgram.rules.${rule}.${name}`;
}

/** The schema of `.weightgram.json`, from which editors complete and check it. */
export function silenceSchema(rules: readonly Rule[] = RULES): object {
  const ruleId = { enum: rules.map(({ id }) => id), enumDescriptions: rules.map(({ title, why }) => `${title}. ${why}`) };
  const fingerprint = {
    type: 'object', required: ['rule', 'model', 'subject', 'severity'],
    properties: { rule: ruleId, model: { type: 'string' }, subject: { type: 'string' }, severity: { enum: SEVERITIES } },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Weightgram: silences, baseline and thresholds',
    description: 'What a team has decided about the findings of the models in this folder and below. The editor and the command line honour it.',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      silences: {
        description: 'Findings that do not show. An error is silenced only by an entry that names its rule and its subject or model.',
        type: 'array',
        items: {
          type: 'object', required: ['rule'], additionalProperties: false,
          properties: {
            rule: { description: 'The id of a rule.', ...ruleId },
            model: { description: 'Path of a model, relative to the folder of this file. All models where absent.', type: 'string', minLength: 1 },
            subject: { description: 'Name of a layer or weight. All where absent.', type: 'string', minLength: 1 },
            reason: { description: 'Why, for whoever reads this next.', type: 'string' },
          },
        },
      },
      baseline: {
        description: 'Findings that were accepted as they are: only what is new or graver shows. The path of a file below this folder, or the list itself.',
        oneOf: [{ type: 'string', minLength: 1 }, { type: 'array', items: fingerprint }],
      },
      thresholds: {
        description: 'Thresholds of rules, by rule and name. They go before the settings of the editor.',
        type: 'object', additionalProperties: false,
        properties: Object.fromEntries(rules.filter((rule) => thresholdsOf(rule).length > 0).map((rule) => [rule.id, thresholdSchema(rule)])),
      },
    },
  };
}

function thresholdSchema(rule: Rule): object {
  const properties = thresholdsOf(rule).map(([name, threshold]) => [name, {
    type: 'number', minimum: threshold.minimum, maximum: threshold.maximum, default: threshold.default, description: description(threshold),
  }]);
  return { description: rule.title, type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) as object };
}

function thresholdsOf({ thresholds }: Rule): [string, Threshold][] {
  return Object.entries<Threshold>(thresholds ?? {});
}

function description({ description: text, unit }: Threshold): string {
  return `${text.replace(/\.$/, '')}. Unit: ${unit}.`;
}

interface Manifest {
  readonly contributes: { configuration: readonly { readonly title: string; readonly properties: object }[] };
}

/** package.json with the section of the rules as the registry has it. Everything else stays. */
export function withRuleSettings(packageJson: string): string {
  const manifest = JSON.parse(packageJson) as Manifest;
  const others = manifest.contributes.configuration.filter(({ title }) => title !== RULES_TITLE);
  manifest.contributes.configuration = [...others, { title: RULES_TITLE, properties: ruleSettings() }];
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export function schemaText(): string {
  return `${JSON.stringify(silenceSchema(), null, 2)}\n`;
}

if (require.main === module) {
  const manifestFile = path.join(ROOT, 'package.json');
  writeFileSync(manifestFile, withRuleSettings(readFileSync(manifestFile, 'utf8')));
  writeFileSync(path.join(ROOT, SCHEMA_FILE), schemaText());
}
