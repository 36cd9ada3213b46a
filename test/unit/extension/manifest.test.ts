import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RULES_TITLE, ruleSettings, SCHEMA_FILE, schemaText, withRuleSettings } from '../../../scripts/ruleSettings';
import { FORMATS } from '../../../src/core/formats/index';
import { RULES } from '../../../src/core/rules/index';
import { SILENCE_FILE } from '../../../src/core/silences/silenceFile';
import { DEFAULT_PATTERNS, OPEN_FILTERS, OPTION_PATTERNS, opensInEditor } from '../../../src/extension/editorFormats';
import { COMMANDS, CONTEXT_KEYS, EDITORS, INTERNAL_COMMANDS, ITEM_KINDS, RULE_SETTINGS, SETTINGS, VIEW_CONTAINER, VIEWS } from '../../../src/extension/ids';

const root = path.join(__dirname, '../../..');

interface Menu {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
}

interface Manifest {
  readonly icon: string;
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category?: string; readonly enablement?: string }[];
    readonly menus: Readonly<Record<string, readonly Menu[]>>;
    readonly submenus: readonly { readonly id: string }[];
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly customEditors: readonly { readonly viewType: string; readonly priority: string; readonly selector: readonly { readonly filenamePattern: string }[] }[];
    readonly viewsWelcome: readonly { readonly view: string; readonly when: string; readonly contents: string }[];
    readonly configuration: readonly { readonly title: string; readonly properties: Readonly<Record<string, { readonly markdownDescription?: string; readonly default: unknown }>> }[];
    readonly jsonValidation: readonly { readonly fileMatch: string; readonly url: string }[];
    readonly languages: readonly { readonly id: string; readonly filenames: readonly string[] }[];
    readonly walkthroughs: readonly { readonly steps: readonly { readonly description: string; readonly media: { readonly markdown: string } }[] }[];
  };
}

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
const { contributes } = manifest;
const allMenus = Object.entries(contributes.menus).flatMap(([menu, items]) => items.map((item) => ({ menu, ...item })));

/** Every `when` and `enablement` of the manifest. */
const clauses = [
  ...allMenus.map(({ when }) => when),
  ...contributes.commands.map(({ enablement }) => enablement),
  ...contributes.viewsWelcome.map(({ when }) => when),
].filter((clause) => clause !== undefined);

function sorted(ids: Iterable<string>): string[] {
  return [...ids].sort();
}

describe('package.json and ids.ts', () => {
  it('have the same commands', () => {
    assert.deepEqual(sorted(contributes.commands.map(({ command }) => command)), sorted(Object.values(COMMANDS)));
  });

  it('have the same views, in the same container', () => {
    assert.deepEqual(contributes.viewsContainers.activitybar.map(({ id }) => id), [VIEW_CONTAINER]);
    assert.deepEqual(Object.keys(contributes.views), [VIEW_CONTAINER]);
    assert.deepEqual(sorted(contributes.views[VIEW_CONTAINER]!.map(({ id }) => id)), sorted(Object.values(VIEWS)));
  });

  it('have the same editors: as default for files that are weights and nothing else, on demand for the rest', () => {
    const declared = contributes.customEditors.map(({ viewType, priority, selector }) => [viewType, priority, selector.map(({ filenamePattern }) => filenamePattern)]);
    assert.deepEqual(declared, [[EDITORS.model, 'default', [...DEFAULT_PATTERNS]], [EDITORS.modelOnDemand, 'option', [...OPTION_PATTERNS]]]);
  });

  it('have an editor, and a place in the open dialog, for every extension of every format', () => {
    const patterns = [...DEFAULT_PATTERNS, ...OPTION_PATTERNS].map((pattern) => pattern.slice(pattern.lastIndexOf('.')));
    for (const { id, extensions } of FORMATS) {
      for (const extension of extensions) {
        assert.ok(patterns.includes(extension.slice(extension.lastIndexOf('.'))), `${id}: an editor for ${extension}`);
        assert.ok(OPEN_FILTERS['All models']!.includes(extension.split('.').at(-1)!), `${id}: ${extension} in the open dialog`);
      }
    }
  });

  it('agree on what a double click opens', () => {
    assert.ok(opensInEditor('/a/Model.SafeTensors') && opensInEditor('/a/w.gguf'));
    assert.ok(!opensInEditor('/a/model.json') && !opensInEditor('/a/w.bin') && !opensInEditor('/a/gguf'));
  });

  it('have the same settings, each with a description and a default', () => {
    const [own, rules, ...others] = contributes.configuration;
    assert.deepEqual(others, []);
    assert.deepEqual(sorted(Object.keys(own!.properties)), sorted(Object.values(SETTINGS)));
    for (const [id, setting] of [...Object.entries(own!.properties), ...Object.entries(rules!.properties)]) {
      assert.ok((setting.markdownDescription ?? '').length > 40, `${id} says what it is`);
      assert.notEqual(setting.default, undefined, `${id} has a default`);
    }
  });

  it('have a setting for every threshold of every rule, with its unit and bounds, and none besides (else: npm run rule-settings)', () => {
    const section = contributes.configuration.find(({ title }) => title === RULES_TITLE);
    const declared = RULES.flatMap((rule) => Object.keys(rule.thresholds ?? {}).map((name) => `${RULE_SETTINGS}.${rule.id}.${name}`));
    assert.ok(declared.length > 0);
    assert.deepEqual(sorted(Object.keys(section!.properties)), sorted(declared));
    assert.deepEqual(section!.properties, ruleSettings());
    for (const [id, { minimum, maximum, default: usual, markdownDescription }] of Object.entries(ruleSettings())) {
      assert.ok(minimum <= usual && usual <= maximum && minimum < maximum, `${id}: ${minimum} … ${usual} … ${maximum}`);
      assert.match(markdownDescription, /\. Unit: \S/, id);
    }
    assert.equal(withRuleSettings(readFileSync(path.join(root, 'package.json'), 'utf8')), readFileSync(path.join(root, 'package.json'), 'utf8'));
  });

  it('ship the schema of .weightgram.json as the registry has it (else: npm run rule-settings)', () => {
    assert.deepEqual(contributes.jsonValidation, [{ fileMatch: SILENCE_FILE, url: `./${SCHEMA_FILE}` }]);
    assert.deepEqual(contributes.languages, [{ id: 'jsonc', filenames: [SILENCE_FILE] }]);
    assert.equal(readFileSync(path.join(root, SCHEMA_FILE), 'utf8'), schemaText());
  });

  it('use no context key that is never set, and set none that is never used', () => {
    const views = new Set<string>(Object.values(VIEWS));
    const kinds = new Set<string>(Object.values(ITEM_KINDS));
    const used = new Set(clauses.flatMap((clause) => clause.match(/weightgram\.\w+/g) ?? []).filter((id) => !views.has(id) && !kinds.has(id)));
    assert.deepEqual(sorted(used), sorted(Object.values(CONTEXT_KEYS)));
  });

  it('agree on the kinds of rows that menus ask for', () => {
    const asked = new Set(clauses.flatMap((clause) => {
      const one = [...clause.matchAll(/viewItem == (weightgram\.\w+)/g)].map((match) => match[1]!);
      const several = [...clause.matchAll(/viewItem =~ \/\^weightgram\\\.\(([\w|]+)\)\$\//g)].flatMap((match) => match[1]!.split('|').map((kind) => `weightgram.${kind}`));
      return [...one, ...several];
    }));
    assert.deepEqual(sorted(asked), sorted(Object.values(ITEM_KINDS)));
  });
});

describe('package.json', () => {
  it('gives every command the category Weightgram; the one of the Explorer, whose menus show no category, has it in its title', () => {
    const named = contributes.commands.filter(({ category }) => category !== 'Weightgram');
    assert.deepEqual(named.map(({ command, title, category }) => [command, title, category]), [[COMMANDS.inspect, 'Weightgram: Inspect Weights', undefined]]);
  });

  it('hides internal commands, and only those, from the palette', () => {
    const hidden = contributes.menus['commandPalette']!.map(({ command, when }) => [command, when]);
    assert.deepEqual(hidden.map(([command]) => command).sort(), sorted(INTERNAL_COMMANDS));
    assert.deepEqual(hidden.filter(([, when]) => when !== 'false'), []);
  });

  it('names only its own commands and submenus in menus', () => {
    const commands = new Set<string>(Object.values(COMMANDS));
    const submenus = new Set(contributes.submenus.map(({ id }) => id));
    assert.deepEqual(allMenus.filter(({ command, submenu }) => (command === undefined ? !submenus.has(submenu ?? '') : !commands.has(command))), []);
  });

  it('offers Inspect Weights on files that were found to be models, and on no others', () => {
    for (const menu of ['explorer/context', 'editor/title/context', 'editor/title', 'editor/context']) {
      assert.deepEqual(contributes.menus[menu]!.map(({ command, when }) => [command, when]), [[COMMANDS.inspect, `resourcePath in ${CONTEXT_KEYS.modelPaths}`]], menu);
    }
  });

  it('has a welcome for each empty state of each view, with links to commands that exist', () => {
    for (const view of Object.values(VIEWS)) assert.ok(contributes.viewsWelcome.some((welcome) => welcome.view === view), view);
    const texts = [...contributes.viewsWelcome.map(({ contents }) => contents), ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ description }) => description))];
    const linked = texts.flatMap((text) => [...text.matchAll(/\(command:(weightgram\.[\w.]+)/g)].map((match) => match[1]!));
    const known = new Set<string>([...Object.values(COMMANDS), ...Object.values(VIEWS).map((view) => `${view}.focus`)]);
    assert.ok(linked.length > 0);
    assert.deepEqual(linked.filter((id) => !known.has(id)), []);
  });

  it('names only files that are there', () => {
    const files = [
      manifest.icon,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...Object.values(contributes.views).flatMap((views) => views.map(({ icon }) => icon)),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    assert.deepEqual(files.filter((file) => !existsSync(path.join(root, file))), []);
  });
});
