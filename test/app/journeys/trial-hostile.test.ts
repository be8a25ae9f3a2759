/** Trials with an other side that means harm, in virtual time. */
import { describe, expect, test, vi } from 'vitest';
import { openPipe } from '../../../src/app/journeys/open-pipe.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import { startNode } from '../../../src/app/journeys/start-node.ts';
import { trial } from '../../../src/app/journeys/trial.ts';
import type { TrialDocument, TrialRun } from '../../../src/app/trial/document.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import { encodeTrialMessage, type TrialMessage } from '../../../src/app/trial/messages.ts';
import { parseTrial } from '../../../src/app/trial/schema.ts';
import { natPreset } from '../../../src/lab/index.ts';
import { NO_SERVERS, type P2PNode, type Pipe } from '../../../src/net/index.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';
import { type Side, sideOn, until } from '../session-lab.ts';
import { type TwoMachines, twoHomes, waiting } from './trial-lab.ts';

// Which servers there are is another subject.
vi.mock(import('../../../src/app/journeys/servers.ts'), () => ({
  chooseServers: vi.fn(async () => NO_SERVERS),
}));

const nat = natPreset('restrict port', 'equal');
const PUNCHES = { methods: ['tcp-punch', 'udp-punch'], paths: ['external'], families: [4] } as const;
const homes = (seed: string) => twoHomes(seed, { delay: 10, a: { nat }, b: { nat } });
const runsOf = ({ cells }: TrialDocument) => cells.flatMap(({ runs }) => runs);
const readBack = (document: TrialDocument) => parseTrial(JSON.stringify(trialJson(document)));

/** A node that says what a test makes it say. */
interface Liar {
  readonly node: P2PNode;
  readonly heard: TrialMessage['type'][];
  readonly said: Record<string, unknown>[];
}

async function liar(
  machines: TwoMachines,
  side: Side,
  answer: (type: string, pipe: Pipe, node: P2PNode, message: Record<string, unknown>) => void,
): Promise<Liar> {
  vi.mocked(chooseServers).mockResolvedValue(machines.servers);
  const node = await machines.lab.run(startNode(side.ctx));
  const heard: TrialMessage['type'][] = [];
  const said: Record<string, unknown>[] = [];
  node.addMessageHandler((bytes, _from, pipe, kind) => {
    if (kind !== 'binary') return;
    const message = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> & {
      type: TrialMessage['type'];
    };
    heard.push(message.type);
    said.push(message);
    answer(message.type, pipe, node, message);
  });
  return { node, heard, said };
}

const say = (pipe: Pipe, message: TrialMessage) =>
  void pipe.sendKind('binary', encodeTrialMessage(message)).catch(() => undefined);
const sayRaw = (pipe: Pipe, text: string) =>
  void pipe.sendKind('binary', new TextEncoder().encode(text)).catch(() => undefined);
const SAMPLE = sampleTrial();
const FOREIGN = SAMPLE.sides.b;

describe('trial: a hostile side b', () => {
  /** What side a comes to when b answers its hello like this. */
  async function meets(
    welcome: (pipe: Pipe, node: P2PNode) => void,
    later: (type: string, pipe: Pipe, message: Record<string, unknown>) => void = () => undefined,
  ) {
    const machines = homes('hostile b');
    const [a, b] = [sideOn(machines.a), sideOn(machines.b)];
    const { node, heard } = await liar(machines, b, (type, pipe, own, message) => {
      if (type === 'hello') welcome(pipe, own);
      else later(type, pipe, message);
    });
    const ctx = { ...a.ctx, config: { ...a.ctx.config, ...PUNCHES, methods: ['udp-punch'] as const } };
    const ours = trial(ctx, { peer: node.address, repeat: 2, acceptNewKey: false });
    ours.catch(() => undefined);
    return { ...machines, ours, heard, node };
  }
  const polite = (pipe: Pipe, node: P2PNode, address = node.address) =>
    say(pipe, { type: 'welcome', side: FOREIGN, address, hasRelay: true });

  test.each([
    ['garbage', '\u0000garbage'],
    ['a welcome of wrong types', '{"trial":1,"type":"welcome","side":[],"address":5,"hasRelay":"yes"}'],
    ['a welcome without its side', '{"trial":1,"type":"welcome","address":"p2pd1","hasRelay":true}'],
    ['more than a message may hold', `{"trial":1,"type":"welcome","x":"${'x'.repeat(1_100_000)}"}`],
    ['a report nobody asked for', '{"trial":1,"type":"report","document":{}}'],
  ])('says %s: an error in a line, and no report', async (_, text) => {
    const { lab, ours } = await meets((pipe) => sayRaw(pipe, text));
    await expect(lab.run(ours)).rejects.toMatchObject({
      name: 'P2pdError',
      code: expect.stringMatching(/PEER_SILENT|PIPE_CLOSED/),
      message: expect.not.stringContaining('\n'),
    });
  });

  test.each([
    ['an address that is none', 'p2pd1nonsense'],
    ['nothing as its address', ''],
  ])('gives %s in its welcome: the one that is known is used', async (_, address) => {
    const { lab, ours, node } = await meets((pipe, own) => polite(pipe, own, address));
    const document = await lab.run(ours);
    expect(document.sides.b).toMatchObject({ nodeId: node.nodeId, version: FOREIGN.version });
    expect(document.cells.find(({ initiator }) => initiator === 'a')?.runs[0]?.outcome).toBe('open');
  });

  test('lies of its runs and its clock: the report can be read back, and its times are within the trial', async () => {
    const lie: TrialRun = {
      ...(runsOf(SAMPLE)[0] as TrialRun),
      at: 0,
      elapsed: 604_800_000,
      rtt: 604_800_000,
      reason: 'x'.repeat(500),
    };
    const { lab, ours } = await meets(polite, (type, pipe, message) => {
      const id = Number(message.id);
      if (type === 'time') say(pipe, { type: 'now', id, received: 8_640_000_000_000_000, sent: 0 });
      if (type === 'run') say(pipe, { type: 'ran', id, startedAt: 8_640_000_000_000_000, run: lie });
      if (type === 'finish') say(pipe, { type: 'side', side: { ...FOREIGN, nodeId: '0'.repeat(32) } });
    });
    const document = await lab.run(ours);
    expect(readBack(document)).toEqual(document);
    for (const { at } of runsOf(document)) expect(at).toBeLessThanOrEqual(document.elapsed);
    expect(document.sides.b.nodeId).not.toBe('0'.repeat(32));
  });

  test('answers no run: the trial ends with what there is, as incomplete', async () => {
    const { lab, ours, heard } = await meets(polite);
    const document = await lab.run(ours);
    expect(document).toMatchObject({
      complete: false,
      incomplete: expect.stringContaining('no answer to "run"'),
    });
    expect(heard.filter((type) => type === 'run')).toHaveLength(1);
  });

  test('floods while the trial goes on: nothing is kept, and the trial ends', {
    timeout: 30_000,
  }, async () => {
    const { lab, ours } = await meets(polite, (type, pipe, message) => {
      for (let i = 0; i < 2_000; i++)
        say(pipe, { type: 'ran', id: 900_000 + i, startedAt: 0, run: runsOf(SAMPLE)[0] as TrialRun });
      if (type === 'run')
        say(pipe, {
          type: 'ran',
          id: Number(message.id),
          startedAt: 0,
          run: { ...(runsOf(SAMPLE)[0] as TrialRun) },
        });
    });
    expect(runsOf(await lab.run(ours))).toHaveLength(4);
  });
});

describe('trial: a hostile side a', () => {
  /** Side b waits; the liar has a pipe to it, and b's answers come to `heard`. */
  async function attacked() {
    const machines = homes('hostile a');
    const meeting = await waiting(machines);
    const side = sideOn(machines.a);
    const { node, heard, said } = await liar(machines, side, () => undefined);
    const choice = { peer: meeting.address, ...PUNCHES, methods: ['udp-punch'] as const };
    const pipe = await machines.lab.run(openPipe(side.ctx, node, choice, side.ctx.signal).opened);
    const hello = () => say(pipe, { type: 'hello', program: '1', address: node.address });
    const begun = async () => {
      hello();
      await until(machines.lab, () => heard.includes('welcome'));
      say(pipe, { type: 'plan', side: FOREIGN, cells: PLAN });
      await until(machines.lab, () => meeting.b.state().trial?.phase === 'running');
    };
    return { ...meeting, pipe, heard, said, node, hello, begun };
  }
  const PLAN = SAMPLE.cells.map(({ runs: _, surprise: __, ...cell }) => ({ ...cell, wanted: 2 }));
  const RUN = runsOf(SAMPLE)[0] as TrialRun;

  test('what is said before a trial has begun comes to nothing', async () => {
    const { lab, pipe, b, heard, stopB, theirs } = await attacked();
    say(pipe, { type: 'plan', side: FOREIGN, cells: PLAN });
    say(pipe, { type: 'report', document: SAMPLE });
    say(pipe, {
      type: 'run',
      id: 1,
      way: { method: 'direct', path: 'local', family: 4 },
      limit: 1,
      bytes: 0,
    });
    sayRaw(pipe, 'x'.repeat(100_000));
    await lab.advance(5_000);
    expect(b.state().trial?.phase).toBe('waiting');
    expect(heard).toEqual([]);
    stopB();
    expect(await lab.run(theirs)).toBeNull();
  });

  test('a wish to dial its private addresses, from another network: not dialled, and that is all it learns', async () => {
    const { lab, pipe, begun, said, stopB, theirs } = await attacked();
    await begun();
    const way = { method: 'direct', path: 'local', family: 4 } as const;
    say(pipe, { type: 'run', id: 1, way, limit: 5_000, bytes: 0 });
    await until(lab, () => said.some(({ type }) => type === 'ran'));
    const reason = 'side A answered, but it has no address that may be dialled that way';
    expect(said.find(({ type }) => type === 'ran')).toMatchObject({ run: { outcome: 'failed', reason } });
    stopB();
    await lab.run(theirs);
  });

  test('somebody else’s address: no part is taken, and that is said once', async () => {
    const { lab, pipe, address, heard, stopB, theirs, b } = await attacked();
    for (let i = 0; i < 50; i++) say(pipe, { type: 'hello', program: '1', address });
    await lab.advance(5_000);
    expect(heard).toEqual(['sorry']);
    expect(b.state().trial?.phase).toBe('waiting');
    stopB();
    await lab.run(theirs);
  });

  test('results of cells that do not exist, and more than were planned: not kept, not shown', async () => {
    const { lab, pipe, begun, b, theirs } = await attacked();
    await begun();
    for (const cell of [0, 0, 0, 0, 63, 64]) say(pipe, { type: 'result', cell, run: RUN, left: 5 });
    say(pipe, { type: 'plan', side: FOREIGN, cells: [] });
    await lab.advance(1_000);
    expect(b.state().trial?.cells[0]?.runs).toHaveLength(2);
    void pipe.close('enough');
    const document = await lab.run(theirs);
    expect(document).toMatchObject({
      complete: false,
      incomplete: expect.stringContaining('the other side is gone'),
    });
    expect(document?.cells.map(({ runs }) => runs.length)).toEqual([2, ...Array(9).fill(0)]);
  });

  test('a report that lies of who took part: b knows better', async () => {
    const { lab, pipe, begun, node, theirs, b } = await attacked();
    await begun();
    say(pipe, { type: 'report', document: { ...SAMPLE, redacted: true } });
    const document = await lab.run(theirs);
    expect(document?.sides.a.nodeId).toBe(node.nodeId);
    expect(document?.sides.b).toMatchObject({
      nodeId: b.state().nodes[0]?.nodeId,
      reports: [{ udp: { type: 5 } }],
    });
    expect(document?.redacted).toBe(false);
  });

  test('nonsense in the middle ends it, with what there is', async () => {
    const { lab, pipe, begun, theirs } = await attacked();
    await begun();
    say(pipe, { type: 'result', cell: 1, run: RUN, left: 5 });
    sayRaw(pipe, '{"trial":1,"type":"result","cell":-1}');
    const document = await lab.run(theirs);
    expect(document?.incomplete).toMatch(/^the other side says something else: /);
    expect(document?.cells[1]?.runs).toHaveLength(1);
  });

  test('nonsense before a plan: the pipe is closed, and b waits for somebody else', async () => {
    const { lab, pipe, hello, heard, b, stopB, theirs } = await attacked();
    hello();
    await until(lab, () => heard.includes('welcome'));
    sayRaw(pipe, '{"trial":1,"type":"plan","cells":7}');
    await lab.run(pipe.closed);
    await until(lab, () => b.state().trial?.phase === 'waiting');
    stopB();
    await lab.run(theirs);
  });

  test('questions by the thousand: few are answered at once, and b lives', { timeout: 30_000 }, async () => {
    const { lab, pipe, begun, heard, stopB, theirs } = await attacked();
    await begun();
    for (let id = 0; id < 3_000; id++) say(pipe, { type: 'time', id });
    for (let id = 0; id < 100; id++)
      say(pipe, {
        type: 'run',
        id,
        way: { method: 'tcp-punch', path: 'local', family: 4 },
        limit: 100,
        bytes: 0,
      });
    await lab.advance(5_000);
    const count = (type: string) => heard.filter((one) => one === type).length;
    expect(count('now')).toBeLessThanOrEqual(3_000);
    expect(count('ran')).toBeLessThanOrEqual(100);
    stopB();
    expect((await lab.run(theirs))?.incomplete).toBe('it was stopped');
  });

  test('the same way twice in a plan: it is refused, as no report could hold it', async () => {
    const { lab, pipe, hello, heard, stopB, theirs } = await attacked();
    hello();
    await until(lab, () => heard.includes('welcome'));
    say(pipe, { type: 'plan', side: FOREIGN, cells: [...PLAN, ...PLAN] });
    await lab.run(pipe.closed);
    stopB();
    expect(await lab.run(theirs)).toBeNull();
  });
});
