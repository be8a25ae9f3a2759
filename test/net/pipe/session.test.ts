import { expect, test } from 'vitest';
import { PATH_PATIENCE } from '../../../src/net/path-timing.ts';
import type { Effect, Input } from '../../../src/net/pipe/effects.ts';
import { encodeFrame, type Frame } from '../../../src/net/pipe/frame.ts';
import { Session } from '../../../src/net/pipe/session.ts';
import * as timing from '../../../src/net/timing.ts';

const { KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, MAX_MESSAGE, SEND_WINDOW } = timing;
const bytes = (text: string) => new TextEncoder().encode(text);
const PROOF_A = bytes('a'.repeat(64));
const PROOF_B = bytes('b'.repeat(64));
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** Two sessions joined by a wire that keeps what is written until it is carried over. */
class Pair {
  now = 0;
  readonly a: Session;
  readonly b: Session;
  readonly log: string[] = [];
  readonly #toA: Uint8Array[] = [];
  readonly #toB: Uint8Array[] = [];
  /** Settle messages as soon as they come. */
  settle = true;
  received = 0;

  constructor(verifyA: (proof: Uint8Array) => boolean = (proof) => same(proof, PROOF_B)) {
    this.a = new Session({ proof: PROOF_A, verify: verifyA }, 0);
    this.b = new Session({ proof: PROOF_B, verify: (proof) => same(proof, PROOF_A) }, 0);
  }

  input(side: 'a' | 'b', input: Input): void {
    for (const effect of this[side].step(input, this.now)) this.#note(side, effect);
  }

  /** Carries everything over until nothing moves. */
  carry(): void {
    for (let i = 0; i < 10_000; i++) {
      const [toA, toB] = [this.#toA.splice(0), this.#toB.splice(0)];
      if (toA.length > 0) this.input('a', { kind: 'data', bytes: Buffer.concat(toA) });
      if (toB.length > 0) this.input('b', { kind: 'data', bytes: Buffer.concat(toB) });
      for (const side of ['a', 'b'] as const) if (this[side].blocked) this.input(side, { kind: 'drained' });
      if (this.#toA.length + this.#toB.length === 0 && !this.a.blocked && !this.b.blocked) return;
    }
    throw new Error('the two never come to rest');
  }

  open(): this {
    this.input('a', { kind: 'start' });
    this.input('b', { kind: 'start' });
    this.carry();
    this.log.length = 0;
    return this;
  }

  tick(at: number): void {
    this.now = at;
    for (const side of ['a', 'b'] as const) if (this[side].wakeAt <= at) this.input(side, { kind: 'tick' });
  }

  #note(side: 'a' | 'b', effect: Effect): void {
    if (effect.kind === 'write') {
      (side === 'a' ? this.#toB : this.#toA).push(...effect.chunks);
      return;
    }
    const bytes = Buffer.concat('parts' in effect ? effect.parts : []);
    const detail = 'reason' in effect ? ` ${effect.reason}` : 'parts' in effect ? ` ${effect.message}` : '';
    const text = 'parts' in effect && bytes.length < 40 ? ` ${bytes}` : '';
    this.log.push(`${side} ${effect.kind}${detail}${text}`);
    if (effect.kind !== 'message') return;
    this.received += bytes.length;
    if (this.settle) this.input(side, { kind: 'settled', sequence: effect.sequence });
  }
}

const send = (text: string | Uint8Array, id = 1): Input => ({
  kind: 'send',
  message: typeof text === 'string' ? 'text' : 'binary',
  bytes: typeof text === 'string' ? bytes(text) : text,
  id,
});

function frameBytes(frame: Partial<Frame> & Pick<Frame, 'type'>): Input {
  const whole = { more: false, sequence: 0, acknowledged: 0, payload: new Uint8Array(0), ...frame };
  return { kind: 'data', bytes: Buffer.concat(encodeFrame(whole)) };
}

test('session: both are open once each has proven itself and answered', () => {
  const pair = new Pair();
  pair.input('a', { kind: 'start' });
  pair.input('b', { kind: 'start' });
  expect(pair.a.phase).toBe('proving');
  pair.carry();
  expect(pair.log.sort()).toEqual(['a open', 'a proven', 'b open', 'b proven']);
  expect(pair.a.phase).toBe('open');
});

test('session: a wrong proof closes it, and it is never proven', () => {
  const pair = new Pair(() => false);
  pair.input('a', { kind: 'start' });
  pair.input('b', { kind: 'start' });
  pair.carry();
  expect(pair.log).toContain("a closed the peer broke the protocol: proof: is not the peer's");
  expect(pair.log).not.toContain('a proven');
  expect(pair.log).not.toContain('b open');
});

test('session: nothing but a proof may come first', () => {
  const pair = new Pair();
  pair.input('a', { kind: 'start' });
  pair.input('a', frameBytes({ type: 'text', sequence: 1, payload: bytes('hi') }));
  expect(pair.log).toEqual(['a closed the peer broke the protocol: frame: text before the proof']);
});

test('session: messages arrive in order, whole, both ways', () => {
  const pair = new Pair().open();
  pair.input('a', send('one', 1));
  pair.input('a', send('two', 2));
  pair.input('b', send('three', 1));
  pair.carry();
  expect(pair.log).toEqual([
    'a sent',
    'a sent',
    'b sent',
    'a message text three',
    'b message text one',
    'b message text two',
  ]);
});

test('session: a message of 16 MiB arrives whole, one byte more is refused by the peer', () => {
  const pair = new Pair().open();
  pair.input('a', send(new Uint8Array(MAX_MESSAGE)));
  pair.carry();
  expect(pair.received).toBe(MAX_MESSAGE);
  pair.input('a', send(new Uint8Array(MAX_MESSAGE + 1), 2));
  pair.carry();
  expect(pair.log.at(-1)).toBe('b closed the peer broke the protocol: message: longer than 16777216 bytes');
});

test('session: a peer whose handlers are busy is sent no more than the window', () => {
  const pair = new Pair().open();
  pair.settle = false;
  for (let i = 0; i < 200; i++) pair.input('a', send(new Uint8Array(65536), i));
  pair.carry();
  const sent = pair.log.filter((line) => line === 'a sent').length;
  expect(sent).toBeGreaterThanOrEqual(SEND_WINDOW / 65536 - 1);
  expect(sent).toBeLessThanOrEqual(SEND_WINDOW / 65536);
});

test('session: a peer that ignores the window is closed', () => {
  const pair = new Pair().open();
  pair.settle = false;
  for (let i = 1; i <= 200; i++) {
    pair.input('b', frameBytes({ type: 'bulk', sequence: i, payload: new Uint8Array(65536) }));
  }
  expect(pair.log.at(-1)).toBe(
    'b closed the peer broke the protocol: frame: more was sent than the window allows',
  );
});

test.each([
  [{ type: 'text', sequence: 2 } as const, 'frame: number 2 instead of 1'],
  [{ type: 'ping', acknowledged: 7 } as const, 'acknowledgement: 7 was never sent'],
  [{ type: 'proof', payload: PROOF_A } as const, 'proof: came twice'],
])('session: %j breaks the protocol', (frame, why) => {
  const pair = new Pair().open();
  pair.input('b', frameBytes(frame));
  expect(pair.log).toEqual([`b closed the peer broke the protocol: ${why}`]);
});

test('session: messages after the end, and an end inside a message, break the protocol', () => {
  const after = new Pair().open();
  after.input('b', frameBytes({ type: 'end', sequence: 1 }));
  after.input('b', frameBytes({ type: 'text', sequence: 2 }));
  expect(after.log.at(-1)).toContain('text after the end');
  const inside = new Pair().open();
  inside.input('b', frameBytes({ type: 'text', sequence: 1, more: true }));
  inside.input('b', frameBytes({ type: 'end', sequence: 2 }));
  expect(inside.log.at(-1)).toContain('a message was left unfinished');
});

test('session: half-close lets the other side go on, and both ends finish it', () => {
  const pair = new Pair().open();
  pair.input('a', send('last words'));
  pair.input('a', { kind: 'end' });
  pair.carry();
  expect(pair.log).toEqual(['a sent', 'b message text last words', 'b ended']);
  pair.tick(50); // the delayed acknowledgement
  pair.carry();
  expect(pair.log.at(-1)).toBe('a flushed');
  pair.input('b', send('mine', 2));
  pair.input('b', { kind: 'end' });
  pair.carry();
  expect(pair.log).toContain('a message text mine');
  pair.tick(100);
  pair.carry();
  expect(pair.log.slice(-4).sort()).toEqual(['a ended', 'a hang-up', 'b flushed', 'b hang-up']);
  pair.input('a', { kind: 'lost', reason: 'gone' });
  expect(pair.log.at(-1)).toContain('finished');
});

test('session: close tells the reason after what was queued, and waits for the answer', () => {
  const pair = new Pair().open();
  pair.input('a', send('before'));
  pair.input('a', { kind: 'close', reason: 'tired' });
  pair.carry();
  expect(pair.log).toEqual(['a sent', 'b message text before', 'b hang-up', 'a hang-up']);
  pair.input('b', { kind: 'lost', reason: 'gone' });
  pair.input('a', { kind: 'lost', reason: 'gone' });
  expect(pair.log.slice(-2)).toEqual(['b closed closed by the peer: tired', 'a closed tired']);
});

test('session: close gives up on a peer that does not answer after 2 s', () => {
  const pair = new Pair().open();
  pair.input('a', { kind: 'close', reason: 'tired' });
  expect(pair.a.wakeAt).toBe(2000);
  pair.tick(2000);
  expect(pair.log).toEqual(['a closed tired']);
});

test('session: a silent peer is asked, and given up', () => {
  const pair = new Pair().open();
  expect(pair.a.wakeAt).toBe(KEEPALIVE_INTERVAL);
  pair.tick(KEEPALIVE_INTERVAL);
  expect(pair.a.wakeAt).toBe(KEEPALIVE_INTERVAL + PATH_PATIENCE);
  pair.tick(KEEPALIVE_INTERVAL + PATH_PATIENCE);
  expect(pair.a.wakeAt).toBe(KEEPALIVE_TIMEOUT);
  pair.tick(KEEPALIVE_TIMEOUT);
  expect(pair.log).toEqual([
    'a doubt',
    'b doubt',
    'a stranded the peer has been silent for 50 s',
    'b stranded the peer has been silent for 50 s',
  ]);
  expect(pair.a.wakeAt).toBe(Number.POSITIVE_INFINITY);
  pair.input('a', { kind: 'give-up', reason: 'in vain' });
  expect(pair.log.at(-1)).toBe('a closed in vain');
});

test('session: a peer that answers keep-alives is never given up', () => {
  const pair = new Pair().open();
  for (let i = 1; i < 100; i++) {
    pair.tick(i * KEEPALIVE_INTERVAL);
    pair.carry();
  }
  expect(pair.log.every((line) => line.endsWith('rtt'))).toBe(true);
  expect(pair.a.phase).toBe('open');
});

test('session: pings that come while the transport is full are answered once, when it has room', () => {
  const pair = new Pair().open();
  pair.b.block();
  for (let i = 0; i < 1_000; i++) expect(pair.b.step(frameBytes({ type: 'ping' }), 0)).toEqual([]);
  const effects = pair.b.step({ kind: 'drained' }, 0);
  expect(effects).toHaveLength(1);
  const [write] = effects;
  expect(write?.kind === 'write' && write.chunks).toHaveLength(1);
});

test('session: acknowledgements wait while the transport is full, and one says it all then', () => {
  const pair = new Pair().open();
  const session = pair.a;
  session.block();
  const written = (input: Input, now: number) =>
    session.step(input, now).filter((effect) => effect.kind === 'write').length;
  let acks = 0;
  for (let i = 1; i <= 100; i++) {
    acks += written(frameBytes({ type: 'text', sequence: i }), i * 100);
    acks += written({ kind: 'settled', sequence: i }, i * 100);
    acks += written({ kind: 'tick' }, i * 100 + 60);
  }
  expect(acks).toBe(0);
  acks += written({ kind: 'drained' }, 10_100);
  expect(session.wakeAt).toBeLessThanOrEqual(10_100);
  acks += written({ kind: 'tick' }, 10_100);
  expect(acks).toBe(1);
});

test('session: a round trip is measured from ping to pong', () => {
  const pair = new Pair().open();
  pair.now = 1000;
  pair.input('a', { kind: 'ping' });
  pair.now = 1040;
  const effects: Effect[] = [];
  pair.input('b', frameBytes({ type: 'ping' }));
  effects.push(...pair.a.step(frameBytes({ type: 'pong' }), pair.now));
  expect(effects).toContainEqual({ kind: 'rtt', rtt: 40 });
});

test('session: a lost connection says so, once', () => {
  const pair = new Pair().open();
  pair.input('a', { kind: 'lost', reason: 'the connection was lost (ECONNRESET)' });
  pair.input('a', { kind: 'lost', reason: 'again' });
  pair.input('a', send('is kept'));
  expect(pair.log).toEqual(['a stranded the connection was lost (ECONNRESET)']);
  pair.input('b', { kind: 'lost', reason: 'the peer hung up', isFinal: true });
  pair.input('b', send('too late'));
  expect(pair.log.slice(1)).toEqual(['b closed the peer hung up']);
});
