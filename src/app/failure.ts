/** Any fault as the error that people meet. */
import { P2pdError, reasonOf } from '../net/index.ts';
import type { ErrorEvent } from './events.ts';

/** A P2pdError as it is; anything else is our own fault and says so. */
export function asP2pdError(error: unknown): P2pdError {
  return error instanceof P2pdError ? error : new P2pdError('INTERNAL', reasonOf(error), { cause: error });
}

/** @param pipe the pipe that it is about, if it is about one */
export function errorEvent(error: unknown, pipe?: string): ErrorEvent {
  const { code, message, hint } = asP2pdError(error);
  return { event: 'error', code, message, hint, ...(pipe === undefined ? {} : { pipe }) };
}

/** The contract's exit code of a fault. */
export function exitCodeOf(error: unknown): number {
  return asP2pdError(error).exitCode;
}
