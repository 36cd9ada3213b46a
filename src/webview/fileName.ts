/** Names in files are anything; on disk they must be one plain name. */
export function fileName(name: string): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+|[._]+$/g, '');
  return plain.slice(0, 100) || 'weights';
}
