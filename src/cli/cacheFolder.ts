import os from 'node:os';
import path from 'node:path';

/** Where this user's programs keep what they can make again, by the habits of each system. */
export function cacheFolder(platform: NodeJS.Platform = process.platform, environment: NodeJS.ProcessEnv = process.env, home: string = os.homedir()): string {
  switch (platform) {
    case 'darwin':
      return path.join(home, 'Library', 'Caches', 'weightgram');
    case 'win32':
      return path.join(environment['LOCALAPPDATA'] || path.join(home, 'AppData', 'Local'), 'weightgram', 'Cache');
    default: {
      // The XDG specification says to ignore relative paths.
      const folder = environment['XDG_CACHE_HOME'];
      return path.join(folder && path.isAbsolute(folder) ? folder : path.join(home, '.cache'), 'weightgram');
    }
  }
}
