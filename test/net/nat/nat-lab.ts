/** A machine behind a NAT of the lab, servers that tell it, and the report it comes to. */
import type { NatReport } from '../../../src/net/nat/behavior.ts';
import { probeNat } from '../../../src/net/nat/probe.ts';
import { createResolver } from '../../../src/net/resolve.ts';
import type { StunServer } from '../../../src/net/servers.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { createLab, type Lab, type LabHost, type NatOptions } from '../../lab/index.ts';

export interface NatLabOptions {
  readonly seed: number | string;
  readonly nat: NatOptions;
  readonly externals?: number;
  /** Share of packets lost at each crossing of the Internet. */
  readonly loss?: number;
  /** Machines with two addresses that run a server. */
  readonly servers?: number;
  readonly delay?: number;
}

export interface NatLab {
  readonly lab: Lab;
  readonly host: LabHost;
  readonly servers: readonly StunServer[];
}

/** @param options.nat `translates: false` gives the machine a public address behind a firewall */
export async function natLab({ seed, nat, externals = 1, loss = 0, servers = 2, delay = 20 }: NatLabOptions): Promise<NatLab> {
  const lab = createLab({ seed });
  const net = lab.internet({ delay: delay / 2, loss });
  const home = lab.lan(nat.translates ? {} : { subnets: ['198.51.100.0/24'] });
  lab.router({ wan: net, lans: [home], nat, externals });
  const host = lab.host({ name: 'alice', on: home });
  const list: StunServer[] = [];
  for (let i = 0; i < servers; i++) {
    const ips = [10, 11].map((last) => `203.0.113.${last + 10 * i}`);
    const server = lab.host({ name: `stun${i}`, on: [{ segment: net, addresses: ips }] });
    const udp = ips.map((ip) => ({ ip, port: 3478 }));
    await startStunServer({ io: server.io, udp, alternatePort: 3479, tcp: true, report: () => undefined });
    list.push({ host: ips[0] ?? '', port: 3478, tcp: true });
  }
  return { lab, host, servers: list };
}

export async function reportIn({ lab, host, servers }: NatLab): Promise<NatReport> {
  const over = new AbortController();
  const task = {
    io: host.io,
    interfaces: await host.io.interfaces(),
    servers,
    resolve: createResolver(host.io),
    signal: over.signal,
    report: () => undefined,
  };
  const [report] = await lab.run(probeNat(task));
  if (report === undefined) throw new Error('no report');
  return report;
}
