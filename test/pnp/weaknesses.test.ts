/**
 * Each weakness that was found in the reference's name server (W1 to W21), shown to be none of ours: requests as
 * its own clients send them, to a server that runs. W13 and W21 are the client's: client.test.ts.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityOf } from '../../src/net/identity.ts';
import { encodePacket } from '../../src/pnp/packet.ts';
import { decodeRefusal } from '../../src/pnp/refusal.ts';
import { CLOCK_TOLERANCE, NAME_LIFETIME } from '../../src/pnp/rules.ts';
import {
  answerOf,
  curve,
  type LoopbackServer,
  opened,
  overTcp,
  overUdp,
  owner,
  requestFor,
  sealed,
  startLoopback,
} from './loopback.ts';

let running: LoopbackServer;
beforeEach(async () => {
  running = await startLoopback();
});
afterEach(() => running.close());

const seconds = () => Math.floor(Date.now() / 1000);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const other = identityOf(new Uint8Array(32).fill(21));

/** What one request over TCP came to: 'ok', the reason of a refusal, or 'silence'. */
async function ask(request: Uint8Array): Promise<string> {
  const [plain] = await overTcp(running.port, [request]);
  if (plain === undefined) return 'silence';
  return decodeRefusal(plain)?.why ?? 'ok';
}

async function storedUnder(name: string): Promise<string | null> {
  const [plain] = await overTcp(running.port, [requestFor(name, null)]);
  const { updated, value } = answerOf(plain);
  return updated === 0 ? null : text(value);
}

const sixteen = (name: string) => Array.from({ length: 16 }, () => requestFor(name, null));

describe('weaknesses of the reference, closed', () => {
  test('W1: a time in the future stops nobody’s writes', async () => {
    for (const updated of [seconds() + CLOCK_TOLERANCE + 60, 2 ** 52, Number.MAX_SAFE_INTEGER])
      expect(await ask(requestFor('future', 'x', { updated }))).toBe('clock');
    expect(await ask(requestFor('soon', 'x', { updated: seconds() + 60 }))).toBe('ok');
    expect(await ask(requestFor('now', 'x'))).toBe('ok');
    expect(await storedUnder('future')).toBeNull();
  });

  test('W2: what was recorded cannot be played again: no roll-back, no return after a delete', async () => {
    const [first, second] = [
      requestFor('w2', 'one', { updated: seconds() - 20 }),
      requestFor('w2', 'two', { updated: seconds() - 10 }),
    ];
    expect(await ask(first)).toBe('ok');
    expect(await ask(second)).toBe('ok');
    expect(await ask(first)).toBe('stale');
    expect(await storedUnder('w2')).toBe('two');
    expect(await ask(requestFor('w2', ''))).toBe('ok');
    expect(await ask(first)).toBe('stale');
    expect(await ask(second)).toBe('stale');
    expect(await storedUnder('w2')).toBeNull();
  });

  test('W3: the limits of IPv6 hold (see store.test.ts: 5 names an address, also after clearing away)', async () => {
    const at = {
      family: 6,
      address: new Uint8Array(16).fill(1),
      subnet: new Uint8Array(8).fill(1),
      site: new Uint8Array(6).fill(1),
    } as const;
    const write = (i: number) =>
      running.store.write(
        { name: Uint8Array.of(i), value: Uint8Array.of(1), owner: owner.publicKey, updated: seconds(), at },
        seconds(),
      );
    for (let i = 1; i <= 9; i++) {
      await running.store.prune(seconds());
      expect(await write(i)).toEqual(i <= 5 ? { kind: 'done' } : { kind: 'refused', why: 'limit' });
    }
  });

  test('W4: over UDP each client gets its own answer', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `w4-${i}`);
    const answers = await Promise.all(names.map((name) => overUdp(running.port, [requestFor(name, null)])));
    expect(answers.map(([answer]) => text(answerOf(opened(answer ?? new Uint8Array())).name))).toEqual(names);
    expect(answers.map((own) => own.length)).toEqual(names.map(() => 1));
  });

  test('W5: deleting a free name makes none', async () => {
    expect(await ask(requestFor('w5', ''))).toBe('ok');
    expect(await storedUnder('w5')).toBeNull();
    expect(await running.store.count(seconds())).toBe(0);
  });

  test('W6: over UDP one answer a request, four times its bytes at most, and not many to a stranger', async () => {
    await ask(requestFor('w6', 'v'.repeat(500)));
    await running.close();
    running = await startLoopback();
    await running.store.write(
      {
        name: Buffer.from('w6'),
        value: Buffer.alloc(500, 'v'),
        owner: owner.publicKey,
        updated: seconds(),
        at: {
          family: 4,
          address: Uint8Array.of(1, 2, 3, 4),
          subnet: new Uint8Array(),
          site: new Uint8Array(),
        },
      },
      seconds(),
    );
    const request = requestFor('w6', null);
    const flood = await overUdp(
      running.port,
      Array.from({ length: 200 }, () => requestFor('w6', null)),
      600,
    );
    const [answer] = flood;
    expect(answer?.length).toBeLessThanOrEqual(4 * request.length);
    const bytes = flood.reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(20_000);
    // Whoever has been heard over TCP is there, and is answered.
    await overTcp(running.port, [requestFor('w6', null)]);
    const known = await overUdp(
      running.port,
      Array.from({ length: 50 }, () => requestFor('w6', null)),
      600,
    );
    expect(known).toHaveLength(50);
  });

  test('W7, W19: many at once: each is answered as it ended (see store.test.ts: 32 writers)', async () => {
    const told = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(requestFor(`w7-${i}`, 'x'))));
    expect(told.filter((one) => one === 'ok')).toHaveLength(20);
    expect(told.filter((one) => one === 'limit')).toHaveLength(20);
    expect(await running.store.count(seconds())).toBe(20);
  });

  test('W8: an address has a rate, and so many connections', async () => {
    const answers = await overUdp(
      running.port,
      Array.from({ length: 600 }, () => requestFor('w8', null)),
      800,
    );
    expect(answers.length).toBeLessThan(500);
    // Nor over TCP, however many connections ask.
    const asking = Array.from({ length: 40 }, () =>
      overTcp(running.port, [Buffer.concat(sixteen('w8'))], 16),
    );
    expect((await Promise.all(asking)).flat().length).toBeLessThan(600);
    const { connect } = await import('node:net');
    const sockets = Array.from({ length: 80 }, () =>
      connect(running.port, '127.0.0.1').on('error', () => undefined),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sockets.filter(({ readyState }) => readyState === 'open').length).toBeLessThanOrEqual(64);
    for (const socket of sockets) socket.destroy();
  });

  test('W9: large input costs nothing: no datagram over the longest request is looked at', async () => {
    const junk = Array.from({ length: 20 }, () => new Uint8Array(60_000).fill(3));
    expect(await overUdp(running.port, junk, 50)).toEqual([]);
    const [plain] = await overTcp(running.port, [requestFor('w9', null)]);
    expect(answerOf(plain).updated).toBe(0);
    expect(await overTcp(running.port, [new Uint8Array(256 * 1024).fill(2)])).toEqual([]);
  });

  test('W10: requests in pieces, and several in one, are answered in their order', async () => {
    const requests = ['a', 'b', 'c'].map((name) => requestFor(name, `value of ${name}`));
    const bytes = new Uint8Array(Buffer.concat(requests));
    const pieces = [
      bytes.subarray(0, 1),
      bytes.subarray(1, 120),
      bytes.subarray(120, 300),
      bytes.subarray(300),
    ];
    for (const sent of [[bytes], pieces]) {
      const answers = await overTcp(running.port, sent, 3);
      expect(answers.map((plain) => text(answerOf(plain).value))).toEqual(
        ['a', 'b', 'c'].map((name) => `value of ${name}`),
      );
    }
    const single = await overTcp(
      running.port,
      [...requestFor('d', 'x')].map((byte) => Uint8Array.of(byte)),
      1,
      0,
    );
    expect(text(answerOf(single[0]).value)).toBe('x');
  });

  test('W11: a refusal is answered, with its reason, and is no packet to those who do not know it', async () => {
    await ask(requestFor('w11', 'x'));
    const [plain = new Uint8Array()] = await overTcp(running.port, [requestFor('w11', 'y', {}, other)]);
    expect(decodeRefusal(plain)?.why).toBe('taken');
    expect(plain.length).toBeLessThan(50);
    expect(() => answerOf(plain)).toThrow();
  });

  test('W12: names and values that are too long reach no store, also where lengths lie', async () => {
    const packet = encodePacket({
      id: 1,
      replyKey: curve.publicKeyOf(new Uint8Array(32).fill(13)),
      behavior: 1,
      updated: seconds(),
      name: new Uint8Array(50).fill(97),
      value: new Uint8Array(10),
      owner: owner.publicKey,
    });
    for (const [offset, value] of [
      [46, 60],
      [46, 65_535],
      [48, 501],
      [48, 65_535],
    ] as const) {
      const lying = Uint8Array.from(packet);
      new DataView(lying.buffer).setUint16(offset, value, true);
      expect(await ask(sealed(lying))).toBe('silence');
    }
    expect(await running.store.count(seconds())).toBe(0);
  });

  test('W14: a signature of one request fits no other; no answer in the clear', async () => {
    const now = seconds();
    const packet = {
      id: 5,
      replyKey: curve.publicKeyOf(new Uint8Array(32).fill(13)),
      behavior: 1,
      updated: now,
      name: Buffer.from('w14'),
      value: Buffer.from('x'),
      owner: owner.publicKey,
    };
    const signature = owner.signSha1(encodePacket(packet));
    expect(await ask(sealed(encodePacket({ ...packet, value: Buffer.from('y') }, signature)))).toBe(
      'signature',
    );
    expect(await ask(sealed(encodePacket({ ...packet, name: Buffer.from('w15') }, signature)))).toBe(
      'signature',
    );
    const clear = { ...packet, replyKey: new Uint8Array(33) };
    expect(await ask(sealed(encodePacket(clear, owner.signSha1(encodePacket(clear)))))).toBe('silence');
    expect(await running.store.count(now)).toBe(0);
  });

  test('W15: a changed message is not opened, and a reply key that is none stops the write before it', async () => {
    const request = requestFor('w15', 'x');
    request[100] = (request[100] ?? 0) ^ 1;
    expect(await ask(request)).toBe('silence');
    const packet = {
      id: 5,
      replyKey: new Uint8Array(33).fill(5),
      behavior: 1,
      updated: seconds(),
      name: Buffer.from('w15'),
      value: Buffer.from('x'),
      owner: owner.publicKey,
    };
    expect(await ask(sealed(encodePacket(packet, owner.signSha1(encodePacket(packet)))))).toBe('silence');
    expect(await running.store.count(seconds())).toBe(0);
  });

  test('W16: no empty names; one address has 20, whoever asks', async () => {
    expect(await ask(requestFor('', 'x'))).toBe('invalid');
    for (let i = 0; i < 20; i++) expect(await ask(requestFor(`w16-${i}`, 'x'))).toBe('ok');
    expect(await ask(requestFor('w16-20', 'x', {}, other))).toBe('limit');
  });

  test('W17: where the store fails it is said, to the client and to whoever runs the server', async () => {
    await running.store.close();
    expect(await ask(requestFor('w17', 'x'))).toBe('store');
    expect(running.warnings.join()).toContain('the store failed');
    running = Object.assign(running, { close: () => Promise.resolve() });
  });

  test('W18: what an address has used counts as long as its names live', async () => {
    for (let i = 0; i < 20; i++) await ask(requestFor(`w18-${i}`, 'x'));
    running.clockOffset = 1_000 * (NAME_LIFETIME - 60);
    expect(await ask(requestFor('w18-20', 'x', { updated: seconds() + NAME_LIFETIME - 60 }))).toBe('limit');
  });

  test('W20: expired names are cleared away beside all requests: a million of them slow no write (see bench)', async () => {
    for (let i = 0; i < 5; i++) await ask(requestFor(`w20-${i}`, 'x'));
    running.clockOffset = 1_000 * NAME_LIFETIME;
    expect(await ask(requestFor('w20-new', 'x', { updated: seconds() + NAME_LIFETIME }))).toBe('ok');
    // Not by that write.
    expect(await running.store.prune(seconds() + NAME_LIFETIME)).toBe(5);
  });
});
