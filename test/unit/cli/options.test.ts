import assert from 'node:assert/strict';
import { parseCommand, UsageError } from '../../../src/cli/options';

const GIB = 1024 ** 3;

describe('command line options', () => {
  it('are read in any order', () => {
    assert.deepEqual(parseCommand(['analyze', 'a.json']), { kind: 'analyze', file: 'a.json', json: false, spectrum: false, bins: 64, noCache: false, budgetBytes: 8 * GIB });
    assert.deepEqual(parseCommand(['--json', 'analyze', '--bins=7', 'a.json', '--no-cache', '--tensor', 'x y', '--spectrum']), {
      kind: 'analyze', file: 'a.json', json: true, spectrum: true, bins: 7, noCache: true, budgetBytes: 8 * GIB, tensor: 'x y',
    });
    assert.deepEqual(parseCommand(['analyze', '--', '--odd-name.json']), { kind: 'analyze', file: '--odd-name.json', json: false, spectrum: false, bins: 64, noCache: false, budgetBytes: 8 * GIB });
  });

  it('of check have defaults', () => {
    assert.deepEqual(parseCommand(['check', 'a.json', 'b.json', 'a.json']), { kind: 'check', files: ['a.json', 'b.json'], failOn: 'error', format: 'text', writeBaseline: false, noCache: false, budgetBytes: 8 * GIB });
    assert.deepEqual(parseCommand(['check', '--fail-on=warning', 'a.json', '--format', 'sarif', '--baseline', 'b.json', '--write-baseline', '--no-cache']), {
      kind: 'check', files: ['a.json'], failOn: 'warning', format: 'sarif', baseline: 'b.json', writeBaseline: true, noCache: true, budgetBytes: 8 * GIB,
    });
  });

  it('set how much is read', () => {
    const budgetOf = (...args: string[]): unknown => (parseCommand(['check', 'a', ...args]) as { budgetBytes?: number }).budgetBytes;
    assert.deepEqual([budgetOf('--budget', '0.5'), budgetOf('--budget=0'), budgetOf('--full'), budgetOf('--budget', '32')], [GIB / 2, 0, 0, 32 * GIB]);
  });

  it('ask for help and version in every place', () => {
    assert.equal(parseCommand(['--help']).kind, 'help');
    assert.equal(parseCommand(['analyze', '-h']).kind, 'help');
    assert.equal(parseCommand(['--version']).kind, 'version');
  });

  it('that are wrong are told in one line', () => {
    const wrong: [string[], RegExp][] = [
      [[], /say what to do/],
      [['analyse', 'a.json'], /unknown command "analyse"/],
      [['analyze'], /needs a file/],
      [['analyze', 'a', 'b'], /"b" is one too many/],
      [['analyze', 'a', '--jsn'], /unknown option '--jsn'/],
      [['analyze', 'a', '--tensor'], /--tensor/],
      [['analyze', 'a', '--json=1'], /--json/],
      [['analyze', 'a', '--tensor='], /--tensor needs a name/],
      [['analyze', 'a', '--spectrum'], /--spectrum needs --tensor NAME/],
      [['check', 'a', '--spectrum'], /--spectrum belongs to analyze/],
      [['check', 'a', '--budget', '8GB'], /--budget takes a number of GiB/],
      [['analyze', 'a', '--full', '--budget', '8'], /leave out --budget/],
      [['check'], /check needs a file/],
      [['check', 'a', ''], /check needs a file/],
      [['check', 'a', '--fail-on', 'info'], /--fail-on takes error or warning, not "info"/],
      [['check', 'a', '--format=xml'], /--format takes text, json or sarif, not "xml"/],
      [['check', 'a', '--json'], /for check it is --format json/],
      [['check', 'a', '--tensor', 'x'], /--tensor belongs to analyze/],
      [['check', 'a', '--baseline='], /--baseline needs the path of a file/],
      [['analyze', 'a', '--fail-on', 'error'], /--fail-on belongs to check/],
      ...['0', '-3', '1.5', 'many', '', '1e2', '99999999'].map((bins): [string[], RegExp] => [['analyze', 'a', `--bins=${bins}`], /--bins takes a whole number from 1 to/]),
    ];
    for (const [args, message] of wrong) {
      assert.throws(() => parseCommand(args), (error: unknown) => error instanceof UsageError && message.test(error.message) && !error.message.includes('\n'), args.join(' '));
    }
  });
});
