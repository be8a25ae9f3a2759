/** What every journey is given; no journey knows which door called it. Types only. */
import type { ClaimedIdentity, Io, StateFiles } from '../../net/index.ts';
import type { Config } from '../config.ts';
import type { Emit } from '../store.ts';

export interface Context {
  readonly io: Io;
  readonly config: Config;
  readonly emit: Emit;
  /** The user wants to leave. */
  readonly signal: AbortSignal;
  /** Takes the next free place in the state directory. */
  readonly claim: () => Promise<ClaimedIdentity>;
  /** What outlives the process, in the same directory. */
  readonly files: () => Promise<StateFiles>;
}
