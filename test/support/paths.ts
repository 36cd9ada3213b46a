import path from 'node:path';

/** The folder of the repository. */
export const ROOT = path.resolve(__dirname, '../..');
/** What set-up makes once and keeps: VS Code's server, the example workspace, bundled tests. Ignored by git. */
export const CACHE = path.join(ROOT, '.cache');
/** What a test run leaves behind for a person: screenshots, logs. Ignored by git. */
export const RESULTS = path.join(ROOT, 'test-results');
export const SCREENSHOTS = path.join(RESULTS, 'screenshots');
