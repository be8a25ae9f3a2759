/**
 * Endpoints: an IP address and a port, and their text form. Pure.
 */
import { canonicalIp, type Family, familyOf } from './ip.ts';

export type { Family };

/** A transport address (RFC 8445 §4). */
export interface Endpoint {
  /** Canonical text; an IPv6 link-local address may carry a scope (`fe80::1%eth0`). */
  readonly ip: string;
  /** 0 to 65535; 0 = any. */
  readonly port: number;
}

/** `"192.0.2.1:10001"` or `"[2001:db8::1]:10001"`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.ip.includes(':') ? `[${endpoint.ip}]:${endpoint.port}` : `${endpoint.ip}:${endpoint.port}`;
}

/** Reads what `formatEndpoint` writes; null for anything else. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const ip = canonicalIp(match[1] ?? match[2] ?? '');
  const port = Number(match[3]);
  if (ip === null || port > 65535 || (match[1] !== undefined) !== (familyOf(ip) === 6)) return null;
  return { ip, port };
}
