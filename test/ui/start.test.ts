import assert from 'node:assert/strict';
import { ROOT } from '../support/paths';
import { startGroup } from '../support/processes';

// What it opens is the installed extension already, so that once is enough.
if (!process.env['WEIGHTGRAM_VSIX']) {
  describe('npm start', () => {
    it('opens the example workspace in a browser, at the address it prints', async () => {
      const group = startGroup(process.execPath, ['scripts/start.mjs', '--check', '--no-build'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      group.child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      group.child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
      assert.equal(await group.exited, 0, output);
      assert.match(output, /http:\/\/127\.0\.0\.1:\d+\/\?tkn=/);
      assert.match(output, /shows the example workspace/);
    });
  });
}
