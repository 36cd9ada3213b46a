/** First line of a pointer file (git-lfs docs/spec.md). */
const POINTER_START = 'version https://git-lfs.github.com/spec/v1';

/** A pointer file is below 1024 bytes by its specification. */
export const LFS_POINTER_BYTES = 1024;

export function isLfsPointer(text: string): boolean {
  return text.startsWith(POINTER_START);
}

export function lfsPointerMessage(name: string): string {
  return `${name} is a Git LFS pointer, not the file itself. Run "git lfs pull" in its repository to fetch the real file.`;
}
