/**
 * Two people who only know each other's address, one of them unreachable from outside, meet through
 * Debian's mosquitto, coturn and chrony.
 */
import { expect, test } from 'vitest';
import { addressBytes, parseAddress } from '../../src/net/address.ts';
import { topicOf } from '../../src/net/signal/envelope.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { carrying, type Flow, startCapture } from './capture.ts';
import { expectContract } from './contract.ts';
import { meetingSide, SERVICES } from './plans.ts';
import { inMeeting, outcomes, SERVICE_NEEDS, serversFile } from './services.ts';

const homes = { a: 'nat', b: 'public' } as const;
const SECRET = 'the heron lands at dawn';
const families = [
  { family: 4, ip: 'ipv4', af: '2' },
  { family: 6, ip: 'ipv6', af: '23' },
] as const;

function isBroker({ from, to }: Flow): boolean {
  return [from.port, to.port].some((port) => port >= 1883 && port <= 1885);
}

/** The word, its bytes, what it says after the key, and its signature. */
function partsOf(address: string): (string | Uint8Array)[] {
  const bytes = Buffer.from(addressBytes(address));
  const { publicKey } = parseAddress(address);
  const afterKey = bytes.indexOf(publicKey) + publicKey.length;
  return [address, bytes, bytes.subarray(afterKey, afterKey + 24), bytes.subarray(-64)];
}

describeNeeding(SERVICE_NEEDS, 'meeting through mosquitto, coturn and chrony', () => {
  test.for(families)(
    'reverse connect: a peer behind a NAT dials back over IPv$family',
    ({ family, ip, af }) =>
      inMeeting(homes, async (lab, services) => {
        const servers = serversFile(lab, services.servers(family));
        const options = ['--servers', servers, '--families', String(family)];
        const [a, b] = [meetingSide('a', homes.a), meetingSide('b', homes.b)];
        const peer = await lab.accept('a', ['--echo', ...options]);

        expect(await outcomes(peer.program)).toEqual({
          interfaces: expect.stringMatching(/^ok/),
          stun: expect.stringContaining(a.outer[ip]),
          mqtt: expect.stringMatching(/^ok: (.*:188[345]){3}/),
          ntp: expect.stringMatching(/^ok: [−+][\d.]+ ± [\d.]+ ms by 1 server/),
        });
        const address = parseAddress(peer.address);
        expect(address.brokers).toHaveLength(3);
        expect(address.interfaces.filter((entry) => entry.family === family)).toMatchObject([
          { inner: expect.arrayContaining([a.inner[ip]]), outer: [a.outer[ip]] },
        ]);
        const listed = await lab.start('a', ['interfaces', '--json', '--servers', servers]).exits(0);
        expect(JSON.parse(listed.stdout).interfaces[0].rp[af][0].ext_ips[0].ip).toBe(a.outer[ip]);

        const command = ['connect', peer.address, '--json', ...options];
        const dialler = await lab.start('b', command, { input: `${SECRET}\n` }).exits(0);
        await peer.program.event('closed');
        expectContract(dialler.events);
        expectContract(peer.program.events);
        const [opened] = dialler.all('open');
        expect(opened).toMatchObject({ method: 'reverse', path: 'external', family, transport: 'tcp' });
        expect(opened?.local).toContain(b.inner[ip]);
        expect(opened?.remote).toContain(a.outer[ip]);
        expect(peer.program.all('open')).toMatchObject([{ pipe: opened?.pipe, method: 'reverse', family }]);
        const messages = dialler.all('message').map(({ direction, text }) => [direction, text]);
        expect(messages).toEqual([
          ['out', SECRET],
          ['in', SECRET],
        ]);
      })(),
  );

  test('fresh address: a peer that moved to another port is found with its old address', () =>
    inMeeting({ a: 'public', b: 'nat' }, async (lab, services) => {
      const options = ['--servers', serversFile(lab, services.servers(4)), '--methods', 'd'];
      const home = lab.home();
      const before = await lab.accept('a', ['--port', '30001', ...options], { home });
      before.program.signal('SIGTERM');
      await before.program.exits(0);
      const after = await lab.accept('a', ['--echo', '--port', '30002', ...options], { home });
      expect(after.ready.nodeId).toBe(before.ready.nodeId);
      expect(parseAddress(after.address).sequence).toBeGreaterThan(parseAddress(before.address).sequence);

      const command = ['connect', before.address, '--json', '--send', SECRET, ...options];
      const dialler = await lab.start('b', command).exits(0);
      expect(dialler.all('open')).toMatchObject([
        { method: 'direct', remote: expect.stringMatching(/:30002$/) },
      ]);
    })());

  test('secrecy: neither brokers nor the wire carry text, addresses or pipe ids in the clear', () =>
    inMeeting(homes, async (lab, services) => {
      const options = ['--servers', serversFile(lab, services.servers(4))];
      const capture = await startCapture(lab, 'internet');
      const peer = await lab.accept('a', ['--echo', ...options]);
      const command = ['connect', peer.address, '--json', '--send', SECRET, ...options];
      const dialler = await lab.start('b', command).exits(0);
      await peer.program.event('closed');
      peer.program.signal('SIGTERM');
      await peer.program.exits(0);
      const flows = await capture.stop();
      expect(dialler.all('open')).toMatchObject([{ method: 'reverse' }]);
      const brokers = flows.filter(isBroker);
      const others = flows.filter((flow) => !isBroker(flow));

      // What is in the clear is found, so that what is not found is sealed: the topics at the brokers…
      const addresses = [peer.address, String(dialler.all('ready')[0]?.address)];
      const topics = addresses.map((address) => topicOf(parseAddress(address).nodeId));
      expect(topics.map((topic) => carrying(brokers, topic).length > 0)).toEqual([true, true]);
      expect(topics.flatMap((topic) => carrying(others, topic))).toEqual([]);
      // …and the preamble with the pipe's id at the beginning of the pipe.
      const preambles = others.filter(({ bytes }) => bytes.subarray(0, 4).toString() === 'p2pd');
      expect(preambles).not.toEqual([]);

      const pipeIds = preambles.map(({ bytes }) => bytes.subarray(40, 56));
      const inner = Buffer.from('20010db800a100000000000000000002', 'hex');
      const words = ['"event"', '"text"', 'connect', 'reverse', SERVICES.ipv4[0]];
      expect([...pipeIds, inner, ...words].flatMap((secret) => carrying(brokers, secret))).toEqual([]);
      expect([SECRET, ...addresses.flatMap(partsOf)].flatMap((secret) => carrying(flows, secret))).toEqual(
        [],
      );
    })());
});
