/** The serve journey on this machine's loopback, asked by real clients. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connectAsync } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../../../src/app/config.ts';
import type { AppEvent, ReadyEvent } from '../../../src/app/events.ts';
import type { Context } from '../../../src/app/journeys/context.ts';
import { DEFAULT_SERVE, type ServeOptions, serve } from '../../../src/app/journeys/serve.ts';
import { serveAddresses } from '../../../src/app/journeys/serve-addresses.ts';
import type { ServingEvent } from '../../../src/app/serve-events.ts';
import { identityOf } from '../../../src/net/identity.ts';
import type { Io, NetworkInterface } from '../../../src/net/index.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import { fetchServers, parseVia } from '../../../src/net/via.ts';

const io = createNodeIo();
const identity = identityOf(new Uint8Array(32).fill(5));

/** Ports that are free at this moment, TCP and UDP, the second one with its neighbour. */
async function freePorts(): Promise<ServeOptions['ports']> {
  const port = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  const [mqtt, ntp, pnp, info] = [await port(), await port(), await port(), await port()];
  for (;;) {
    const stun = await port();
    if (![mqtt, ntp, pnp, info].some((other) => other === stun || other === stun + 1))
      return { mqtt, stun, ntp, pnp, info };
  }
}

function contextOf(over: Partial<Context> = {}) {
  const events: AppEvent[] = [];
  const stop = new AbortController();
  const ctx: Context = {
    io,
    config: DEFAULT_CONFIG,
    emit: (event) => events.push(event),
    signal: stop.signal,
    claim: () => Promise.reject(new Error('serve needs no slot')),
    files: () => Promise.reject(new Error('serve keeps nothing')),
    ...over,
  };
  return { ctx, events, stop: () => stop.abort() };
}

async function serving(options: Partial<ServeOptions> = {}, over: Partial<Context> = {}) {
  const { ctx, events, stop } = contextOf(over);
  const ports = await freePorts();
  const all = {
    ...DEFAULT_SERVE,
    store: { kind: 'sqlite' as const, path: ':memory:' },
    hosts: ['127.0.0.1', '::1'],
    ports,
    identity: async () => identity,
    ...options,
  };
  const over_ = serve(ctx, all);
  over_.catch(() => undefined);
  const of = <E extends AppEvent['event']>(name: E) =>
    events.filter((event): event is Extract<AppEvent, { event: E }> => event.event === name);
  await Promise.race([expect.poll(() => of('ready'), { timeout: 10_000 }).toHaveLength(1), over_]);
  const ready: ReadyEvent | undefined = of('ready')[0];
  if (ready === undefined) throw new Error('it is not ready');
  const last = (): ServingEvent | undefined => of('serving').at(-1);
  return {
    ports: all.ports,
    ready,
    of,
    last,
    stop: async () => {
      stop();
      await over_;
    },
  };
}

describe('serve', () => {
  test('serve: tells where it is, answers by MQTT, STUN, NTP and HTTP, and counts who asked', async () => {
    const { ports, ready, last, of, stop } = await serving();
    expect(ready).toMatchObject({ nodeId: identity.nodeId, port: ports.info, nickname: null });
    expect(ready.address).toMatch(new RegExp(`^127[.]0[.]0[.]1:${ports.info}#0[23][0-9a-f]{14}$`));

    const never = new AbortController().signal;
    const list = await fetchServers(io, parseVia(ready.address), never);
    expect(list.stun).toEqual(['127.0.0.1', '::1'].map((host) => ({ host, port: ports.stun, tcp: true })));
    expect(ready.servers).toMatchObject({ stun: list.stun, mqtt: list.mqtt });
    for (const url of list.mqtt) {
      const client = await connectAsync(url, { reconnectPeriod: 0 }, false);
      await client.publishAsync(`p2pd-demo/1/${'0'.repeat(32)}`, 'x', { qos: 1 });
      await client.endAsync();
    }
    const answers: string[] = [];
    const socket = await io.openUdp(
      { ip: '127.0.0.1', port: 0 },
      { datagram: (data) => answers.push(Buffer.from(data).toString('hex')) },
    );
    socket.send(Buffer.from('000100002112a442000102030405060708090a0b', 'hex'), {
      ip: '127.0.0.1',
      port: ports.stun,
    });
    socket.send(Buffer.concat([Buffer.of(0x23), Buffer.alloc(39), Buffer.alloc(8, 7)]), {
      ip: '127.0.0.1',
      port: ports.ntp,
    });
    await expect.poll(() => answers.some((hex) => hex.startsWith('0101'))).toBe(true);
    await expect.poll(() => answers.some((hex) => hex.length === 96)).toBe(true);
    socket.close();

    const count = (kind: string) => last()?.services.find((service) => service.kind === kind)?.requests;
    await expect
      .poll(() => ['mqtt', 'stun', 'ntp', 'info'].map(count), { timeout: 5_000 })
      .toEqual([2, 1, 1, 1]);
    expect(
      last()
        ?.clients.map(({ ip }) => ip)
        .sort(),
    ).toEqual(['127.0.0.1', '::1']);
    expect(last()?.command).toBe(`npx p2pd-demo --via ${ready.address}`);
    expect(last()?.commands[1]).toBe(
      `npx p2pd-demo --via '[::1]:${ports.info}#${ready.address.split('#')[1]}'`,
    );

    const health = await io.httpGet(`http://[::1]:${ports.info}/health`, 4_096, AbortSignal.timeout(5_000));
    expect(JSON.parse(Buffer.from(health.body).toString())).toMatchObject({
      status: 'ok',
      uptime: expect.any(Number),
      services: { mqtt: { connections: 0, messages: 2 }, stun: { requests: 1 }, ntp: { requests: 1 } },
    });
    await stop();
    expect(of('stopped')).toEqual([{ event: 'stopped', nodeId: identity.nodeId }]);
    await expect(fetchServers(io, parseVia(ready.address), never)).rejects.toMatchObject({
      code: 'NO_SERVICE',
    });
  });

  test('serve: only what was asked for, and quiet while nothing changes', async () => {
    let ticks = 0;
    const hasty: Io = {
      ...io,
      sleepUntil: (_, signal) => {
        ticks++;
        return io.sleepUntil(io.now() + 1, signal);
      },
    };
    const { last, of, ready, stop } = await serving({ only: ['stun'] }, { io: hasty });
    await expect.poll(() => ticks).toBeGreaterThan(5);
    expect(last()?.services.map(({ kind }) => kind)).toEqual(['stun', 'info']);
    expect(ready.servers).toMatchObject({ mqtt: [], ntp: [] });
    expect(of('serving')).toHaveLength(1);
    await stop();
  });

  test('serve: strangers are told of at info, at most five lines a second, with nothing that they sent', async () => {
    const { of, ports, last, stop } = await serving({ hosts: ['127.0.0.1'] });
    for (let i = 0; i < 12; i++) {
      await io.httpGet(`http://127.0.0.1:${ports.info}/secret-${i}`, 4_096, AbortSignal.timeout(5_000));
    }
    await expect
      .poll(() => last()?.services.find(({ kind }) => kind === 'info')?.errors, { timeout: 5_000 })
      .toBe(12);
    const lines = of('log');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines[0]).toEqual({
      event: 'log',
      level: 'info',
      text: 'info: error 127.0.0.1: a page that there is not',
    });
    await stop();
  });

  test.each(['mqtt', 'stun', 'ntp', 'info'] as const)(
    'serve: a taken %s port is an error that names it, and nothing stays open',
    async (kind) => {
      const ports = await freePorts();
      const blocker =
        kind === 'ntp'
          ? await io.openUdp({ ip: '127.0.0.1', port: ports.ntp }, { datagram: () => undefined })
          : await io.listenTcp({ ip: '127.0.0.1', port: ports[kind] }, () => undefined);
      const options = { hosts: ['127.0.0.1'], ports };
      await expect(serving(options)).rejects.toMatchObject({
        code: 'PORT_TAKEN',
        message: expect.stringContaining(`port ${ports[kind]} (${kind}) at 127.0.0.1 is taken`),
        hint: expect.stringContaining(`--ports ${kind}=`),
      });
      await blocker.close();
      const { stop } = await serving(options);
      await stop();
    },
  );

  test('serve: the second STUN port counts as STUN’s', async () => {
    const ports = await freePorts();
    const at = { ip: '127.0.0.1', port: ports.stun + 1 };
    const blocker = await io.openUdp(at, { datagram: () => undefined });
    await expect(serving({ hosts: ['127.0.0.1'], ports })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`port ${ports.stun + 1} (stun)`),
    });
    blocker.close();
  });

  test('serve: an address that was named must be there; one of all that cannot be used is a warning', async () => {
    await expect(serving({ hosts: ['192.0.2.200'] })).rejects.toMatchObject({ code: 'USAGE' });
    const interfaces = async () => [nic('eth0', ['192.0.2.200'])];
    const { of, ready, stop } = await serving({ hosts: [] }, { io: { ...io, interfaces } });
    expect(of('log')[0]).toMatchObject({
      level: 'warn',
      text: expect.stringMatching(/^not served at 192[.]0[.]2[.]200: EADDRNOTAVAIL/),
    });
    expect(ready.address).toContain('127.0.0.1:');
    await stop();
  });

  test('serve: what is stopped while it starts is over at once', async () => {
    const { ctx, events, stop } = contextOf();
    stop();
    await serve(ctx, {
      ...DEFAULT_SERVE,
      store: { kind: 'sqlite' as const, path: ':memory:' },
      hosts: ['127.0.0.1'],
      ports: await freePorts(),
      identity: async () => identity,
    });
    expect(events).toEqual([{ event: 'stopped', nodeId: identity.nodeId }]);
  });
});

function nic(id: string, ips: readonly string[], hasRoute = true): NetworkInterface {
  const addresses = ips.map((ip) => ({
    family: ip.includes(':') ? (6 as const) : (4 as const),
    ip,
    prefix: 24,
    reach: ip.startsWith('fe80') || ip.startsWith('169.254') ? ('link-local' as const) : ('global' as const),
  }));
  const route = (value: boolean) => ({ 4: value, 6: value });
  return {
    id,
    name: id,
    kind: 'ethernet',
    gateways: { 4: null, 6: null },
    defaultRoute: route(hasRoute),
    addresses,
  };
}

describe('serve: addresses', () => {
  const machine: Io = {
    ...io,
    interfaces: async () => [
      nic('lan', ['10.0.0.5', 'fe80::5', '2001:db8::5', '169.254.3.4'], false),
      nic('wlan', ['2001:db8:1::5', '192.168.1.5']),
    ],
  };
  const addresses = async (hosts: readonly string[], config = DEFAULT_CONFIG) =>
    (await serveAddresses(contextOf({ io: machine, config }).ctx, hosts)).map(({ ip }) => ip);

  test('serve addresses: with a default route first, IPv4 before IPv6, loopback last, no link-local IPv6', async () => {
    expect(await addresses([])).toEqual([
      '192.168.1.5',
      '2001:db8:1::5',
      '10.0.0.5',
      '2001:db8::5',
      '169.254.3.4',
      '127.0.0.1',
      '::1',
    ]);
  });

  test('serve addresses: --families, --interface and --host narrow them', async () => {
    expect(await addresses([], { ...DEFAULT_CONFIG, families: [6] })).toEqual([
      '2001:db8:1::5',
      '2001:db8::5',
      '::1',
    ]);
    expect(await addresses([], { ...DEFAULT_CONFIG, interfaces: ['wlan'], families: [4] })).toEqual([
      '192.168.1.5',
      '127.0.0.1',
    ]);
    expect(await addresses(['::1', '2001:DB8:0::7', '::1'])).toEqual(['::1', '2001:db8::7']);
    expect(await addresses(['0.0.0.0', '198.51.100.9'])).toEqual([
      '198.51.100.9',
      '192.168.1.5',
      '10.0.0.5',
      '169.254.3.4',
      '127.0.0.1',
    ]);
    expect(await addresses(['localhost'])).toEqual(['127.0.0.1']);
    for (const wrong of ['nas.local', '1.2.3', 'fe80::1%eth0', '']) {
      await expect(addresses([wrong])).rejects.toMatchObject({ code: 'USAGE' });
    }
  });
});
