// The borders between the rooms of src/: who may import whom. docs/architecture.md draws them.
import { builtinModules } from 'node:module';
import path from 'node:path';

/** Node.js's own modules are written with or without `node:`. */
const BUILTINS = new Set(builtinModules);

/** Packages that touch neither Node.js nor a page, and so may stand in any room: each bundled, each with its reason in docs/dependencies.md. */
const PURE_PACKAGES = new Set(['fflate/browser', 'jsonc-parser']);

/**
 * Per room: the rooms it may import, and which modules from outside src/: `none`, `page` (packages that run in a
 * browser), `node` (packages and Node.js) or `editor` (those and vscode).
 */
const ROOMS = {
  core: { rooms: ['core'], outside: 'none' },
  protocol: { rooms: ['core', 'protocol'], outside: 'none' },
  kernel: { rooms: ['kernel'], outside: 'none' },
  webview: { rooms: ['core', 'protocol', 'webview'], outside: 'page' },
  worker: { rooms: ['core', 'protocol', 'worker'], outside: 'node' },
  runner: { rooms: ['core', 'protocol', 'runner'], outside: 'node' },
  cli: { rooms: ['cli', 'core', 'protocol'], outside: 'node' },
  extension: { rooms: ['core', 'extension', 'protocol'], outside: 'editor' },
};

/** @returns {{ messageId: string, data: object } | undefined} what is wrong with an import; undefined where it is allowed */
function verdict(root, file, specifier) {
  const source = path.join(root, 'src');
  const [roomName] = path.relative(source, file).split(path.sep);
  const room = ROOMS[roomName];
  if (!room) return { messageId: 'unknownRoom', data: { room: roomName } };
  if (specifier.startsWith('.') || path.isAbsolute(specifier)) {
    const resolved = path.resolve(path.dirname(file), specifier);
    // The version stands only there; the bundler copies it in.
    if (resolved === path.join(root, 'package.json') && room.outside === 'node') return undefined;
    const target = path.relative(source, resolved).split(path.sep)[0];
    return room.rooms.includes(target) ? undefined : { messageId: 'room', data: { room: roomName, target, allowed: room.rooms.join(', ') } };
  }
  return isAllowedOutside(room.outside, specifier) ? undefined : { messageId: 'outside', data: { room: roomName, specifier } };
}

function isAllowedOutside(outside, specifier) {
  if (PURE_PACKAGES.has(specifier)) return true;
  if (outside === 'none') return false;
  if (specifier === 'vscode') return outside === 'editor';
  const isBuiltin = specifier.startsWith('node:') || BUILTINS.has(specifier.split('/')[0]);
  return !isBuiltin || outside !== 'page';
}

function literalOf(node) {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

export const layerBorders = {
  meta: {
    type: 'problem',
    docs: { description: 'Keeps every import inside the borders between the rooms of src/.' },
    schema: [],
    messages: {
      room: 'src/{{room}} may not import {{target}}; it may import {{allowed}}. See docs/architecture.md.',
      outside: 'src/{{room}} may not import "{{specifier}}". See docs/architecture.md.',
      unknownRoom: 'src/{{room}} is a room that eslint/layerBorders.mjs does not know: say there what it may import.',
    },
  },
  create(context) {
    const check = (node, specifier) => {
      const problem = specifier === undefined ? undefined : verdict(context.cwd, context.filename, specifier);
      if (problem) context.report({ node, ...problem });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, literalOf(node.source)),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ImportExpression: (node) => check(node, literalOf(node.source)),
      TSImportType: (node) => check(node, literalOf(node.source)),
      TSExternalModuleReference: (node) => check(node, literalOf(node.expression)),
      CallExpression: (node) => {
        if (node.callee.type === 'Identifier' && node.callee.name === 'require') check(node, literalOf(node.arguments[0]));
      },
    };
  },
};
