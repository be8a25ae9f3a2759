/**
 * TCP and UDP hole punching through simulated NATs, against what was measured with real kernels: a
 * pair that drops unwanted SYNs opens after the clock error + 1 RTT (the SYNs crossed) or + 1.5 RTT
 * (the early one was dropped).
 */
import { describe, expect, test } from 'vitest';
import { createLab, type Lab, type LabHost, type NatOptions, natPreset } from '../../src/lab/index.ts';
import type { NatTypeName } from '../../src/lab/nat-preset.ts';
import type { Endpoint } from '../../src/net/wire/endpoint.ts';
import { codeOf, never } from './stream-harness.ts';

const TYPES: readonly NatTypeName[] = ['udp firewall', 'full cone', 'restrict', 'restrict port', 'symmetric'];
const PAIRS = TYPES.flatMap((a, i) => TYPES.slice(i).map((b) => [a, b] as const));

interface Side {
  readonly host: LabHost;
  /** Where the other side sees it, its NAT's ports being equal. */
  readonly outer: Endpoint;
}

function sides(lab: Lab, rtt: number, nats: readonly [NatOptions, NatOptions]): [Side, Side] {
  const net = lab.internet({ delay: rtt / 2 });
  const build = (name: string, nat: NatOptions, port: number, subnet: string): Side => {
    const lan = lab.lan({ subnets: [subnet] });
    const router = lab.router({ wan: net, lans: [lan], nat });
    const host = lab.host({ name, on: lan });
    return { host, outer: { ip: nat.translates ? (router.outerIps[0] ?? '') : host.ip(), port } };
  };
  return [build('a', nats[0], 5001, '198.51.100.0/25'), build('b', nats[1], 6002, '198.51.100.128/25')];
}

/** One SYN each, b being late; when both are open, or why not. */
async function punch(lab: Lab, [a, b]: [Side, Side], late: number): Promise<string> {
  const dial = (from: Side, to: Side) =>
    from.host.io.dialTcp({ ip: '0.0.0.0', port: from.outer.port }, to.outer, never);
  const first = dial(a, b);
  const second = lab.clock.sleepUntil(lab.now() + late).then(() => dial(b, a));
  const both = Promise.allSettled([first, second]);
  const results = await lab.run(both, { within: 200_000 });
  const failed = results.find((result) => result.status === 'rejected');
  return failed === undefined ? `open at ${lab.now()}` : codeOf(failed.reason);
}

describe.each([0, 40, 200])('tcp punch, dropping NATs, RTT %i ms', (rtt) => {
  test.each([0, 20, 100, 300])(
    'punch: every pair opens after an error of %i ms + 1 or 1.5 RTT',
    async (late) => {
      // At exactly half an RTT the SYN arrives first and is dropped.
      const expected = late >= rtt / 2 ? late + 1.5 * rtt : late + rtt;
      for (const [a, b] of PAIRS) {
        const lab = createLab({ seed: 1 });
        const outcome = await punch(lab, sides(lab, rtt, [natPreset(a), natPreset(b)]), late);
        expect([a, b, outcome]).toEqual([a, b, `open at ${expected}`]);
      }
    },
  );
});

test('punch: NATs that reset refuse the early side, unless the SYNs cross', async () => {
  const reset = natPreset('restrict port', 'equal', { unsolicited: 'reset' });
  const outcomes: string[] = [];
  for (const late of [0, 10, 30, 100]) {
    const lab = createLab({ seed: 1 });
    outcomes.push(await punch(lab, sides(lab, 40, [reset, reset]), late));
  }
  expect(outcomes).toEqual(['open at 40', 'open at 50', 'ECONNREFUSED', 'ECONNREFUSED']);
});

test('punch: with a reset NAT that also closes the mapping the late side is refused too', async () => {
  const reset = natPreset('restrict port', 'equal', { unsolicited: 'reset', resetCloses: true });
  const lab = createLab({ seed: 1 });
  const [a, b] = sides(lab, 40, [reset, reset]);
  const early = a.host.io.dialTcp({ ip: '0.0.0.0', port: 5001 }, b.outer, never).catch(codeOf);
  await lab.advance(50);
  const late = b.host.io.dialTcp({ ip: '0.0.0.0', port: 6002 }, a.outer, never).catch(codeOf);
  expect(await lab.run(Promise.all([early, late]))).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
});

test('punch: two open hosts without listeners refuse each other, connect-then-listen opens', async () => {
  const open = natPreset('open internet');
  const bare = createLab({ seed: 1 });
  expect(await punch(bare, sides(bare, 40, [open, open]), 100)).toBe('ECONNREFUSED');
  const lab = createLab({ seed: 1 });
  const [a, b] = sides(lab, 40, [open, open]);
  const accepted: string[] = [];
  const connectThenListen = async (from: Side, to: Side) => {
    const local = { ip: '0.0.0.0', port: from.outer.port };
    const dialled = from.host.io.dialTcp(local, to.outer, never).then(() => `open at ${lab.now()}`, codeOf);
    const name = from.host.name;
    await from.host.io.listenTcp(local, () => accepted.push(`${name} accepts at ${lab.now()}`));
    return dialled;
  };
  const early = connectThenListen(a, b);
  await lab.advance(100);
  const late = connectThenListen(b, a);
  expect(await lab.run(Promise.all([early, late]))).toEqual(['ECONNREFUSED', 'open at 140']);
  await lab.advance(20);
  expect(accepted).toEqual(['a accepts at 160']);
});

test('punch: udp opens after the error + half an RTT', async () => {
  for (const [a, b] of PAIRS) {
    for (const late of [0, 15, 100, 300]) {
      const lab = createLab({ seed: 1 });
      expect(await udpPunch(lab, sides(lab, 40, [natPreset(a), natPreset(b)]), late)).toBe(late + 20);
    }
  }
});

test('punch: udp against a symmetric NAT with random ports works only where strangers may answer', async () => {
  const works = async (type: NatTypeName) => {
    const lab = createLab({ seed: 1 });
    const [a, b] = sides(lab, 40, [natPreset(type), natPreset('symmetric', 'random')]);
    return (await udpPunch(lab, [a, b], 0)) < 1_000;
  };
  expect(await Promise.all([works('full cone')])).toEqual([true]);
  expect([await works('restrict'), await works('restrict port'), await works('symmetric')]).toEqual([
    true,
    false,
    false,
  ]);
});

/** Hellos every 50 ms to the known endpoint and to whoever was heard; when both have heard, or 1000. */
async function udpPunch(lab: Lab, [a, b]: [Side, Side], late: number): Promise<number> {
  const done = new AbortController();
  const play = async (from: Side, to: Side, startAt: number): Promise<number> => {
    let heardAt = 1_000;
    const targets = [to.outer];
    await lab.clock.sleepUntil(startAt);
    const local = { ip: '0.0.0.0', port: from.outer.port };
    const socket = await from.host.io.openUdp(local, {
      datagram(_data, remote) {
        heardAt = Math.min(heardAt, lab.now());
        if (!targets.some(({ ip, port }) => ip === remote.ip && port === remote.port)) targets.push(remote);
      },
    });
    while (lab.now() < 1_000) {
      for (const target of targets) socket.send(new Uint8Array(1), target);
      await lab.clock.sleepUntil(lab.now() + 50, done.signal);
    }
    return heardAt;
  };
  return Math.max(...(await lab.run(Promise.all([play(a, b, 0), play(b, a, late)]))));
}
