const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or folder.',
  EACCES: 'The permissions do not allow it.',
  EPERM: 'The permissions do not allow it.',
  EISDIR: 'It is a folder.',
  ENOTDIR: 'A part of the path is a file, not a folder.',
  EEXIST: 'There is such a file already.',
  ENOSPC: 'The disk is full.',
  EDQUOT: 'The disk quota is used up.',
  EROFS: 'The disk is read-only.',
  EMFILE: 'Too many files are open.',
  ENAMETOOLONG: 'The name is too long.',
  ELOOP: 'Its symbolic links go round in a circle.',
}

/** Why the file system refused, as a whole sentence; what is not in the table in the words of the system. */
export function systemErrorSentence(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}.`
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return sentences[code] ?? `${error.message}.`
}
