/** Public services that die, hang or were never there: meetings go on as long as one is left. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab, type Lab, type Program } from './lab.ts';
import { lan, meetingSide, SERVICES } from './plans.ts';
import {
  inMeeting,
  outcomes,
  SERVICE_NEEDS,
  type ServersFile,
  serversFile,
  startChrony,
  startCoturn,
  startMosquitto,
} from './services.ts';

const homes = { a: 'nat', b: 'public' } as const;
/** Services are asked for 1.5 s at most; the rest is for a busy machine. */
const START_LIMIT = 1_500 + 300;
const [HOST] = SERVICES.ipv4;

/** One message there and back. @returns the method of the pipe */
async function chat(lab: Lab, address: string, options: readonly string[]): Promise<unknown> {
  const command = ['connect', address, '--json', '--send', 'hi', ...options];
  const dialler = await lab.start('b', command).exits(0);
  expect(dialler.all('message').map(({ direction, text }) => [direction, text])).toEqual([
    ['out', 'hi'],
    ['in', 'hi'],
  ]);
  return dialler.all('open')[0]?.method;
}

/** `name: state` of a node's services, in the alphabet's order. */
async function states(program: Program): Promise<string[]> {
  const { interfaces: _, ...services } = await outcomes(program);
  return Object.entries(services)
    .map(([name, outcome]) => `${name} ${outcome.split(':')[0]}`)
    .toSorted();
}

/** ms that the start took from the first question to a service until the node was ready. */
function waited(program: Program): number {
  const asked = program.all('step').filter(({ name, state }) => name !== 'interfaces' && state === 'start');
  return Number(program.all('ready')[0]?.at) - Math.min(...asked.map(({ at }) => Number(at)));
}

describeNeeding(SERVICE_NEEDS, 'broken services', () => {
  test('brokers: one that dies and one that hangs mid-way are done without', () =>
    inMeeting(homes, async (lab, { brokers, servers }) => {
      const options = ['--servers', serversFile(lab, servers(4)), '--families', '4'];
      const peer = await lab.accept('a', ['--echo', ...options]);
      expect(await chat(lab, peer.address, options)).toBe('reverse');
      brokers[0]?.signal('SIGKILL');
      await brokers[0]?.exits('SIGKILL');
      expect(await chat(lab, peer.address, options)).toBe('reverse');
      brokers[1]?.signal('SIGSTOP');
      expect(await chat(lab, peer.address, options)).toBe('reverse');
    })());

  test('brokers: one that comes back is listened at again, and is enough', () =>
    inMeeting(homes, async (lab, { brokers, servers }) => {
      const options = ['--servers', serversFile(lab, servers(4)), '--families', '4'];
      const peer = await lab.accept('a', ['--echo', ...options]);
      const [first, ...others] = brokers;
      first?.signal('SIGKILL');
      await first?.exits('SIGKILL');
      const again = await startMosquitto(lab, SERVICES.machine, { addresses: [HOST], port: 1883 });
      // Only a is there to come.
      const from = meetingSide('a', homes.a).outer.ipv4;
      await again.until('the node', () =>
        again.stderr.includes(`connected from ${from}`) ? true : undefined,
      );
      for (const broker of others) broker.signal('SIGKILL');
      await Promise.all(others.map((broker) => broker.exits('SIGKILL')));
      expect(await chat(lab, peer.address, options)).toBe('reverse');
    })());

  test('start: servers that are dead or hang change nothing', () =>
    inMeeting(homes, async (lab, { brokers, servers }) => {
      const { machine, ipv4 } = SERVICES;
      const [stun, ntp] = await Promise.all([
        startCoturn(lab, machine, { addresses: ipv4, port: 3479 }),
        startChrony(lab, machine, { addresses: [HOST], port: 1123 }),
      ]);
      for (const hanging of [stun, ntp, brokers[0]]) hanging?.signal('SIGSTOP');
      const good = servers(4);
      const listed: ServersFile = {
        stun: [...[9, 3479].map((port) => ({ host: HOST, port, tcp: true })), ...good.stun],
        mqtt: [`mqtt://${HOST}:9`, ...good.mqtt],
        ntp: [`${HOST}:9`, `${HOST}:1123`, ...good.ntp],
      };
      const options = ['--servers', serversFile(lab, listed), '--families', '4'];
      const peer = await lab.accept('a', ['--echo', ...options]);
      expect(await states(peer.program)).toEqual(['mqtt ok', 'ntp ok', 'stun ok']);
      expect(waited(peer.program)).toBeLessThan(START_LIMIT);
      expect(await chat(lab, peer.address, options)).toBe('reverse');
    })());

  test('start: a broker that is the only one and hangs does not keep the node from starting', () =>
    inMeeting(homes, async (lab, { servers }) => {
      const broker = await startMosquitto(lab, SERVICES.machine, { addresses: [HOST], port: 2883 });
      broker.signal('SIGSTOP');
      const listed = { ...servers(4), mqtt: [`mqtt://${HOST}:2883`] };
      const options = ['--servers', serversFile(lab, listed), '--families', '4'];
      const peer = await lab.accept('a', ['--echo', ...options]);
      expect(await states(peer.program)).toEqual(['mqtt failed', 'ntp ok', 'stun ok']);
      expect(waited(peer.program)).toBeLessThan(START_LIMIT);
      expectContract(peer.program.events);
    })());

  test('connect: a peer that answers on no broker is exit 11, one without a path exit 10', () =>
    inMeeting({ a: 'nat', b: 'nat' }, async (lab, { servers }) => {
      const options = ['--servers', serversFile(lab, servers(4)), '--families', '4'];
      const [gone, unreachable] = await Promise.all([
        lab.accept('a', options),
        lab.accept('a', ['--echo', ...options]),
      ]);
      gone.program.signal('SIGKILL');
      await gone.program.exits('SIGKILL');
      // Punching would find a way.
      const connect = (address: string) =>
        lab.start('b', ['connect', address, '--json', '--send', 'hi', '--methods', 'dr', ...options]);
      const [silent, noPath] = await Promise.all([
        connect(gone.address).exits(11),
        connect(unreachable.address).exits(10),
      ]);
      expect(silent.all('error')).toMatchObject([
        { code: 'PEER_SILENT', message: expect.stringContaining('the peer does not answer on any broker') },
      ]);
      expect(noPath.all('error')).toMatchObject([
        {
          code: 'NO_PATH',
          message: expect.stringContaining('the peer answered, but no path was found'),
        },
      ]);
      for (const program of [silent, noPath]) expectContract(program.events);
    })());

  test('offline: steps fail in 1.5 s, a LAN needs no service, and exit codes say what is missing', () =>
    inLab(lan, async (lab) => {
      // One address beyond the gateway that goes nowhere, one machine of the LAN that has no such servers.
      const listed: ServersFile = {
        stun: [HOST, '10.1.0.3'].map((host) => ({ host, port: 3478, tcp: true })),
        mqtt: [HOST, '10.1.0.3'].map((host) => `mqtt://${host}:1883`),
        ntp: [HOST, '10.1.0.3'],
      };
      const options = ['--servers', serversFile(lab, listed)];
      const peer = await lab.accept('a', ['--echo', ...options]);
      expect(await states(peer.program)).toEqual(['mqtt failed', 'ntp failed', 'stun failed']);
      expect(waited(peer.program)).toBeLessThan(START_LIMIT);
      expectContract(peer.program.events);
      expect(await chat(lab, peer.address, options)).toBe('direct');
      peer.program.signal('SIGTERM');
      await peer.program.exits(0);
      const failed = await lab
        .start('b', ['connect', peer.address, '--json', '--send', 'hi', ...options])
        .exits(10);
      expect(failed.all('error')).toMatchObject([{ code: 'NO_PATH' }]);
    })());

  test('offline: without --servers, names that cannot be looked up cost 1.5 s at most', () =>
    inLab(lan, async (lab) => {
      const peer = await lab.accept('a', ['--echo']);
      expect(waited(peer.program)).toBeLessThan(START_LIMIT);
      expect(await states(peer.program)).toEqual(['mqtt failed', 'ntp failed', 'stun failed']);
      expect(await chat(lab, peer.address, [])).toBe('direct');
    })());
});
