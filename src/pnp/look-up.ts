/**
 * From a nickname to an address that may be believed, or the error that says why there is none: what name servers
 * say, and the key that the name had before.
 */
import { encodeBase16, P2pdError, type StateFiles } from '../net/index.ts';
import { type KeyState, keyStateOf, rememberKey } from './known-keys.ts';
import type { Names, Resolved } from './names.ts';

type Found = Extract<Resolved, { kind: 'found' }>;

/** @throws P2pdError NO_SERVICE where no name server answers, NAME_NOT_FOUND, NAME_FOREIGN */
export async function findAddress(names: Names, name: string, signal: AbortSignal): Promise<Found> {
  const resolved = await names.resolve(name, signal);
  const asked = resolved.servers.map(({ host }) => host).join(', ');
  switch (resolved.kind) {
    case 'found':
      return resolved;
    case 'missing':
      throw new P2pdError('NAME_NOT_FOUND', `nobody has the nickname "${name}" (asked: ${asked})`);
    case 'silent':
      throw new P2pdError(
        'NO_SERVICE',
        `"${name}" could not be looked up: no name server answers (${asked || 'none is known'}: ${resolved.reason})`,
      );
    case 'foreign':
      throw foreign(name, resolved.what);
  }
}

/**
 * Remembers the key of a name that was found.
 *
 * @param acceptNewKey the user has seen that it is another than before
 * @throws P2pdError KEY_CHANGED
 */
export async function trustKey(
  files: StateFiles,
  name: string,
  publicKey: Uint8Array,
  acceptNewKey: boolean,
): Promise<void> {
  const state: KeyState = await keyStateOf(files, name, publicKey);
  if (state === 'changed' && !acceptNewKey)
    throw new P2pdError(
      'KEY_CHANGED',
      `"${name}" shows another key than before (now ${encodeBase16(publicKey).slice(0, 16)}…): somebody else may have taken the name`,
    );
  if (state !== 'known') await rememberKey(files, name, publicKey);
}

function foreign(name: string, what: 'p2pd' | 'forged' | 'other'): P2pdError {
  switch (what) {
    case 'p2pd':
      return new P2pdError(
        'NAME_FOREIGN',
        `"${name}" is the name of a node of P2PD (Python), which speaks another protocol`,
        { hint: 'let the other side run npx p2pd-demo, or use P2PD on both sides' },
      );
    case 'forged':
      return new P2pdError(
        'NAME_FOREIGN',
        `the name server gave an address for "${name}" that its owner did not sign`,
        { hint: 'do not trust that server; ask the other side for its address' },
      );
    case 'other':
      return new P2pdError('NAME_FOREIGN', `"${name}" holds something that is no address of a node`);
  }
}
