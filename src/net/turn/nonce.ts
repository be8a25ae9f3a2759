/** Nonces of our TURN server: when one was made, and what shows that we made it for this address. Nothing is kept. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { TURN_LIMITS } from '../limits.ts';

/** @param at Unix seconds */
export function nonceFor(secret: Uint8Array, ip: string, at: number): string {
  const mac = createHmac('sha256', secret).update(`nonce ${at} ${ip}`).digest('hex');
  return `${at.toString(16)}.${mac.slice(0, 32)}`;
}

/** @param now Unix seconds */
export function isFresh(nonce: string, secret: Uint8Array, ip: string, now: number): boolean {
  const at = Number.parseInt(nonce, 16);
  if (!(Math.abs(now - at) < TURN_LIMITS.nonceLife / 1000)) return false;
  const own = Buffer.from(nonceFor(secret, ip, at));
  return own.length === Buffer.byteLength(nonce) && timingSafeEqual(own, Buffer.from(nonce));
}
