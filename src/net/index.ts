/**
 * The public face of the library, and the only door to this folder for other folders.
 */
export { ERROR_CODES, type ErrorCode, P2pdError, reasonOf } from './errors.ts';
export type * from './events.ts';
export type * from './io/io.ts';
export type { Endpoint, Family } from './wire/endpoint.ts';
