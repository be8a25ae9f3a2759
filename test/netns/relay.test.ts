/** Pipes by a relay with real packets: where nothing else works, Debian's coturn and our own server in the middle. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import type { Lab } from './lab.ts';
import { startCoturn, startWebBroker } from './services.ts';
import { accepting, certify, HARD, HOST, RELAY, USER, WEB_ONLY, withRelay } from './turn-relay.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS } from './two-nats.ts';

/** A relay of our own on that port of server2. */
async function ownRelay(lab: Lab, port: number): Promise<readonly unknown[]> {
  const args = ['serve', '--json', '--host', HOST, '--only', 'turn', '--ports', `stun=${port}`];
  const { servers } = await lab.start('server2', args, { input: null }).event('ready');
  return (servers as { turn: readonly unknown[] }).turn;
}

describeNeeding(TWO_NATS_NEEDS, 'relay', () => {
  test(
    'coturn: symmetric and random on both sides, and the message comes back; a wrong password is told as such',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      await startCoturn(lab, 'server2', { addresses: [HOST], port: 3480 }, RELAY);
      const url = `turn:${HOST}:3480?transport=tcp`;
      const servers = withRelay(lab, nats, [{ url, ...USER }]);
      const { address, peer } = await accepting(lab, servers);
      const command = ['connect', address, '--json', '--send', 'by a relay', '--servers', servers];
      const dialler = await lab.start('a', command).exits(0);
      expectContract(dialler.events);
      expect(dialler.all('open')).toMatchObject([{ method: 'relay', transport: 'tcp', encrypted: true }]);
      expect(dialler.all('message').map(({ text }) => text)).toEqual(['by a relay', 'by a relay']);
      expect(peer.all('open')).toMatchObject([{ method: 'relay' }]);
      const wrong = withRelay(lab, nats, [{ url, ...USER, credential: 'guess' }]);
      const other = await lab.accept('b', ['--servers', nats.servers]);
      const only = ['connect', other.address, '--json', '--send', '.', '--servers', wrong, '--methods', 't'];
      const refused = await lab.start('a', only).exits(10);
      expect(JSON.stringify(refused.all('attempt'))).toContain('does not accept our username or password');
    }),
  );

  test(
    'our own: allocated with what --via tells, used, and gone when the pipe is',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      const args = ['serve', '--json', '--host', HOST, '--only', 'turn', '--ports', 'stun=3490'];
      const serve = lab.start('server2', args, { input: null });
      const ready = await serve.event('ready');
      const { turn } = ready.servers as { turn: readonly unknown[] };
      expect(turn).toMatchObject([{ url: `turn:${HOST}:3490?transport=tcp` }]);
      const servers = withRelay(lab, nats, turn);
      const { address } = await accepting(lab, servers);
      const command = ['connect', address, '--json', '--bench', '20000000', '--servers', servers];
      const dialler = await lab.start('a', command).exits(0);
      expect(dialler.all('open')).toMatchObject([{ method: 'relay' }]);
      expect(dialler.all('bench')).toMatchObject([{ bytes: 20_000_000 }]);
      expect(serve.all('error')).toEqual([]);
    }),
  );

  test(
    'relay first, direct soon: the pipe moves to the hole that is punched behind it, and nothing is lost',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, natPreset('restrict port', 'random'), natPreset('restrict port', 'random'));
      const args = ['serve', '--json', '--host', HOST, '--only', 'turn', '--ports', 'stun=3490'];
      const serve = lab.start('server2', args, { input: null });
      const { turn } = (await serve.event('ready')).servers as { turn: readonly unknown[] };
      const servers = withRelay(lab, nats, turn);
      const { address, peer } = await accepting(lab, servers);
      const command = ['connect', address, '--json', '--servers', servers, '--methods', 'tpu'];
      const dialler = lab.start('a', command, { input: null });
      await dialler.event('open');
      const lines = Array.from({ length: 2_000 }, (_, i) => `line ${i}`);
      for (let i = 0; i < lines.length; i += 100) {
        dialler.type(`${lines.slice(i, i + 100).join('\n')}\n`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const moved = await dialler.event('path');
      expect(moved).toMatchObject({ from: 'relay' });
      expect(moved.to).toMatch(/punch$/);
      await dialler.until('all lines came back', () =>
        dialler.all('message').length >= 2 * lines.length ? true : undefined,
      );
      for (const direction of ['in', 'out'])
        expect(
          dialler
            .all('message')
            .filter((message) => message.direction === direction)
            .map(({ text }) => text),
        ).toEqual(lines);
      expect(peer.all('path')).toMatchObject([{ from: 'relay' }]);
    }),
  );

  test(
    'both routers forget their mappings: the pipe goes on within seconds, from the last byte',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      const nat = natPreset('restrict port', 'random');
      await become(nats, nat, nat);
      const { address } = await accepting(lab, nats.servers);
      const command = ['connect', address, '--json', '--servers', nats.servers, '--methods', 'pu'];
      const dialler = lab.start('a', command, { input: null });
      await dialler.event('open');
      dialler.type('before\n');
      await dialler.until('an echo', () => (dialler.all('message').length === 2 ? true : undefined));
      await nats.a.become(nat, 0);
      dialler.type('after\n');
      await dialler.until('the other echo', () => (dialler.all('message').length === 4 ? true : undefined));
      expect(dialler.all('message').map(({ text }) => text)).toEqual(['before', 'before', 'after', 'after']);
      expect(dialler.all('closed')).toEqual([]);
    }),
  );
  test(
    'only the side that is asked knows a relay: it offers its own',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      await startCoturn(lab, 'server2', { addresses: [HOST], port: 3480 }, RELAY);
      const servers = withRelay(lab, nats, [{ url: `turn:${HOST}:3480?transport=tcp`, ...USER }]);
      const { address, peer } = await accepting(lab, servers);
      const command = ['connect', address, '--json', '--send', 'your relay', '--servers', nats.servers];
      const dialler = await lab.start('a', command).exits(0);
      expect(dialler.all('open')).toMatchObject([{ method: 'relay', encrypted: true }]);
      expect(dialler.all('message').map(({ text }) => text)).toEqual(['your relay', 'your relay']);
      expect(peer.all('open')).toMatchObject([{ method: 'relay' }]);
      const none = lab.file('norelay.json', readFileSync(nats.servers, 'utf8'));
      const other = await lab.accept('b', ['--servers', none]);
      const only = ['connect', other.address, '--json', '--send', '.', '--servers', none, '--methods', 't'];
      const refused = await lab.start('a', only).exits(10);
      expect(JSON.stringify(refused.all('attempt'))).toContain('neither side knows a relay');
    }),
  );

  for (const kind of ['coturn', 'serve'] as const)
    test(
      `nothing but ports 80 and 443 on both sides: they chat, by ${kind}`,
      { timeout: 60_000 },
      behindTwoNats(async (lab, nats) => {
        await become(nats, HARD, HARD);
        for (const router of ['routera', 'routerb']) lab.net.filter(router, WEB_ONLY);
        await startWebBroker(lab, 'server2', HOST, 80);
        const turn =
          kind === 'coturn'
            ? await startCoturn(lab, 'server2', { addresses: [HOST], port: 443 }, RELAY).then(() => [
                { url: `turn:${HOST}:443?transport=tcp`, ...USER },
              ])
            : await ownRelay(lab, 443);
        const servers = lab.file(
          'web.json',
          JSON.stringify({
            stun: [{ host: HOST, port: 443, tcp: true }],
            mqtt: [`ws://${HOST}:80/mqtt`],
            turn,
          }),
        );
        const { address } = await accepting(lab, servers);
        const command = ['connect', address, '--json', '--send', 'through the web', '--servers', servers];
        const dialler = await lab.start('a', command).exits(0);
        expect(dialler.all('open')).toMatchObject([{ method: 'relay', transport: 'tcp' }]);
        expect(dialler.all('message').map(({ text }) => text)).toEqual([
          'through the web',
          'through the web',
        ]);
      }),
    );

  test(
    'TURN over TLS, by its certificate; another name is refused',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      const { key, certificate } = certify(lab, HOST);
      const tls = [`cert=${certificate}`, `pkey=${key}`, 'tls-listening-port=5350'];
      await startCoturn(lab, 'server2', { addresses: [HOST], port: 3480 }, [...RELAY, ...tls], true);
      const url = `turns:${HOST}:5350`;
      const servers = withRelay(lab, nats, [{ url, ...USER }]);
      const { address } = await accepting(lab, nats.servers);
      const command = ['connect', address, '--json', '--send', '.', '--servers', servers, '--methods', 't'];
      const env = { NODE_EXTRA_CA_CERTS: certificate };
      const dialler = await lab.start('a', command, { env }).exits(0);
      expect(dialler.all('open')).toMatchObject([{ method: 'relay', transport: 'tcp' }]);
      const refused = await lab.start('a', command).exits(10);
      expect(JSON.stringify(refused.all('attempt'))).toMatch(/self.signed/i);
    }),
  );

  test(
    'a relay that sends us to another one; one whose quota is used up is told as such',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      const relay = [...RELAY, 'user-quota=1'];
      await startCoturn(lab, 'server', { addresses: ['198.51.100.10'], port: 3480 }, relay);
      const sends = [...RELAY, 'alternate-server=198.51.100.10:3480'];
      await startCoturn(lab, 'server2', { addresses: [HOST], port: 3480 }, sends);
      const servers = withRelay(lab, nats, [{ url: `turn:${HOST}:3480?transport=tcp`, ...USER }]);
      const { address } = await accepting(lab, nats.servers);
      const command = ['connect', address, '--json', '--servers', servers, '--methods', 't'];
      const first = lab.start('a', command, { input: null });
      expect(await first.event('open')).toMatchObject({ method: 'relay' });
      const second = await lab.start('a', [...command, '--send', '.']).exits(10);
      expect(JSON.stringify(second.all('attempt'))).toContain('the quota of this user is used up');
    }),
  );

  test(
    'the relay restarts under a pipe: it goes on by a new allocation',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, HARD, HARD);
      const start = () => startCoturn(lab, 'server2', { addresses: [HOST], port: 3480 }, RELAY);
      const coturn = await start();
      const servers = withRelay(lab, nats, [{ url: `turn:${HOST}:3480?transport=tcp`, ...USER }]);
      const { address } = await accepting(lab, nats.servers);
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
    }),
  );
});
