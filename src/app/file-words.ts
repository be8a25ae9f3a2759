/** Why a file or folder that a person named cannot be used, in words for people. Pure. */
import { reasonOf } from '../net/index.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is nothing of this name',
  EACCES: 'it is not permitted',
  EPERM: 'it is not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'it is no folder',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk can only be read',
};

/** The system's codes in words, everything else as it is. */
export function fileWords(error: unknown): string {
  const reason = reasonOf(error);
  return WORDS[reason] ?? reason;
}
