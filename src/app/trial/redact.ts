/**
 * A trial to be shown to strangers: every IP address and node id, wherever it stands, becomes a stand-in of the same
 * family and reach, the same one throughout the document. Ports stay: they tell of deltas. So do loopback and
 * unspecified addresses, which are everybody's. Pure.
 */
import { canonicalIp, type Family, familyOf, ipToBytes, reachOf } from '../../net/index.ts';
import type { SideName, TrialDocument } from './document.ts';
import { SIDES } from './labels.ts';

const GROUP = '[0-9a-f]{1,4}';
const GROUPS = `${GROUP}(?::${GROUP}){0,6}`;
const DOTTED = '\\d{1,3}(?:\\.\\d{1,3}){3}';
/** IPv6 that ends in IPv4, in full, shortened; IPv4, also as routers' host names have it (`203-0-113-7`). */
const ADDRESS = new RegExp(
  `(?<![0-9a-z])(?:(?:${GROUP})?(?::(?:${GROUP})?){1,6}:${DOTTED}(?!\\d)|` +
    `(?:${GROUP}:){7}${GROUP}(?![0-9a-z])|` +
    `(?:${GROUPS})?::(?:${GROUPS})?(?![0-9a-z])|` +
    `${DOTTED}(?!\\d)|\\d{1,3}(?:-\\d{1,3}){3}(?!\\d))`,
  'gi',
);
const TAIL = new RegExp(`${DOTTED}$`);
const NODE_ID = /[0-9a-f]{32,}/gi;
/** As programs shorten ids. */
const SHORT_ID = /(?<![0-9a-z])[0-9a-f]{8,31}(?![0-9a-z])/gi;
/** A node's address in one word tells all of its addresses. */
const NODE_ADDRESS = /p2pd1[0-9a-z]{20,}/gi;
const NODE_ADDRESS_GONE = 'p2pd1-removed';

export function redact(document: TrialDocument): TrialDocument {
  const texts: string[] = [];
  mapTexts(document, (text) => {
    texts.push(text);
    return text;
  });
  if (document.redacted && texts.every(isClean)) return document;
  const standIns = new StandIns(document, texts);
  // Only texts change, and those that are names of kinds hold no addresses.
  const changed = mapTexts(document, (text) => standIns.in(text)) as TrialDocument;
  return { ...changed, redacted: true };
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}

/** Whether a text holds nothing but stand-ins. */
function isClean(text: string): boolean {
  if (/[0-9a-f]{32}/i.test(text) || text.search(NODE_ADDRESS) >= 0) return false;
  return [...text.matchAll(ADDRESS)].every(([found]) => {
    const ip = meantBy(found);
    return ip === null || isCommon(ip) || standInSpace(ip).some(({ holds }) => holds.test(ip));
  });
}

/** The canonical address that was meant; null where it is none. */
function addressIn(found: string): string | null {
  if (found === '::') return found;
  if (found.includes(':')) return canonicalIp(found);
  const bytes = found.split(/[.-]/).map(Number);
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? bytes.join('.') : null;
}

/** The address that decides: the one that IPv6 only wraps, and the one at the end of what only looks like IPv6. */
function meantBy(found: string): string | null {
  const ip = addressIn(found);
  if (ip === null) return addressIn(TAIL.exec(found)?.[0] ?? '');
  return isWrapped(ip) ? ip.slice(WRAPPED.length) : ip;
}

/** IPv4 as IPv6 sockets show it (RFC 4291 §2.5.5.2). */
const WRAPPED = '::ffff:';
const isWrapped = (ip: string) => ip.startsWith(WRAPPED) && ip.includes('.');

/** What is the same on every machine. */
function isCommon(ip: string): boolean {
  return ['127.0.0.1', '0.0.0.0', '255.255.255.255', '::', '::1'].includes(ip);
}

interface Space {
  /** The address of that number, from 1. */
  readonly at: (number: number) => string;
  readonly size: number;
  readonly holds: RegExp;
}

const BLOCK = 254;
/** 254 of each /24, so that none looks like a network or its broadcast. */
const wide = (prefix: string): Space => ({
  at: (n) => `${prefix}.${Math.floor((n - 1) / BLOCK) % 256}.${1 + ((n - 1) % BLOCK)}`,
  size: 256 * BLOCK,
  holds: new RegExp(`^${prefix.replaceAll('.', '\\.')}\\.`),
});
const narrow = (prefix: string): Space => ({ ...wide(prefix), at: (n) => `${prefix}.${n}`, size: BLOCK });
const long = (prefix: string): Space => ({
  at: (n) => `${prefix}${n.toString(16)}`,
  size: 0xff_ff,
  holds: new RegExp(`^${prefix}[0-9a-f]{1,4}$`),
});

/** RFC 5737 and RFC 2544 for what is public, RFC 3849 over IPv6. */
const PUBLIC = [narrow('203.0.113'), narrow('198.51.100'), narrow('192.0.2'), wide('198.18')];
const SPACES: Readonly<Record<Family, Readonly<Record<ReturnType<typeof reachOf>, readonly Space[]>>>> = {
  4: {
    global: PUBLIC,
    private: [wide('10.0')],
    'unique-local': [wide('10.0')],
    'link-local': [wide('169.254')],
    loopback: [wide('127.0')],
    unusable: [wide('240.0')],
  },
  6: {
    global: [long('2001:db8::')],
    private: [long('fd00::')],
    'unique-local': [long('fd00::')],
    'link-local': [long('fe80::')],
    loopback: [long('ff00::')],
    unusable: [long('ff00::')],
  },
};
/** A carrier's own NAT (RFC 6598): that it is one explains much. */
const CARRIER = [wide('100.64')];

function standInSpace(ip: string): readonly Space[] {
  const [first = 0, second = 0] = ipToBytes(ip) ?? [];
  const isCarrier = !ip.includes(':') && first === 100 && second >= 64 && second < 128;
  return isCarrier ? CARRIER : SPACES[familyOf(ip)][reachOf(ip)];
}

/** What stands for what: in the order of appearance, never one that somebody really has. */
class StandIns {
  readonly #ids: ReadonlyMap<string, SideName>;
  readonly #taken: Set<string>;
  readonly #byAddress = new Map<string, string>();
  readonly #byId = new Map<string, string>();
  readonly #next = new Map<Space, number>();

  constructor({ sides }: TrialDocument, texts: readonly string[]) {
    this.#ids = new Map([...SIDES].reverse().map((side) => [sides[side].nodeId, side]));
    this.#taken = new Set(
      texts.flatMap((text) => [...text.matchAll(ADDRESS)].map(([found]) => meantBy(found) ?? '')),
    );
  }

  in(text: string): string {
    return text
      .replace(NODE_ADDRESS, NODE_ADDRESS_GONE)
      .replace(NODE_ID, (id) => this.#nodeOf(id.toLowerCase()))
      .replace(SHORT_ID, (short) => this.#nodeOfShort(short))
      .replace(ADDRESS, (found) => this.#addressOf(found));
  }

  #nodeOf(id: string): string {
    const side = this.#ids.get(id);
    if (side !== undefined) return `node-${side}`;
    const known = this.#byId.get(id) ?? `node-${this.#byId.size + 1}`;
    this.#byId.set(id, known);
    return known;
  }

  #nodeOfShort(short: string): string {
    const [, side] = [...this.#ids].find(([id]) => id.startsWith(short.toLowerCase())) ?? [];
    return side === undefined ? short : `node-${side}`;
  }

  #addressOf(found: string): string {
    const ip = addressIn(found);
    // What only looks like IPv6 may still end in a real address.
    if (ip === null)
      return found.includes(':') ? found.replace(TAIL, (tail) => this.#addressOf(tail)) : found;
    if (isCommon(ip)) return found;
    if (isWrapped(ip)) return `${WRAPPED}${this.#addressOf(ip.slice(WRAPPED.length))}`;
    const standIn = this.#byAddress.get(ip) ?? this.#fresh(ip);
    this.#byAddress.set(ip, standIn);
    return found.includes('-') ? standIn.replaceAll('.', '-') : standIn;
  }

  #fresh(ip: string): string {
    for (const space of standInSpace(ip)) {
      for (let n = (this.#next.get(space) ?? 0) + 1; n <= space.size; n++) {
        this.#next.set(space, n);
        const candidate = space.at(n);
        if (!this.#taken.has(candidate)) return candidate;
      }
    }
    // More than anybody has: what is left of them shares one name.
    return familyOf(ip) === 4 ? '0.0.0.0' : '::';
  }
}
