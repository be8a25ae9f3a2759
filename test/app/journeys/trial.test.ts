/** Trials in virtual time: what the report says is what the simulated routers do. */
import { describe, expect, test, vi } from 'vitest';
import { trial } from '../../../src/app/journeys/trial.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import { parseTrial } from '../../../src/app/trial/schema.ts';
import { createLab, natPreset } from '../../../src/lab/index.ts';
import type { DeltaType } from '../../../src/lab/nat-ports.ts';
import type { NatTypeName } from '../../../src/lab/nat-preset.ts';
import { buildServices } from '../../../src/lab/services.ts';
import { NO_SERVERS } from '../../../src/net/index.ts';
import { cellOf, OFFSET, outcomesOf, tried, twoHomes, waiting } from './trial-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

type Nat = readonly [NatTypeName, DeltaType] | null;

interface Pair {
  readonly a: Nat;
  readonly b: Nat;
  /** NAT type and delta, as numbers, that each side is to find. */
  readonly found: readonly [a: string, b: string];
  /** Over the Internet: method and who asks, without what is predicted not to open and does not. */
  readonly open: readonly string[];
}

const PUNCHED = ['tcp-punch a: yes', 'tcp-punch b: yes', 'udp-punch a: yes', 'udp-punch b: yes'];
const COUNTED = ['tcp-punch a: maybe', 'tcp-punch b: maybe', 'udp-punch a: maybe', 'udp-punch b: maybe'];
const GUESSED = ['udp-punch a: maybe', 'udp-punch b: maybe'];
const PAIRS: readonly Pair[] = [
  {
    a: null,
    b: null,
    found: ['1/1', '1/1'],
    open: ['direct a: yes', 'direct b: yes', 'reverse a: yes', 'reverse b: yes', ...PUNCHED],
  },
  {
    a: null,
    b: ['restrict port', 'equal'],
    found: ['1/1', '5/2'],
    open: ['direct b: yes', 'reverse a: yes', ...PUNCHED],
  },
  { a: ['udp firewall', 'equal'], b: ['restrict', 'preserving'], found: ['2/1', '4/3'], open: PUNCHED },
  { a: ['full cone', 'preserving'], b: ['restrict port', 'equal'], found: ['3/3', '5/2'], open: PUNCHED },
  { a: ['restrict', 'equal'], b: ['restrict port', 'equal'], found: ['4/2', '5/2'], open: PUNCHED },
  {
    a: ['restrict port', 'equal'],
    b: ['restrict port', 'independent'],
    found: ['5/2', '5/4'],
    open: PUNCHED,
  },
  { a: ['restrict port', 'dependent'], b: ['restrict port', 'equal'], found: ['5/5', '5/2'], open: PUNCHED },
  { a: ['restrict port', 'random'], b: ['full cone', 'equal'], found: ['5/6', '3/2'], open: PUNCHED },
  { a: ['symmetric', 'dependent'], b: ['restrict port', 'equal'], found: ['6/5', '5/2'], open: COUNTED },
  { a: ['symmetric', 'random'], b: ['restrict port', 'equal'], found: ['6/6', '5/2'], open: GUESSED },
  { a: ['restrict port', 'equal'], b: ['symmetric', 'random'], found: ['5/2', '6/6'], open: GUESSED },
  { a: ['symmetric', 'random'], b: ['restrict', 'equal'], found: ['6/6', '4/2'], open: PUNCHED },
];

const presetOf = (nat: Nat) => (nat === null ? null : natPreset(...nat));
const title = (nat: Nat) => nat?.join(', ') ?? 'no NAT';

describe('trial between two homes', () => {
  test.each(
    PAIRS.map((pair) => ({
      ...pair,
      title: `${title(pair.a)} and ${title(pair.b)}`,
      // What may be open, and is not, takes longest.
      repeat: pair.a?.[0] === 'full cone' ? 5 : 2,
    })),
  )('trial: $title', { timeout: 60_000 }, async ({ a, b, found, open, repeat }) => {
    const meeting = await waiting(
      twoHomes(`${a} ${b}`, { delay: 10, a: { nat: presetOf(a) }, b: { nat: presetOf(b) } }),
    );
    const { ours, theirs } = await tried(meeting, repeat);
    expect(theirs).toEqual(ours);
    expect(ours).toMatchObject({ complete: true, incomplete: null, repeat });
    expect(ours.elapsed).toBeLessThan(60_000);

    const nats = [ours.sides.a, ours.sides.b].map(({ reports: [report] }) => report?.udp);
    expect(nats.map((udp) => `${udp?.type}/${udp?.delta.type}`)).toEqual(found);
    expect([ours.sides.a.nodeId, ours.sides.b.nodeId]).toEqual([
      meeting.a.state().nodes[0]?.nodeId,
      meeting.b.state().nodes[0]?.nodeId,
    ]);

    expect(ours.cells.filter(({ surprise }) => surprise)).toEqual([]);
    const opened = ours.cells.filter(({ runs }) => runs.some(({ outcome }) => outcome === 'open'));
    expect(
      opened.map(({ method, initiator, predicted }) => `${method} ${initiator}: ${predicted}`).sort(),
    ).toEqual([...open].sort());
    for (const { predicted, runs, method } of ours.cells) {
      expect(runs).toHaveLength(predicted === 'no' ? 1 : repeat);
      for (const run of runs) {
        expect(run.at + run.elapsed).toBeLessThanOrEqual(ours.elapsed);
        if (run.outcome === 'failed') expect(run).toMatchObject({ rtt: null, reason: expect.any(String) });
        else {
          expect(run.rtt).toBe(40);
          expect(run.sendMbps).toBeGreaterThan(10);
          expect(run.receiveMbps).toBeGreaterThan(10);
          expect(run.timeline.length > 0).toBe(method.endsWith('punch'));
        }
      }
    }
    // Whoever keeps it can read it back.
    expect(parseTrial(JSON.stringify(trialJson(ours)))).toEqual(ours);
  });

  test('trial: the clocks of the two machines are compared, and the moments of both sides put on one', async () => {
    const nat = natPreset('restrict port', 'equal');
    const meeting = await waiting(twoHomes('clock', { delay: 10, a: { nat }, b: { nat } }));
    const { ours } = await tried(meeting, 1);
    const { offset, error } = ours.clock ?? { offset: 0, error: 0 };
    expect(Math.abs(offset - OFFSET)).toBeLessThanOrEqual(error);
    expect(error).toBeLessThanOrEqual(21);
    const runs = ours.cells
      .flatMap(({ runs: all, initiator }) => all.map((run) => ({ ...run, initiator })))
      .filter(({ outcome }) => outcome === 'open')
      .sort((one, other) => one.at - other.at);
    expect(runs.map(({ initiator }) => initiator)).toEqual(['a', 'b', 'a', 'b']);
    // One begins after the other has ended.
    for (const [i, run] of runs.entries()) {
      const before = runs[i - 1];
      if (before !== undefined) expect(run.at).toBeGreaterThan(before.at + before.elapsed);
      const sent = run.timeline.filter(({ kind }) => kind === 'sent').map(({ side, at }) => ({ side, at }));
      expect(new Set(sent.map(({ side }) => side))).toEqual(new Set(['a', 'b']));
      for (const { at } of sent) expect(Math.abs(at)).toBeLessThanOrEqual(run.elapsed + error);
    }
  });

  test('trial: with a TURN server the relay opens where nothing else does, and cells do not disturb each other', async () => {
    const nat = natPreset('symmetric', 'random');
    const meeting = await waiting(twoHomes('turn', { delay: 10, turn: true, a: { nat }, b: { nat } }));
    const { ours, theirs } = await tried(meeting, 2);
    expect(theirs).toEqual(ours);
    expect(outcomesOf(ours).filter((line) => !line.includes('0 of 1'))).toEqual([
      'external relay 4 a: yes, 2 of 2',
      'external relay 4 b: yes, 2 of 2',
    ]);
    expect(cellOf(ours, 'udp-punch', 'b')).toMatchObject({
      predicted: 'no',
      runs: [{ explanation: { sentence: expect.stringContaining('random ports') } }],
    });
  });

  test('trial: a relay in the middle of the meeting does not spoil the guesses of the first run', async () => {
    const machines = twoHomes('symmetric random restrict port equal true', {
      delay: 10,
      turn: true,
      a: { nat: natPreset('symmetric', 'random') },
      b: { nat: natPreset('restrict port', 'equal') },
    });
    const { ours } = await tried(await waiting(machines), 2);
    expect(cellOf(ours, 'udp-punch', 'a')?.runs.map(({ outcome }) => outcome)).toEqual(['open', 'open']);
  });

  test('trial: over IPv6 only the firewalls stand between the two', async () => {
    const nat = natPreset('symmetric', 'random');
    const meeting = await waiting(twoHomes('ipv6', { delay: 10, ipv6: true, a: { nat }, b: { nat } }));
    const { ours, theirs } = await tried(meeting, 1);
    expect(theirs).toEqual(ours);
    const six = outcomesOf(ours).filter((line) => line.startsWith('external') && line.includes(' 6 '));
    expect(six).toEqual([
      'external direct 6 a: no, 0 of 1',
      'external direct 6 b: no, 0 of 1',
      'external reverse 6 a: no, 0 of 1',
      'external reverse 6 b: no, 0 of 1',
      'external tcp-punch 6 a: yes, 1 of 1',
      'external tcp-punch 6 b: yes, 1 of 1',
      'external udp-punch 6 a: yes, 1 of 1',
      'external udp-punch 6 b: yes, 1 of 1',
      'external relay 6 a: no, 0 of 1',
      'external relay 6 b: no, 0 of 1',
    ]);
  });

  test('trial: two behind one router meet on their own network, and the report says so', async () => {
    const lab = createLab({ seed: 'one home' });
    const net = lab.internet({ subnets: ['203.0.113.0/24', '2001:db8:ffff::/64'] });
    const { servers } = buildServices(lab, net, {
      ...{ brokers: 2, stun: 2, ntp: 2, fullStun: true, ipv6: true, turn: false, line: { delay: 5 } },
    });
    const home = lab.lan({ delay: 1, subnets: ['192.168.1.0/24', '2001:db8:1::/64'] });
    lab.router({ wan: net, lans: [home], nat: natPreset('restrict port', 'equal') });
    const hosts = { a: lab.host({ name: 'a', on: home }), b: lab.host({ name: 'b', on: home }) };
    const { ours, theirs } = await tried(await waiting({ lab, servers, ...hosts }), 2);
    expect(theirs).toEqual(ours);
    const lines = outcomesOf(ours);
    expect(lines.filter((line) => line.includes('!'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('local direct 6'))).toEqual([
      'local direct 6 a: yes, 2 of 2',
      'local direct 6 b: yes, 2 of 2',
    ]);
    expect(lines.filter((line) => line.startsWith('local') && line.includes(' 4 '))).toEqual([
      'local direct 4 a: yes, 2 of 2',
      'local direct 4 b: yes, 2 of 2',
      'local reverse 4 a: yes, 2 of 2',
      'local reverse 4 b: yes, 2 of 2',
      'local tcp-punch 4 a: yes, 2 of 2',
      'local tcp-punch 4 b: yes, 2 of 2',
      'local udp-punch 4 a: yes, 2 of 2',
      'local udp-punch 4 b: yes, 2 of 2',
    ]);
    expect(
      lines.filter(
        (line) => line.startsWith('external') && line.includes(' 4 ') && !line.endsWith('no, 0 of 1'),
      ),
    ).toEqual([]);
    expect(cellOf(ours, 'udp-punch', 'a')?.why).toMatch(/both are behind 203\.0\.113\.\d+, which does not/);
  });

  test('trial: only what was asked for is tried', async () => {
    const nat = natPreset('restrict port', 'equal');
    const machines = twoHomes('choice', { delay: 10, a: { nat }, b: { nat } });
    const meeting = await waiting(machines, { methods: ['udp-punch'], paths: ['external'], families: [4] });
    const { ours } = await tried(meeting, 3);
    expect(outcomesOf(ours)).toEqual([
      'external udp-punch 4 a: yes, 3 of 3',
      'external udp-punch 4 b: yes, 3 of 3',
    ]);
    expect(ours.complete).toBe(true);
  });

  test('trial: where no method opens a pipe there is a report of one side, and it says so', {
    timeout: 60_000,
  }, async () => {
    const nat = natPreset('symmetric', 'random');
    const { lab, a, address, theirs, stopB } = await waiting(
      twoHomes('alone', { delay: 10, a: { nat }, b: { nat } }),
    );
    const ours = await lab.run(() => trial(a.ctx, { peer: address, repeat: 2, acceptNewKey: false }));
    expect(ours).toMatchObject({
      complete: false,
      incomplete: expect.stringMatching(/^no method opened a pipe for the two sides to talk/),
      clock: null,
      sides: { b: { platform: null, reports: [] } },
    });
    expect(ours.cells.every(({ initiator }) => initiator === 'a')).toBe(true);
    expect(ours.cells.flatMap(({ runs }) => runs).every(({ outcome }) => outcome === 'failed')).toBe(true);
    expect(ours.sides.a.reports[0]?.udp.type).toBe(6);
    stopB();
    expect(await lab.run(theirs)).toBeNull();
  });
});
