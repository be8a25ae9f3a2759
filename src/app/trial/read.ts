/** A trial's report that was kept in a file. */
import { P2pdError, readTextFile } from '../../net/index.ts';
import { fileWords } from '../file-words.ts';
import type { TrialDocument } from './document.ts';
import { parseTrial, TRIAL_LIMITS } from './schema.ts';

/** @throws P2pdError FILE_UNUSABLE */
export async function readTrial(path: string): Promise<TrialDocument> {
  let text: string;
  try {
    text = await readTextFile(path, TRIAL_LIMITS.text);
  } catch (cause) {
    throw new P2pdError('FILE_UNUSABLE', `${path} cannot be read: ${fileWords(cause)}`, { cause });
  }
  return parseTrial(text, path);
}
