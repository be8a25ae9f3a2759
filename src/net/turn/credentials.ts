/**
 * Long-term credentials of TURN (RFC 8489 §9.2.2), and those of limited time that `serve` hands out: a username that
 * says until when, a password that follows from it and the server's secret (as coturn's `use-auth-secret`). Pure.
 */
import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly username: string;
  readonly credential: string;
}

/** The key of MESSAGE-INTEGRITY: MD5 of `username:realm:password`. */
export function longTermKey({ username, credential }: Credentials, realm: string): Uint8Array {
  return createHash('md5').update(`${username}:${realm}:${credential}`).digest();
}

/** @param until Unix seconds @param user letters and digits */
export function limitedCredentials(secret: Uint8Array, until: number, user: string): Credentials {
  const username = `${Math.floor(until)}:${user}`;
  return { username, credential: passwordOf(secret, username) };
}

/** @param now Unix seconds. @returns null for a username that has had its time, or is none of ours */
export function credentialsOf(secret: Uint8Array, username: string, now: number): Credentials | null {
  const until = /^(\d{1,12}):[0-9a-z]{1,32}$/.exec(username)?.[1];
  if (until === undefined || Number(until) < now) return null;
  return { username, credential: passwordOf(secret, username) };
}

function passwordOf(secret: Uint8Array, username: string): string {
  return createHmac('sha1', secret).update(username).digest('base64');
}
