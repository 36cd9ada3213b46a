/** The folder of a file or folder, on any system; undefined above the root. */
export function parentOf(path: string): string | undefined {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  if (end < 0 || end === path.length - 1) return undefined;
  const parent = path.slice(0, end);
  // "/x" lies in "/", and "C:\x" in "C:\".
  return parent === '' || /^[A-Za-z]:$/.test(parent) ? path.slice(0, end + 1) : parent;
}

/** A file in a folder, with the separator that the folder's path has. */
export function joinPath(folder: string, name: string): string {
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  const own = name.replaceAll('/', separator);
  return /[\\/]$/.test(folder) ? folder + own : folder + separator + own;
}

/** How a file is called from a folder, with slashes on every system: the same text in everybody's clone. */
export function relativePath(folder: string, file: string): string {
  const from = parts(folder);
  const to = parts(file);
  let common = 0;
  while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++;
  return [...from.slice(common).map(() => '..'), ...to.slice(common)].join('/');
}

/** "./a//b" and "a\b" as "a/b": what people write, made comparable. */
export function tidyRelative(path: string): string {
  return path.replaceAll('\\', '/').split('/').filter((part) => part !== '' && part !== '.').join('/');
}

/** Whether a relative path stays in its folder. */
export function staysInside(path: string): boolean {
  return !/^(?:[\\/]|[A-Za-z]:)/.test(path) && !tidyRelative(path).split('/').includes('..') && tidyRelative(path) !== '';
}

function parts(path: string): string[] {
  return path.split(/[\\/]/).filter((part, index) => part !== '' || index === 0);
}
