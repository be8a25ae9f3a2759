/**
 * IP addresses as canonical text and as bytes (RFC 791, RFC 4291, RFC 5952), and what an
 * address can be used for. Documentation and benchmark ranges (RFC 5737, 2544, 3849) count as
 * public: laboratories use them. Pure.
 */

/** IP version. */
export type Family = 4 | 6;

/** Where an address means something. */
export type Reach = 'global' | 'private' | 'unique-local' | 'link-local' | 'loopback' | 'unusable';

/** The address without its scope (`%eth0`). */
export function withoutScope(ip: string): string {
  const at = ip.indexOf('%');
  return at < 0 ? ip : ip.slice(0, at);
}

/** 6 for text with a colon, else 4; the text is expected to be an address. */
export function familyOf(ip: string): Family {
  return ip.includes(':') ? 6 : 4;
}

/** 4 or 16 bytes, or null when the text is no IP address. A scope is ignored. */
export function ipToBytes(text: string): Uint8Array | null {
  const ip = withoutScope(text);
  return ip.includes(':') ? parseIpv6(ip) : parseIpv4(ip);
}

/**
 * Canonical text of 4 or 16 bytes (RFC 5952 for IPv6).
 *
 * @throws RangeError for any other length
 */
export function bytesToIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  return formatIpv6(bytes);
}

/** Canonical form of an address as a person may write it, its scope kept; null when it is none. */
export function canonicalIp(text: string): string | null {
  const bytes = ipToBytes(text);
  if (bytes === null) return null;
  const scope = text.slice(withoutScope(text).length);
  if (scope !== '' && (bytes.length === 4 || !/^%[\w.:@-]{1,32}$/.test(scope))) return null;
  return bytesToIp(bytes) + scope;
}

/** Whether two addresses of one family share their first `prefix` bits. */
export function sameSubnet(a: string, b: string, prefix: number): boolean {
  const left = ipToBytes(a);
  const right = ipToBytes(b);
  if (left === null || right === null || left.length !== right.length) return false;
  for (let bit = 0; bit < prefix && bit < left.length * 8; bit += 8) {
    const mask = 0xff & (0xff << Math.max(0, 8 - (prefix - bit)));
    if (((left[bit >> 3] ?? 0) & mask) !== ((right[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

/** What an address can be used for (RFC 6890, RFC 4193, RFC 3927, RFC 6598). */
export function reachOf(ip: string): Reach {
  const bytes = ipToBytes(ip);
  if (bytes === null) return 'unusable';
  return bytes.length === 4 ? reachOfIpv4(bytes) : reachOfIpv6(bytes);
}

function reachOfIpv4(bytes: Uint8Array): Reach {
  const [a = 0, b = 0] = bytes;
  if (a === 127) return 'loopback';
  if (a === 169 && b === 254) return 'link-local';
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private';
  if (a === 100 && b >= 64 && b < 128) return 'private';
  return a === 0 || a >= 224 ? 'unusable' : 'global';
}

function reachOfIpv6(bytes: Uint8Array): Reach {
  const [a = 0, b = 0] = bytes;
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) return bytes[15] === 1 ? 'loopback' : 'unusable';
  if (isMappedIpv4(bytes)) return 'unusable';
  const inside = embeddedIpv4(bytes);
  if (inside !== null && reachOfIpv4(inside) !== 'global') return 'unusable';
  if (a === 0xfe && (b & 0xc0) === 0xc0) return 'unusable';
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local';
  if ((a & 0xfe) === 0xfc) return 'unique-local';
  return a === 0xff ? 'unusable' : 'global';
}

/** The IPv4 address that translators and tunnels make of an IPv6 one (RFC 6052, 3056, 4291 §2.5.5.1). */
function embeddedIpv4(bytes: Uint8Array): Uint8Array | null {
  const prefix = (...start: number[]) => start.every((byte, i) => bytes[i] === byte);
  if (prefix(0, 0x64, 0xff, 0x9b)) return bytes.subarray(12);
  if (prefix(0x20, 0x02)) return bytes.subarray(2, 6);
  return bytes.subarray(0, 12).every((byte) => byte === 0) ? bytes.subarray(12) : null;
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : null;
}

function parseIpv6(text: string): Uint8Array | null {
  if (text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '');
  const tail = parseGroups(halves[1] ?? '');
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (index === groups.length - 1 && group.includes('.')) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return null;
  }
  return bytes;
}

function formatIpv6(bytes: Uint8Array): string {
  if (isMappedIpv4(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const run = longestZeroRun(groups);
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
