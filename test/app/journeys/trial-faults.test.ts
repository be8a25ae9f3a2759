/** Trials that go wrong, in virtual time. */
import { describe, expect, test, vi } from 'vitest';
import { accept } from '../../../src/app/journeys/accept.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import { trial } from '../../../src/app/journeys/trial.ts';
import type { TrialDocument } from '../../../src/app/trial/document.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import { parseTrial } from '../../../src/app/trial/schema.ts';
import type { Lab, LabHost } from '../../../src/lab/index.ts';
import { natPreset } from '../../../src/lab/index.ts';
import { NO_SERVERS } from '../../../src/net/index.ts';
import { sideOn, until } from '../session-lab.ts';
import { type Meeting, twoHomes, waiting } from './trial-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

const nat = natPreset('restrict port', 'equal');
const PUNCHES = { methods: ['tcp-punch', 'udp-punch'], paths: ['external'], families: [4] } as const;
const homes = (seed: string) => twoHomes(seed, { delay: 10, a: { nat }, b: { nat } });
const start = ({ a, address }: Meeting, repeat = 5) =>
  trial(a.ctx, { peer: address, repeat, acceptNewKey: false });
const unplug = (lab: Lab, host: LabHost) => {
  for (const nic of host.nics) lab.plug(nic, false);
};
const runsOf = ({ cells }: TrialDocument) => cells.flatMap(({ runs }) => runs);
/** Until side a has the runs of so many. */
const reached = ({ lab, a }: Meeting, count: number) =>
  until(lab, () => (a.state().trial?.cells ?? []).flatMap(({ runs }) => runs).length >= count);
const readBack = (document: TrialDocument) => parseTrial(JSON.stringify(trialJson(document)));

describe('trial: ends early', () => {
  test('side b vanishes: a reports what it has, as incomplete, within two minutes', async () => {
    const machines = homes('b dies');
    const meeting = await waiting(machines, PUNCHES);
    const ours = start(meeting);
    await reached(meeting, 5);
    const vanished = machines.lab.now();
    unplug(machines.lab, machines.b);
    const document = await machines.lab.run(ours);
    expect(machines.lab.now() - vanished).toBeLessThan(120_000);
    expect(document.complete).toBe(false);
    expect(document.incomplete).toMatch(/no answer to "run" within|the other side is gone/);
    expect(runsOf(document).length).toBeGreaterThanOrEqual(5);
    expect(document.sides.b.reports).toHaveLength(1);
    expect(readBack(document)).toEqual(document);
  });

  test('side a vanishes: b reports what it was told, with its own NAT, as incomplete', async () => {
    const machines = homes('a dies');
    const meeting = await waiting(machines, PUNCHES);
    const ours = start(meeting);
    ours.catch(() => undefined);
    await reached(meeting, 5);
    const vanished = machines.lab.now();
    unplug(machines.lab, machines.a);
    const document = await machines.lab.run(meeting.theirs);
    expect(machines.lab.now() - vanished).toBeLessThan(240_000);
    expect(document).toMatchObject({
      complete: false,
      incomplete: expect.stringMatching(/^the other side is gone/),
    });
    if (document === null) return;
    expect(runsOf(document).length).toBeGreaterThanOrEqual(4);
    expect([document.sides.a, document.sides.b].map(({ reports }) => reports[0]?.udp.type)).toEqual([5, 5]);
    expect(readBack(document)).toEqual(document);
  });

  test('the person of side a stops it: both hold the same report, which says so', async () => {
    const meeting = await waiting(homes('a stops'), PUNCHES);
    const ours = start(meeting);
    await reached(meeting, 3);
    meeting.stopA();
    const document = await meeting.lab.run(ours);
    expect(document).toMatchObject({ complete: false, incomplete: 'it was stopped' });
    expect(document.sides.a.reports).toHaveLength(1);
    expect(document.sides.b.reports).toHaveLength(1);
    expect(runsOf(document).length).toBeGreaterThanOrEqual(3);
    expect(await meeting.lab.run(meeting.theirs)).toEqual(document);
  });

  test('the person of side b stops it: both report, and a says who it was', async () => {
    const meeting = await waiting(homes('b stops'), PUNCHES);
    const ours = start(meeting);
    await reached(meeting, 3);
    meeting.stopB();
    const theirs = await meeting.lab.run(meeting.theirs);
    expect(theirs).toMatchObject({ complete: false, incomplete: 'it was stopped' });
    const document = await meeting.lab.run(ours);
    expect(document).toMatchObject({
      complete: false,
      incomplete: 'the other side stopped it: its person left',
    });
    expect(runsOf(document).length).toBeGreaterThanOrEqual(3);
  });

  test('whoever waits and is stopped has no report', async () => {
    const { lab, theirs, stopB, b } = await waiting(homes('nobody came'));
    stopB();
    expect(await lab.run(theirs)).toBeNull();
    expect(b.events.at(-1)).toMatchObject({ event: 'stopped' });
  });

  test('a is stopped while the two are being connected: no report, and b goes on waiting', async () => {
    const meeting = await waiting(homes('early'));
    const ours = start(meeting);
    ours.catch(() => undefined);
    await until(meeting.lab, () => meeting.a.state().trial?.phase === 'meeting');
    meeting.stopA();
    await expect(meeting.lab.run(ours)).rejects.toThrow('the person left');
    expect(meeting.a.state().trial).toMatchObject({ phase: 'failed', reason: 'the person left' });
    await meeting.lab.advance(60_000);
    expect(meeting.b.state().trial?.phase).toBe('waiting');
    meeting.stopB();
    await meeting.lab.run(meeting.theirs);
  });

  test('the other side is an accept: the error says what to start there', async () => {
    const machines = homes('plain');
    vi.mocked(chooseServers).mockResolvedValue(machines.servers);
    const [a, b] = [sideOn(machines.a), sideOn(machines.b)];
    const stop = new AbortController();
    const options = { echo: true, once: false, saveTo: null, nickname: null, raw: null };
    const accepting = accept({ ...b.ctx, signal: stop.signal }, options);
    await until(machines.lab, () => b.address() !== '');
    const ours = trial(a.ctx, { peer: b.address(), repeat: 1, acceptNewKey: false });
    await expect(machines.lab.run(ours)).rejects.toMatchObject({
      code: 'PEER_SILENT',
      message: 'the other side takes pipes, but runs no trial',
      hint: expect.stringContaining('trial --accept'),
    });
    stop.abort();
    await machines.lab.run(accepting);
  });

  test('somebody else is being tried with: BUSY, and the first trial goes on', async () => {
    const meeting = await waiting(homes('busy'), PUNCHES);
    const first = start(meeting, 2);
    await reached(meeting, 1);
    const second = sideOn(meeting.hosts.a);
    const other = trial(second.ctx, { peer: meeting.address, repeat: 1, acceptNewKey: false });
    await expect(meeting.lab.run(other)).rejects.toMatchObject({
      code: 'BUSY',
      message: 'the other side takes no part: another trial is under way',
    });
    expect((await meeting.lab.run(first)).complete).toBe(true);
    expect((await meeting.lab.run(meeting.theirs))?.complete).toBe(true);
  });
});
