/** Ports at a router with real packets: Debian's miniupnpd on a Linux router, somebody behind it, somebody outside. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab, type Lab, type Program } from './lab.ts';
import type { Plan } from './topology.ts';

// miniupnpd maps nothing on addresses of documentation (RFC 5737), and these never leave the namespaces.
const WAN = '11.22.33.1';
const PORT = '20001';
const NEEDS = { namespaces: true, commands: ['ip', 'nft', 'miniupnpd'] } as const;
const RULES = `
table inet filter {
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "lan" accept
    jump miniupnpd
  }
  chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
  chain postrouting {
    type nat hook postrouting priority 100;
    jump postrouting_miniupnpd
    meta nfproto ipv4 oifname "wan" masquerade
  }
}`;
const SILENT = `
table inet silent {
  chain input { type filter hook input priority 0; udp dport 5351 drop; }
}`;

/** @param hasIpv6 over IPv4 alone it is one router to ask */
function plan(hasIpv6: boolean): Plan {
  const of = (...ips: readonly string[]) => ips.filter((ip) => hasIpv6 || !ip.includes(':'));
  return {
    families: hasIpv6 ? [4, 6] : [4],
    links: [
      [
        { machine: 'a', interface: 'eth0', addresses: of('192.168.7.2/24', '2001:db8:7::2/64') },
        {
          machine: 'router',
          interface: 'lan',
          addresses: of('192.168.7.1/24', '2001:db8:7::1/64', 'fe80::7/64'),
        },
      ],
      [
        { machine: 'router', interface: 'wan', addresses: of(`${WAN}/24`, '2001:db8:1::1/64') },
        { machine: 'b', interface: 'eth0', addresses: of('11.22.33.50/24', '2001:db8:1::50/64') },
      ],
    ],
    routes: {
      a: of('default via 192.168.7.1', 'default via fe80::7 dev eth0'),
      b: of('2001:db8:7::/64 via 2001:db8:1::1'),
    },
    routers: ['router'],
    rules: { router: RULES },
  };
}

/** @param off protocols that the router does not speak */
async function startRouter(lab: Lab, off: readonly string[] = []): Promise<void> {
  const config = lab.file(
    'miniupnpd.conf',
    [
      ...[
        'ext_ifname=wan',
        'listening_ip=lan',
        'secure_mode=yes',
        'uuid=00000000-0000-0000-0000-000000000007',
      ],
      ...['upnp', 'natpmp'].map((name) => `enable_${name}=${off.includes(name) ? 'no' : 'yes'}`),
      ...['upnp_table_name=filter', 'upnp_nat_table_name=filter', 'upnp_forward_chain=miniupnpd'],
      ...['upnp_nat_chain=prerouting_miniupnpd', 'upnp_nat_postrouting_chain=postrouting_miniupnpd'],
      ...['min_lifetime=60', 'max_lifetime=86400', 'allow 1024-65535 0.0.0.0/0 1024-65535'],
    ].join('\n'),
  );
  const router = lab.run('router', ['miniupnpd', '-d', '-f', config, '-P', lab.file('miniupnpd.pid')]);
  await router.until('it listens', () => (/listening on/.test(router.stderr) ? true : undefined));
}

/** What the router maps, as nft lists it. */
function mapped(lab: Lab, chain = 'prerouting_miniupnpd'): string[] {
  const text = lab.net.run('router', 'nft', 'list', 'chain', 'inet', 'filter', chain);
  return text.split('\n').filter((line) => line.includes(PORT));
}

/** Somebody behind the router, once its port is mapped. @returns the address that says so */
async function behind(lab: Lab, home?: string): Promise<{ a: Program; address: string; detail: string }> {
  const servers = lab.file('none.json', '{}');
  const args = ['accept', '--json', '--echo', '--port', PORT, '--servers', servers];
  const a = lab.start('a', args, home === undefined ? { input: null } : { input: null, home });
  const { detail } = await a.until('mapped', () =>
    a.all('step').find(({ name, state }) => name === 'portmap' && state !== 'start'),
  );
  const { address = '' } = a.all('address').at(-1) ?? {};
  return { a, address: String(address), detail: String(detail) };
}

function call(lab: Lab, address: string, families: string): Program {
  const servers = lab.file('none.json', '{}');
  const only = ['--methods', 'd', '--paths', 'e', '--families', families, '--timeout', '4'];
  return lab.start('b', ['connect', address, '--json', '--send', 'hello', '--servers', servers, ...only]);
}

describeNeeding(NEEDS, 'port mapping', () => {
  test(
    'by PCP: told, in the address, somebody outside connects; given back at the end',
    { timeout: 60_000 },
    inLab(plan(true), async (lab) => {
      await startRouter(lab);
      const { a, address, detail } = await behind(lab);
      expect(detail).toContain(`${WAN}:${PORT} by PCP`);
      expect(mapped(lab)).toHaveLength(1);
      const b = await call(lab, address, '4').exits(0);
      expect(b.all('open')).toMatchObject([{ method: 'direct', path: 'external', remote: `${WAN}:${PORT}` }]);
      expectContract(a.events);
      a.signal('SIGTERM');
      await a.ended();
      expect([...mapped(lab), ...mapped(lab, 'miniupnpd')]).toEqual([]);
    }),
  );

  test(
    'by UPnP where the router speaks nothing else',
    { timeout: 60_000 },
    inLab(plan(false), async (lab) => {
      await startRouter(lab, ['natpmp']);
      const { a, address, detail } = await behind(lab);
      expect(detail).toBe(`${WAN}:${PORT} by UPnP`);
      await call(lab, address, '4').exits(0);
      a.signal('SIGINT');
      await a.ended();
      expect(mapped(lab)).toEqual([]);
    }),
  );

  for (const by of ['PCP', 'UPnP'] as const) {
    test(
      `over IPv6 the router opens its firewall, by ${by}`,
      { timeout: 60_000 },
      inLab(plan(true), async (lab) => {
        await startRouter(lab);
        // It speaks PCP over IPv6 whatever its file says.
        if (by === 'UPnP') lab.net.filter('router', SILENT);
        const { a, address, detail } = await behind(lab);
        expect(detail).toContain(`[2001:db8:7::2]:${PORT} by ${by}`);
        const b = await call(lab, address, '6').exits(0);
        expect(b.all('open')).toMatchObject([{ method: 'direct', family: 6 }]);
        a.signal('SIGTERM');
        await a.ended();
        expect(mapped(lab, 'miniupnpd')).toEqual([]);
      }),
    );
  }

  test(
    'what a killed program left is taken over by the next one, and given back by it',
    { timeout: 60_000 },
    inLab(plan(false), async (lab) => {
      await startRouter(lab);
      const home = lab.home();
      const first = await behind(lab, home);
      first.a.signal('SIGKILL');
      await first.a.ended();
      expect(mapped(lab)).toHaveLength(1);
      const second = await behind(lab, home);
      expect(second.detail).toBe(first.detail);
      expect(mapped(lab)).toHaveLength(1);
      second.a.signal('SIGTERM');
      await second.a.ended();
      expect(mapped(lab)).toEqual([]);
    }),
  );

  test(
    '--no-upnp: the router is asked for nothing, and nobody comes in',
    { timeout: 60_000 },
    inLab(plan(false), async (lab) => {
      await startRouter(lab);
      const servers = lab.file('none.json', '{}');
      const args = ['accept', '--json', '--port', PORT, '--servers', servers, '--no-upnp'];
      const a = lab.start('a', args, { input: null });
      const { address } = await a.event('ready');
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect(a.all('step').filter(({ name }) => name === 'portmap')).toEqual([]);
      expect(mapped(lab)).toEqual([]);
      await call(lab, String(address), '4').exits(10);
    }),
  );

  test(
    'nat tells what the router offers',
    { timeout: 60_000 },
    inLab(plan(false), async (lab) => {
      await startRouter(lab);
      const servers = lab.file('one.json', JSON.stringify({ stun: [{ host: '11.22.33.50', port: 3478 }] }));
      const args = ['nat', '--json', '--servers', servers, '--timeout', '6'];
      const { reports } = JSON.parse((await lab.start('a', args).ended()).stdout) as Record<
        string,
        unknown[]
      >;
      expect(reports).toMatchObject([{ portMapping: { upnp: true, natPmp: true, pcp: true } }]);
      const quiet = await lab.start('a', [...args, '--no-upnp']).ended();
      expect(quiet.stdout).toContain('"portMapping":{"upnp":null,"natPmp":null,"pcp":null}');
    }),
  );
});
