/** Machines of the lab that ask STUN servers, and servers good and bad. */

import {
  createLab,
  type Lab,
  type LabHost,
  natPreset,
  type RouterOptions,
  type Segment,
} from '../../../src/lab/index.ts';
import type { InterfaceAddress, Io, NetworkInterface } from '../../../src/net/io/io.ts';
import type { StunServer } from '../../../src/net/servers.ts';
import { findOuter, type OuterReport, type OuterTask } from '../../../src/net/stun/client.ts';
import { decodeStun, encodeBindingResponse } from '../../../src/net/stun/message.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { STUN_TIMEOUT } from '../../../src/net/timing.ts';
import type { Endpoint } from '../../../src/net/wire/endpoint.ts';
import { familyOf } from '../../../src/net/wire/ip.ts';

export const PORT = 3478;
/** One way, ms. */
export const DELAY = 10;
export const RTT = 2 * DELAY;

export interface World {
  readonly lab: Lab;
  readonly net: Segment;
  readonly lan: Segment;
  readonly alice: LabHost;
  /** What its NAT shows of Alice. */
  readonly outer: string;
}

/** Alice behind a NAT; IPv6 without. */
export function world(options: Partial<RouterOptions> = {}, seed = 1): World {
  const lab = createLab({ seed });
  const net = lab.internet({ delay: DELAY, subnets: ['203.0.113.0/24', '2001:db8::/64'] });
  const lan = lab.lan({ subnets: ['192.168.1.0/24', '2001:db8:1::/64'] });
  const router = lab.router({ wan: net, lans: [lan], nat: natPreset('restrict port', 'equal'), ...options });
  const outer = router.outerIps.find((ip) => familyOf(ip) === 4) ?? '';
  return { lab, net, lan, alice: lab.host({ name: 'alice', on: lan }), outer };
}

interface ServerOptions {
  readonly tcp?: boolean;
  readonly families?: readonly (4 | 6)[];
  readonly extra?: number;
}

let count = 0;
/** A name that no other machine has. */
export const fresh = (kind: string) => `${kind}${++count}`;

export async function honest({ lab, net }: World, options: ServerOptions = {}): Promise<LabHost> {
  const { tcp = true, families = [4, 6], extra = 0 } = options;
  const host = lab.host({
    name: fresh('stun'),
    on: [{ segment: net, up: { delay: extra } }],
  });
  const udp = families.map((family) => ({ ip: host.ip(family), port: PORT }));
  await startStunServer({ io: host.io, udp, alternatePort: null, tcp, report: () => undefined });
  return host;
}

type Answer = (id: Uint8Array, client: Endpoint) => Uint8Array | null;

/** A server of our own making, over UDP. */
export async function rogue({ lab, net }: World, answer: Answer): Promise<LabHost> {
  const host = lab.host({ name: fresh('rogue'), on: net });
  const socket = await host.io.openUdp(
    { ip: host.ip(), port: PORT },
    {
      datagram(data, client) {
        const reply = answer(decodeStun(data).transactionId, client);
        if (reply !== null) socket.send(reply, client);
      },
    },
  );
  return host;
}

export const silent: Answer = () => null;
export const liar: Answer = (id) => encodeBindingResponse(id, { mapped: { ip: '198.18.0.66', port: 6 } });

export function list(...hosts: readonly (LabHost | string)[]): StunServer[] {
  return hosts.map((host) => ({
    host: typeof host === 'string' ? host : host.ip(),
    port: PORT,
    tcp: true,
  }));
}

export async function find(
  { lab, alice }: World,
  servers: readonly StunServer[],
  change: Partial<OuterTask> = {},
): Promise<OuterReport & { readonly elapsed: number }> {
  const startedAt = lab.now();
  const report = await lab.run(async () =>
    findOuter({
      io: alice.io,
      interfaces: await alice.io.interfaces(),
      servers,
      resolve: (host, family, signal) => alice.io.lookup(host, family, signal),
      timeout: STUN_TIMEOUT,
      signal: new AbortController().signal,
      ...change,
    }),
  );
  return { ...report, elapsed: lab.now() - startedAt };
}

/** Counts what is opened and not closed. */
export function watched(io: Io): { io: Io; open: () => number } {
  let open = 0;
  const once = (close: () => void) => {
    let closed = false;
    open++;
    return () => {
      if (!closed) open--;
      closed = true;
      close();
    };
  };
  const watching: Pick<Io, 'openUdp' | 'dialTcp'> = {
    async openUdp(local, reader) {
      const socket = await io.openUdp(local, reader);
      return { local: socket.local, send: socket.send.bind(socket), close: once(() => socket.close()) };
    },
    async dialTcp(local, remote, signal) {
      const stream = await io.dialTcp(local, remote, signal);
      const destroy = once(() => stream.destroy());
      return replacing(stream, { destroy });
    },
  };
  return { io: replacing(io, watching), open: () => open };
}

/** The same, but for some of its methods. */
function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(Object.hasOwn(methods, key) ? methods : target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export const ANY = { ip: '203.0.113.77', port: 7 };
export const noop = () => undefined;

/** A server that no datagram reaches. */
export async function tcpOnly(w: World): Promise<LabHost> {
  const host = w.lab.host({ name: fresh('tcp'), on: w.net });
  await startStunServer({
    io: replacing<Io>(host.io, { openUdp: async (local) => ({ local, send: noop, close: noop }) }),
    udp: [{ ip: host.ip(4), port: PORT }],
    alternatePort: null,
    tcp: true,
    report: noop,
  });
  return host;
}

export function nicOf(
  addresses: readonly Partial<InterfaceAddress>[],
  kind: NetworkInterface['kind'] = 'ethernet',
): NetworkInterface {
  return {
    id: 'test0',
    name: 'test0',
    kind,
    gateways: { 4: null, 6: null },
    defaultRoute: { 4: kind !== 'loopback', 6: kind !== 'loopback' },
    addresses: addresses.map((address) => ({
      family: 4,
      ip: '0.0.0.0',
      prefix: 24,
      reach: 'private',
      ...address,
    })),
  };
}
