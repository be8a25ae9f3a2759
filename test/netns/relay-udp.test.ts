/** Pipes by UDP allocations with real packets: Debian's coturn in the middle, which is told to relay no TCP. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import type { Lab, Program } from './lab.ts';
import { SERVICES } from './plans.ts';
import { inMeeting, startCoturn, startWebBroker } from './services.ts';
import { accepting, certify, HARD, HOST, RELAY, USER, WEB_ONLY, withRelay } from './turn-relay.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS, type TwoNats } from './two-nats.ts';

const UDP_ONLY = [...RELAY, 'no-tcp-relay'];
const PLACE = { addresses: [HOST], port: 3480 };

/** What opened, and that a message came back by it. */
function expectChat(dialler: Program, text: string): void {
  expectContract(dialler.events);
  expect(dialler.all('open')).toMatchObject([{ method: 'relay', transport: 'udp', encrypted: true }]);
  expect(dialler.all('message').map((message) => message.text)).toEqual([text, text]);
}

/** Both behind routers whose ports nobody can tell, and a says something to b. */
async function chat(lab: Lab, nats: TwoNats, url: string, env = {}): Promise<Program> {
  const servers = withRelay(lab, nats, [{ url, ...USER }]);
  const { address, peer } = await accepting(lab, nats.servers);
  const command = ['connect', address, '--json', '--send', url, '--servers', servers];
  const dialler = await lab.start('a', command, { env }).exits(0);
  expectChat(dialler, url);
  expect(peer.all('open')).toMatchObject([{ method: 'relay', transport: 'udp' }]);
  return dialler;
}

describeNeeding(TWO_NATS_NEEDS, 'relay by UDP', () => {
  for (const [way, query] of [
    ['UDP', '?transport=udp'],
    ['TCP', '?transport=tcp'],
  ] as const)
    test(
      `asked over ${way}: symmetric and random on both sides, and the message comes back`,
      { timeout: 60_000 },
      behindTwoNats(async (lab, nats) => {
        await become(nats, HARD, HARD);
        await startCoturn(lab, 'server2', PLACE, UDP_ONLY);
        await chat(lab, nats, `turn:${HOST}:3480${query}`);
      }),
    );

  test(
    'asked over TLS, by its certificate',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      const { key, certificate } = certify(lab, HOST);
      const tls = [`cert=${certificate}`, `pkey=${key}`, 'tls-listening-port=5350'];
      await startCoturn(lab, 'server2', PLACE, [...UDP_ONLY, ...tls], true);
      await chat(lab, nats, `turns:${HOST}:5350`, { NODE_EXTRA_CA_CERTS: certificate });
    }),
  );

  test(
    'nothing but ports 80 and 443 on both sides, and no TCP relayed: they chat from relayed address to relayed address',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      for (const router of ['routera', 'routerb']) lab.net.filter(router, WEB_ONLY);
      await startWebBroker(lab, 'server2', HOST, 80);
      await startCoturn(lab, 'server2', { addresses: [HOST], port: 443 }, UDP_ONLY);
      const web = {
        stun: [{ host: HOST, port: 443, tcp: true }],
        mqtt: [`ws://${HOST}:80/mqtt`],
        turn: [{ url: `turn:${HOST}:443?transport=tcp`, ...USER }],
      };
      const servers = lab.file('web.json', JSON.stringify(web));
      const { address } = await accepting(lab, servers);
      const command = ['connect', address, '--json', '--send', 'through the web', '--servers', servers];
      expectChat(await lab.start('a', command).exits(0), 'through the web');
    }),
  );

  test(
    'only the side that is asked knows a relay; a wrong password is told as such',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      await startCoturn(lab, 'server2', PLACE, UDP_ONLY);
      const url = `turn:${HOST}:3480?transport=udp`;
      const { address } = await accepting(lab, withRelay(lab, nats, [{ url, ...USER }]));
      const command = ['connect', address, '--json', '--send', 'your relay', '--servers', nats.servers];
      expectChat(await lab.start('a', command).exits(0), 'your relay');
      const wrong = withRelay(lab, nats, [{ url, ...USER, credential: 'guess' }]);
      const other = await lab.accept('b', ['--servers', nats.servers]);
      const only = ['connect', other.address, '--json', '--send', '.', '--servers', wrong, '--methods', 't'];
      const refused = await lab.start('a', only).exits(10);
      expect(JSON.stringify(refused.all('attempt'))).toContain('does not accept our username or password');
    }),
  );

  test(
    'megabytes both ways; then the relay restarts, and the pipe goes on by a new allocation',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      const start = () => startCoturn(lab, 'server2', PLACE, UDP_ONLY);
      const coturn = await start();
      const servers = withRelay(lab, nats, [{ url: `turn:${HOST}:3480?transport=udp`, ...USER }]);
      const { address } = await accepting(lab, nats.servers);
      const bench = ['connect', address, '--json', '--bench', '5000000', '--servers', servers];
      expect((await lab.start('a', bench).exits(0)).all('bench')).toMatchObject([{ bytes: 5_000_000 }]);
      const command = ['connect', address, '--json', '--servers', servers, '--methods', 't'];
      const dialler = lab.start('a', command, { input: null });
      await dialler.event('open');
      dialler.type('before\n');
      await dialler.until('an echo', () => (dialler.all('message').length === 2 ? true : undefined));
      coturn.signal('SIGKILL');
      await coturn.ended();
      dialler.type('meanwhile\n');
      await start();
      await dialler.until('the other echo', () => (dialler.all('message').length === 4 ? true : undefined));
      expect(dialler.all('message').map(({ text }) => text)).toEqual([
        ...['before', 'before'],
        ...['meanwhile', 'meanwhile'],
      ]);
      expect(dialler.all('closed')).toEqual([]);
      dialler.type('', true);
      await dialler.ended();
    }),
  );

  for (const transport of ['udp', 'tcp'])
    test(
      `IPv6, asked over ${transport.toUpperCase()}: both behind filters, and the message comes back`,
      { timeout: 60_000 },
      inMeeting({ a: 'nat', b: 'nat' }, async (lab, { servers }) => {
        const [ip] = SERVICES.ipv6;
        await startCoturn(lab, SERVICES.machine, { addresses: [ip], port: 3480 }, UDP_ONLY);
        const plain = servers(6);
        const turn = [{ url: `turn:[${ip}]:3480?transport=${transport}`, ...USER }];
        const own = lab.file('relay6.json', JSON.stringify({ ...plain, turn }));
        const { address } = await accepting(lab, lab.file('plain6.json', JSON.stringify(plain)));
        const only = ['--methods', 't', '--families', '6', '--servers', own];
        const dialler = await lab
          .start('a', ['connect', address, '--json', '--send', 'six', ...only])
          .exits(0);
        expectChat(dialler, 'six');
        expect(dialler.all('open')).toMatchObject([{ family: 6 }]);
        expect(String(dialler.all('open')[0]?.local)).toContain(ip);
      }),
    );
});
