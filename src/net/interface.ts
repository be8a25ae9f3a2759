/**
 * An interface as library users hold it, in the seed's manner: load one by name, print it, turn it
 * into a plain dict and back (P2PD's `Interface.to_dict` and `from_dict`).
 */
import * as v from 'valibot';
import { P2pdError } from './errors.ts';
import type { InterfaceAddress, InterfaceKind, NetworkInterface } from './io/io.ts';
import { canonicalIp, type Family, familyOf, reachOf } from './wire/ip.ts';

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

const ip = v.pipe(
  v.string(),
  v.check((text) => canonicalIp(text) !== null, 'is no IP address'),
);
const af = v.picklist([AF[4], AF[6]], 'must be 2 (IPv4) or 23 (IPv6)');
const range = v.object({ ip, cidr: v.number(), af, prefix: v.optional(v.number()) });
const route = v.object({ af, nic_ips: v.array(range), ext_ips: v.array(range) });
const typeOf = (last: number) => v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(last)));
const natSchema = v.object({
  type: typeOf(7),
  nat_info: v.string(),
  delta: v.object({ type: typeOf(6), value: v.number() }),
  delta_info: v.string(),
});
const perFamily = <T extends v.GenericSchema>(schema: T) => v.object({ '2': schema, '23': schema });
const dictSchema = v.object({
  name: v.string(),
  nat: natSchema,
  rp: perFamily(v.array(route)),
  id: v.optional(v.string()),
  kind: v.optional(v.picklist(KINDS)),
  gateways: v.optional(perFamily(v.nullable(v.string()))),
  default_routes: v.optional(perFamily(v.boolean())),
});

/** The contract's JSON of an interface (`interfaces --json`). */
export type InterfaceDict = v.InferOutput<typeof dictSchema>;
/** What is known of the NAT in front of an interface; `type` null = not checked. */
export type NatDict = v.InferOutput<typeof natSchema>;

const UNKNOWN_NAT: NatDict = {
  type: null,
  nat_info: 'unknown',
  delta: { type: null, value: 0 },
  delta_info: 'unknown',
};

export class Interface implements NetworkInterface {
  readonly id: string;
  readonly name: string;
  readonly kind: InterfaceKind;
  readonly gateways: NetworkInterface['gateways'];
  readonly defaultRoute: NetworkInterface['defaultRoute'];
  readonly addresses: readonly InterfaceAddress[];
  readonly nat: NatDict;
  readonly #external: InterfaceDict['rp'];

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
    this.addresses = from.addresses;
    this.nat = nat;
    this.#external = routes;
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
      ? all.find((nic) => nic.id.toLowerCase() === wanted || nic.name.toLowerCase() === wanted)
      : (all.find((nic) => nic.defaultRoute[4] || nic.defaultRoute[6]) ?? all[0]);
    if (found !== undefined) return found;
    const known =
      all.length === 0 ? 'this machine has none' : `there are ${all.map((nic) => nic.id).join(', ')}`;
    throw new P2pdError(
      'NO_INTERFACE',
      `no interface is called ${JSON.stringify(name ?? 'default')}: ${known}`,
    );
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
    const per = <T>(values: { '2': T; '23': T } | undefined, none: T) => ({
      4: values?.[AF[4]] ?? none,
      6: values?.[AF[6]] ?? none,
    });
    const gateway = per<string | null>(gateways, null);
    const defaultRoute = per(default_routes, false);
    return new Interface(
      {
        id,
        name,
        kind,
        gateways: gateway,
        defaultRoute: default_routes ? defaultRoute : { 4: gateway[4] !== null, 6: gateway[6] !== null },
        addresses: FAMILIES.flatMap((family) =>
          rp[AF[family]].flatMap((entry) => entry.nic_ips.map(addressOf)),
        ),
      },
      nat,
      rp,
    );
  }

  /** A plain object in the seed's shape; what is not known is null with the name "unknown". */
  toDict(): InterfaceDict {
    return {
      name: this.name,
      nat: this.nat,
      rp: { '2': this.#routes(4), '23': this.#routes(6) },
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
      return ips.length === 0
        ? []
        : [`  IPv${family}: ${ips.join(', ')} via ${this.gateways[family] ?? 'no gateway'}`];
    });
    return [
      `Interface ${this.id}: ${this.name} (${this.kind})`,
      ...lines,
      `  NAT: ${this.nat.nat_info}, delta: ${this.nat.delta_info}`,
    ].join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Routes that were read keep their outer addresses; else one route per family with all inner ones. */
  #routes(family: Family): InterfaceDict['rp']['2'] {
    const read = this.#external[AF[family]];
    if (read.length > 0) return read;
    const own = this.addresses.filter((address) => address.family === family);
    if (own.length === 0) return [];
    const nicIps = own.map((a) => ({ ip: a.ip, cidr: HOST_BITS[family], af: AF[family], prefix: a.prefix }));
    return [{ af: AF[family], nic_ips: nicIps, ext_ips: [] }];
  }
}

/** Every usable interface of this machine. */
export async function listInterfaces(): Promise<Interface[]> {
  const { listNetworkInterfaces } = await import('./io/interfaces.ts');
  return (await listNetworkInterfaces()).map((nic) => new Interface(nic));
}

function addressOf(entry: v.InferOutput<typeof range>): InterfaceAddress {
  const text = canonicalIp(entry.ip) ?? entry.ip;
  return { family: familyOf(text), ip: text, prefix: entry.prefix ?? entry.cidr, reach: reachOf(text) };
}
