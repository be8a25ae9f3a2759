/** A machine behind a NAT of the lab, servers that tell it, and the report it comes to. */

import { createLab, type Lab, type LabHost, type NatOptions } from '../../../src/lab/index.ts';
import type { NatReport } from '../../../src/net/nat/behavior.ts';
import { type NatTask, probeNat } from '../../../src/net/nat/probe.ts';
import { createResolver } from '../../../src/net/resolve.ts';
import type { StunServer } from '../../../src/net/servers.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';

export interface NatLabOptions {
  readonly seed: number | string;
  /** The outermost NAT; `translates: false` gives the machine a public address behind a firewall. */
  readonly nat: NatOptions;
  /** Another one between it and the machine. */
  readonly home?: NatOptions;
  readonly externals?: number;
  /** Share of packets lost at each crossing of the Internet. */
  readonly loss?: number;
  /** Machines with two addresses that run a server. @default 2 */
  readonly servers?: number;
}

export interface NatLab {
  readonly lab: Lab;
  readonly host: LabHost;
  readonly servers: readonly StunServer[];
  /** A machine on the Internet. */
  machine(...ips: readonly string[]): LabHost;
  /** A server without a second address. */
  plain(ip: string): Promise<StunServer>;
  /** Another machine behind the same NAT opens mappings, one every so many ms on average. @returns its end */
  noise(every: number): () => void;
  /** Packets of the machine, by destination, from now on. */
  countPackets(): ReadonlyMap<string, number>;
}

/** ms from the machine to a server. */
const DELAY = 20;

export async function natLab(options: NatLabOptions): Promise<NatLab> {
  const { seed, nat, home, externals = 1, loss = 0, servers = 2 } = options;
  const lab = createLab({ seed });
  const net = lab.internet({ delay: DELAY / 2, loss });
  const inside = lab.lan(nat.translates ? {} : { subnets: ['198.51.100.0/24'] });
  lab.router({ wan: net, lans: [inside], nat, externals });
  const own = home === undefined ? inside : lab.lan();
  if (home !== undefined) lab.router({ wan: inside, lans: [own], nat: home });
  const host = lab.host({ name: 'alice', on: own });
  const machine = (...ips: readonly string[]) =>
    lab.host({ name: `at ${ips[0]}`, on: [{ segment: net, addresses: ips }] });
  const serve = async (...ips: readonly string[]): Promise<StunServer> => {
    const { io } = machine(...ips);
    const alternatePort = ips.length > 1 ? 3479 : null;
    const udp = ips.map((ip) => ({ ip, port: 3478 }));
    await startStunServer({ io, udp, alternatePort, tcp: true, report: () => undefined });
    return { host: ips[0] ?? '', port: 3478, tcp: true };
  };
  const list: StunServer[] = [];
  for (let i = 0; i < servers; i++)
    list.push(await serve(`203.0.113.${10 + 10 * i}`, `203.0.113.${11 + 10 * i}`));
  return {
    lab,
    host,
    servers: list,
    machine,
    plain: serve,
    noise: (every) => makeNoise(lab, lab.host({ name: 'neighbour', on: own }), every),
    countPackets: () => countPackets(lab, host),
  };
}

export async function reportIn(
  { lab, host, servers }: Pick<NatLab, 'lab' | 'host' | 'servers'>,
  resolve: NatTask['resolve'] = createResolver(host.io),
): Promise<NatReport> {
  const task = {
    io: host.io,
    interfaces: await host.io.interfaces(),
    servers,
    resolve,
    signal: new AbortController().signal,
    report: () => undefined,
  };
  const [report] = await lab.run(probeNat(task));
  if (report === undefined) throw new Error('no report');
  return report;
}

function makeNoise(lab: Lab, host: LabHost, every: number): () => void {
  const over = new AbortController();
  const remote = { ip: '203.0.113.10', port: 9 };
  const run = async () => {
    while (!over.signal.aborted) {
      await host.io.sleepUntil(host.io.now() + lab.random.integer(1, 2 * every), over.signal);
      const socket = await host.io.openUdp({ ip: host.ip(), port: 0 }, { datagram: () => undefined });
      socket.send(new Uint8Array(1), remote);
      socket.close();
      host.io.dialTcp(null, remote, AbortSignal.any([over.signal])).catch(() => undefined);
    }
  };
  void run();
  return () => over.abort();
}

function countPackets(lab: Lab, host: LabHost): Map<string, number> {
  const counts = new Map<string, number>();
  lab.network.observe((event) => {
    if (event.fate !== 'sent' || event.node !== host.name) return;
    const { ip } = event.packet.dst;
    counts.set(ip, (counts.get(ip) ?? 0) + 1);
  });
  return counts;
}
