/** Pipes by UDP allocations with real packets: Debian's coturn in the middle, which is told to relay no TCP. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import type { Lab, Program } from './lab.ts';
import { startCoturn } from './services.ts';
import { accepting, certify, HARD, HOST, RELAY, USER, withRelay } from './turn-relay.ts';
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
});
