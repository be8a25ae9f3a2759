/**
 * An interface as library users hold it, in the seed's manner: load one by name, print it, turn it
 * into a plain dict and back (P2PD's `Interface.to_dict` and `from_dict`).
 */
import * as v from 'valibot';
import { P2pdError } from './errors.ts';
import type { OuterFact } from './events.ts';
import type { InterfaceDict, NatDict, RouteDict } from './interface-dict.ts';
import type { InterfaceAddress, InterfaceKind, NetworkInterface } from './io/io.ts';
import type { NatReport } from './nat/behavior.ts';
import { natDictOf, UNKNOWN_NAT } from './nat/dict.ts';
import { canonicalIp, type Family, familyOf, reachOf, withoutScope } from './wire/ip.ts';

/** P2PD's numbers for the families, the same on every platform. */
const AF = { 4: 2, 6: 23 } as const;
const HOST_BITS = { 4: 32, 6: 128 } as const;
const FAMILIES: readonly Family[] = [4, 6];
const KINDS: readonly InterfaceKind[] = [
  'ethernet',
  'wireless',
  'cellular',
  'tunnel',
  'virtual',
  'loopback',
  'other',
];

const ipOf = (family: Family) =>
  v.pipe(
    v.string(),
    v.check((text) => plainIp(text, family) !== null, `must be an IPv${family} address`),
  );
const afOf = (family: Family) => v.literal(AF[family], `must be ${AF[family]} (IPv${family})`);
const bitsOf = (family: Family) =>
  v.pipe(
    v.number(),
    v.integer('must be a whole number'),
    v.minValue(0, 'must not be negative'),
    v.maxValue(HOST_BITS[family], `must be at most ${HOST_BITS[family]}`),
  );
const rangeOf = (family: Family) =>
  v.object({
    ip: ipOf(family),
    cidr: bitsOf(family),
    af: afOf(family),
    prefix: v.optional(bitsOf(family)),
  });
const routeOf = (family: Family) =>
  v.object({
    af: afOf(family),
    nic_ips: v.array(rangeOf(family)),
    ext_ips: v.array(rangeOf(family)),
  });
const typeOf = (last: number) => v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(last)));
const natSchema = v.object({
  type: typeOf(7),
  nat_info: v.string(),
  delta: v.object({ type: typeOf(6), value: v.pipe(v.number(), v.integer('must be a whole number')) }),
  delta_info: v.string(),
});
const dictSchema = v.object({
  name: v.string(),
  nat: natSchema,
  rp: v.object({ '2': v.array(routeOf(4)), '23': v.array(routeOf(6)) }),
  id: v.optional(v.string()),
  kind: v.optional(v.picklist(KINDS, `must be one of ${KINDS.join(', ')}`)),
  gateways: v.optional(v.object({ '2': v.nullable(ipOf(4)), '23': v.nullable(ipOf(6)) })),
  default_routes: v.optional(v.object({ '2': v.boolean(), '23': v.boolean() })),
});

export class Interface implements NetworkInterface {
  readonly id: string;
  readonly name: string;
  readonly kind: InterfaceKind;
  readonly gateways: NetworkInterface['gateways'];
  readonly defaultRoute: NetworkInterface['defaultRoute'];
  /** Those of IPv4 first, each family in the system's order. */
  readonly addresses: readonly InterfaceAddress[];
  #nat: NatDict;
  readonly #external: InterfaceDict['rp'];

  /** @internal */
  constructor(
    from: NetworkInterface,
    nat: NatDict = UNKNOWN_NAT,
    routes: InterfaceDict['rp'] = { '2': [], '23': [] },
  ) {
    this.id = from.id;
    this.name = from.name;
    this.kind = from.kind;
    this.gateways = from.gateways;
    this.defaultRoute = from.defaultRoute;
    this.addresses = FAMILIES.flatMap((family) => from.addresses.filter((a) => a.family === family));
    this.#nat = nat;
    this.#external = routes;
  }

  /** What is known of the NAT in front of it: over IPv4 where it has that, over UDP. */
  get nat(): NatDict {
    return this.#nat;
  }

  /**
   * Finds out the NAT in front of this interface and keeps it: `nat`, `toDict()` and printing tell it.
   *
   * @param find how; by the public STUN servers unless given
   */
  async loadNat(find: FindNat = findByPublicServers): Promise<NatDict> {
    this.#nat = natDictOf(await find(this));
    return this.#nat;
  }

  /** The same with what was found out of its NAT (reports of other interfaces may be among them). @internal */
  withNat(reports: readonly NatReport[]): Interface {
    return new Interface(
      this,
      natDictOf(reports.filter((report) => report.interface === this.id)),
      this.#external,
    );
  }

  /** The same with what servers saw of its addresses (those of other interfaces may be among them). @internal */
  withOuter(facts: readonly OuterFact[]): Interface {
    const own = facts.filter((fact) => fact.interface === this.id);
    if (own.length === 0) return this;
    return new Interface(this, this.nat, { '2': this.#grouped(4, own), '23': this.#grouped(6, own) });
  }

  /**
   * One interface of this machine.
   *
   * @param name system or friendly name; without one the first with a default route
   * @throws P2pdError NO_INTERFACE
   */
  static async load(
    name?: string,
    list: () => Promise<readonly Interface[]> = listInterfaces,
  ): Promise<Interface> {
    const all = await list();
    const wanted = name?.toLowerCase();
    const found = wanted
      ? (all.find((nic) => nic.id.toLowerCase() === wanted) ??
        all.find((nic) => nic.name.toLowerCase() === wanted))
      : (all.find((nic) => nic.defaultRoute[4] || nic.defaultRoute[6]) ?? all[0]);
    if (found !== undefined) return found;
    if (all.length === 0) {
      throw new P2pdError('NO_INTERFACE', 'this machine has no usable interface');
    }
    const known = all.map((nic) => (nic.name === nic.id ? nic.id : `${nic.id} = ${nic.name}`)).join(', ');
    throw new P2pdError('NO_INTERFACE', `no interface is called ${JSON.stringify(name)}: there are ${known}`);
  }

  /**
   * Reads what `toDict` writes, or the seed's `to_dict`.
   *
   * @throws P2pdError USAGE that names the key that is wrong
   */
  static fromDict(dict: unknown): Interface {
    const parsed = v.safeParse(dictSchema, dict);
    if (!parsed.success) {
      const [issue] = parsed.issues;
      throw new P2pdError(
        'USAGE',
        `no dict of an interface: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`,
      );
    }
    const { name, nat, rp, id = name, kind = 'other', gateways, default_routes } = parsed.output;
    const gateway = {
      4: plainIp(gateways?.[AF[4]] ?? '', 4),
      6: plainIp(gateways?.[AF[6]] ?? '', 6),
    };
    const from: NetworkInterface = {
      id,
      name,
      kind,
      gateways: gateway,
      defaultRoute: {
        4: default_routes?.[AF[4]] ?? gateway[4] !== null,
        6: default_routes?.[AF[6]] ?? gateway[6] !== null,
      },
      addresses: FAMILIES.flatMap((family) =>
        rp[AF[family]].flatMap((route) => route.nic_ips.flatMap((entry) => addressOf(entry, family))),
      ),
    };
    return new Interface(from, nat, rp);
  }

  /** A plain object in the seed's shape; what is not known is null with the name "unknown". */
  toDict(): InterfaceDict {
    const { nat, rp } = structuredClone({
      nat: this.nat,
      rp: { '2': this.#routes(4), '23': this.#routes(6) },
    });
    return {
      name: this.name,
      nat,
      rp,
      id: this.id,
      kind: this.kind,
      gateways: { '2': this.gateways[4], '23': this.gateways[6] },
      default_routes: { '2': this.defaultRoute[4], '23': this.defaultRoute[6] },
    };
  }

  /** As the seed prints one: name, then its routes and what is known of its NAT. */
  toString(): string {
    const lines = FAMILIES.flatMap((family) => {
      const ips = this.addresses.filter((a) => a.family === family).map((a) => `${a.ip}/${a.prefix}`);
      if (ips.length === 0) return [];
      const outer = this.#routes(family).flatMap((route) => route.ext_ips.map(({ ip }) => ip));
      const seen = outer.length === 0 ? '' : `, seen as ${outer.join(', ')}`;
      return [`  IPv${family}: ${ips.join(', ')} via ${this.gateways[family] ?? 'no gateway'}${seen}`];
    });
    return [
      `Interface ${this.id}: ${this.name} (${this.kind})`,
      ...lines,
      `  NAT: ${this.nat.nat_info}, delta: ${this.nat.delta_info}`,
    ].join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Interface.fromDict(${JSON.stringify(this.toDict(), null, 4)})`;
  }

  /** Routes that were read keep their outer addresses; else one route per family with all inner ones. */
  #routes(family: Family): RouteDict[] {
    const read = this.#external[AF[family]];
    if (read.length > 0) return read;
    return this.#grouped(family, []);
  }

  /** A route for each outer address with the inner ones behind it; then one for those that nobody saw. */
  #grouped(family: Family, facts: readonly OuterFact[]): RouteDict[] {
    const af = AF[family];
    const cidr = HOST_BITS[family];
    const groups = new Map<string, InterfaceAddress[]>();
    for (const address of this.addresses.filter((one) => one.family === family)) {
      const seen = facts.filter((fact) => fact.inner === address.ip).map((fact) => fact.outer);
      const key = [...new Set(seen)].join(' ');
      groups.set(key, [...(groups.get(key) ?? []), address]);
    }
    return [...groups]
      .sort(([a], [b]) => Number(a === '') - Number(b === ''))
      .map(([outer, inner]) => ({
        af,
        nic_ips: inner.map(({ ip, prefix }) => ({ ip, cidr, af, prefix })),
        ext_ips: outer === '' ? [] : outer.split(' ').map((ip) => ({ ip, cidr, af })),
      }));
  }
}

/** Every usable interface of this machine. */
export async function listInterfaces(): Promise<Interface[]> {
  const { listNetworkInterfaces } = await import('./io/interfaces.ts');
  return (await listNetworkInterfaces()).map((nic) => new Interface(nic));
}

/** Reports of the families of one interface. */
export type FindNat = (nic: NetworkInterface) => Promise<readonly NatReport[]>;

async function findByPublicServers(nic: NetworkInterface): Promise<readonly NatReport[]> {
  const [{ openIo }, { probeNat }, { createResolver }, { PUBLIC_SERVERS }] = await Promise.all([
    import('./setup.ts'),
    import('./nat/probe.ts'),
    import('./resolve.ts'),
    import('./public-servers.ts'),
  ]);
  const io = await openIo();
  return probeNat({
    io,
    interfaces: [nic],
    servers: PUBLIC_SERVERS.stun,
    resolve: createResolver(io),
    signal: new AbortController().signal,
    report: () => undefined,
  });
}

/** Canonical text without scope; null when it is no address of that family. */
function plainIp(text: string, family: Family): string | null {
  const ip = canonicalIp(text);
  return ip !== null && familyOf(ip) === family ? withoutScope(ip) : null;
}

function addressOf(entry: RouteDict['nic_ips'][number], family: Family): InterfaceAddress[] {
  const ip = plainIp(entry.ip, family);
  return ip === null ? [] : [{ family, ip, prefix: entry.prefix ?? entry.cidr, reach: reachOf(ip) }];
}
