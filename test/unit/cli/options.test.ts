import assert from 'node:assert/strict';
import { parseCommand, UsageError } from '../../../src/cli/options';

describe('command line options', () => {
  it('are read in any order', () => {
    assert.deepEqual(parseCommand(['analyze', 'a.json']), { kind: 'analyze', file: 'a.json', json: false, bins: 64, noCache: false });
    assert.deepEqual(parseCommand(['--json', 'analyze', '--bins=7', 'a.json', '--no-cache', '--tensor', 'x y']), {
      kind: 'analyze', file: 'a.json', json: true, bins: 7, noCache: true, tensor: 'x y',
    });
    assert.deepEqual(parseCommand(['analyze', '--', '--odd-name.json']), { kind: 'analyze', file: '--odd-name.json', json: false, bins: 64, noCache: false });
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
      ...['0', '-3', '1.5', 'many', '', '1e2', '99999999'].map((bins): [string[], RegExp] => [['analyze', 'a', `--bins=${bins}`], /--bins takes a whole number from 1 to/]),
    ];
    for (const [args, message] of wrong) {
      assert.throws(() => parseCommand(args), (error: unknown) => error instanceof UsageError && message.test(error.message) && !error.message.includes('\n'), args.join(' '));
    }
  });
});
