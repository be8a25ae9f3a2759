/** The demo in virtual time: what happens by itself, and what a person may do on either side. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../../../src/app/config.ts';
import { type Demo, demo, openDemo, playOut } from '../../../src/app/demo/demo.ts';
import type { DemoOptions } from '../../../src/app/demo/demo-world.ts';
import type { Staging } from '../../../src/app/demo/director.ts';
import type { AppEvent, Stamped } from '../../../src/app/events.ts';
import { parseNatSpec } from '../../../src/app/nat-spec.ts';
import { runningNodes } from '../../../src/app/select.ts';
import type { Session } from '../../../src/app/session.ts';
import { until } from '../session-lab.ts';

const OPTIONS: DemoOptions = {
  nats: { a: parseNatSpec('restrict port,equal'), b: parseNatSpec('symmetric,independent') },
  rtt: 40,
  speed: 1,
  turn: true,
  ipv6: false,
  seed: 'test',
};
const UNWATCHED: Staging = { watched: false, speed: 1, onConnect: () => undefined };

interface Opened extends Demo {
  readonly events: readonly Stamped[];
}

async function opened(changes: Partial<DemoOptions> = {}): Promise<Opened> {
  const found = await openDemo({ ...OPTIONS, ...changes }, DEFAULT_CONFIG, new AbortController().signal);
  const events: Stamped[] = [];
  found.play.sides.a.store.onEvent((event) => events.push(event));
  return { ...found, events };
}

const playedOut = ({ world, play }: Demo) => world.lab.run(() => playOut(play, UNWATCHED));
const methodIn = (events: readonly Stamped[]) =>
  events.flatMap((event) => (event.event === 'open' ? [event.method] : []));
const texts = ({ store }: Session) =>
  store.getState().pipes[0]?.messages.map(({ direction, text }) => `${direction} ${text}`) ?? [];

describe('demo: by itself', () => {
  test('two NATs: a punch opens, a few words are said, all is closed, exit code 0', async () => {
    const found = await opened();
    expect(await playedOut(found)).toBe(0);
    expect(methodIn(found.events)).toEqual([expect.stringMatching(/-punch$/)]);
    const { a } = found.play.sides;
    expect(texts(a)).toEqual(['out Hello Bob, this is Alice.', expect.stringContaining('in Hello Alice!')]);
    expect(a.store.getState().pipes[0]?.state).toBe('closed');
    expect(runningNodes(a.store.getState().nodes)).toEqual([]);
  });

  test('the same seed gives the same course, another one another', async () => {
    const course = async (seed: string) => {
      const found = await opened({ seed });
      await playedOut(found);
      // Addresses differ in their signatures, which are drawn by the system.
      return found.events.map((event) => JSON.stringify(event).replace(/p2pd1\w+/g, ''));
    };
    const [first, second, other] = [await course('x'), await course('x'), await course('y')];
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  });

  const RANDOM = parseNatSpec('symmetric,random');
  test('random ports on both sides: by the relay; without one no path, exit code 10', async () => {
    const nats = { a: RANDOM, b: RANDOM };
    const relayed = await opened({ nats });
    expect(await playedOut(relayed)).toBe(0);
    expect(methodIn(relayed.events)).toEqual(['relay']);
    const alone = await opened({ nats, turn: false });
    expect(await playedOut(alone)).toBe(10);
    expect(methodIn(alone.events)).toEqual([]);
    const faults: AppEvent[] = alone.events.filter(({ event }) => event === 'error');
    expect(faults).toMatchObject([{ code: 'NO_PATH' }]);
  });

  test('IPv6 on both sides opens too, where it is asked for', async () => {
    const found = await opened({ nats: { a: RANDOM, b: RANDOM }, turn: false, ipv6: true });
    expect(await playedOut(found)).toBe(0);
    expect(found.events.flatMap((event) => (event.event === 'open' ? [event.family] : []))).toEqual([6]);
  });

  test('the NAT that each side finds out is the one that was asked for', async () => {
    const found = await opened();
    await playedOut(found);
    const natOf = ({ store }: Session) =>
      store.getState().nat.map(({ report }) => [report.udp.type, report.udp.delta.type]);
    const { a, b } = found.play.sides;
    expect([natOf(a), natOf(b)]).toEqual([[[5, 2]], [[6, 4]]]);
    expect(a.store.getState().pipes[0]?.peerNat).toEqual({ type: 6, delta: 4 });
  });

  test('round trips are as long as was asked for', async () => {
    const found = await opened({ rtt: 200 });
    await playedOut(found);
    const rtts = found.events.flatMap((event) => (event.event === 'rtt' ? [Math.round(event.rtt)] : []));
    expect(rtts.every((rtt) => rtt >= 200 && rtt < 210)).toBe(true);
    const [open] = found.events.flatMap((event) => (event.event === 'open' ? [event.elapsed] : []));
    expect(open).toBeGreaterThan(400);
  });

  test('time slows down when the one connects to the other, not before', async () => {
    const found = await opened();
    const at: (string | null)[] = [];
    const onConnect = () =>
      at.push(found.play.sides.a.store.getState().nat[0]?.done ? 'knows its NAT' : null);
    await found.world.lab.run(() => playOut(found.play, { ...UNWATCHED, onConnect }));
    expect(at).toEqual(['knows its NAT']);
  });

  test('an interrupt ends it at once', async () => {
    const found = await opened();
    const stop = new AbortController();
    stop.abort();
    const nothing = async () => {
      throw new Error('nobody asks');
    };
    const { io } = found.world.a;
    const ctx = { io, config: DEFAULT_CONFIG, emit: () => undefined, claim: nothing, files: nothing };
    const done = demo({ ...ctx, signal: stop.signal }, OPTIONS);
    await expect(done).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('demo: with a person', () => {
  /** Up to where both are in the chat, and the words of the play are said. */
  async function chatting() {
    const found = await opened();
    const { lab } = found.world;
    const { a, b } = found.play.sides;
    const pipe = await lab.run(() => found.play.run(UNWATCHED));
    return { ...found, lab, a, b, id: pipe?.id ?? '' };
  }

  test('the screens lead on by themselves: connect, then the chat, on both sides', async () => {
    const { a, b, id } = await chatting();
    for (const { store } of [a, b]) expect(store.getState().ui).toMatchObject({ screen: 'chat', pipe: id });
  });

  test('who has gone elsewhere stays there', async () => {
    const found = await opened();
    const { a } = found.play.sides;
    const running = found.world.lab.run(() => found.play.run(UNWATCHED));
    a.store.emit({ event: 'ui', action: 'go', screen: 'log' });
    await running;
    expect(a.store.getState().ui.screen).toBe('log');
  });

  test('what is typed on a side is echoed by the other one, once, even the same again', async () => {
    const { lab, a, b, id } = await chatting();
    const before = texts(a).length;
    a.say(id, 'anybody?');
    await until(lab, () => texts(a).length === before + 2);
    a.say(id, 'anybody?');
    await until(lab, () => texts(a).length === before + 4);
    b.say(id, 'me');
    await until(lab, () => texts(a).length === before + 6);
    await lab.advance(5_000);
    expect(texts(a).slice(before)).toEqual([
      'out anybody?',
      'in anybody?',
      'out anybody?',
      'in anybody?',
      'in me',
      'out me',
    ]);
  });

  test('a simulated machine serves nobody, and says so', async () => {
    const { lab, a } = await chatting();
    await lab.run(a.serve());
    expect(a.store.getState().ui.notice).toContain('p2pd-demo serve does');
    expect(a.store.getState().serving).toBeNull();
  });
});
