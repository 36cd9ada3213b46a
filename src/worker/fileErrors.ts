import { FileError } from '../core/errors';

/** What the operating system said, in words, with what to do. */
export function fileError(path: string, error: unknown): FileError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new FileError(`${path} ${explain(code, error)}`, { cause: error });
}

function explain(code: string, error: unknown): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist. It may have been moved or deleted: check the path.';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user. Give yourself permission to read it and to enter its folder.';
    case 'EISDIR':
      return 'is a folder. Choose the model file inside.';
    case 'ELOOP':
      return 'is a link that leads back to itself. Mend or remove the link.';
    case 'ENAMETOOLONG':
      return 'has a longer name than this system allows. Check the path.';
    case 'EMFILE':
    case 'ENFILE':
      return 'cannot be opened because too many files are open. Close some programs and try again.';
    case 'EIO':
      return 'cannot be read: the disk or network drive reports an error. Check the drive, or copy the file from elsewhere.';
    default:
      return `cannot be read (${error instanceof Error ? error.message : String(error)}). Check the file and its drive.`;
  }
}
