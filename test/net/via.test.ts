import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { P2pdError } from '../../src/net/errors.ts';
import { type Identity, identityOf } from '../../src/net/identity.ts';
import { InfoAnswers, type Offer, serversFor, startInfoServer } from '../../src/net/info-server.ts';
import type { HttpAnswer, Io } from '../../src/net/io/io.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { fetchServers, findLocalServe, formatVia, parseVia, verifyServers } from '../../src/net/via.ts';
import { encodeBase16 } from '../../src/net/wire/base16.ts';

const io = createNodeIo();
const identity = identityOf(new Uint8Array(32).fill(5));
const other = identityOf(new Uint8Array(32).fill(6));
const KEY = encodeBase16(identity.publicKey);
const NONCE = new Uint8Array(16).fill(9);
const OFFER: Offer = {
  addresses: ['192.0.2.1', '2001:db8::1'],
  ports: { mqtt: 1883, stun: 3478, ntp: 10123, pnp: null },
  publicKey: '',
};
const never = new AbortController().signal;

function answers(by: Identity = identity, offer = OFFER): InfoAnswers {
  return new InfoAnswers({
    io,
    identity: by,
    servers: (reached) => serversFor(offer, reached),
    health: () => ({ status: 'ok' }),
    report: () => undefined,
  });
}

function ask(nonce: Uint8Array = NONCE, by = identity): HttpAnswer {
  return answers(by).answer({
    path: nonce.length === 0 ? '/servers.json' : `/servers.json?nonce=${encodeBase16(nonce)}`,
    local: { ip: '192.0.2.1', port: 5380 },
    remote: { ip: '192.0.2.9', port: 40_000 },
  });
}

/** The code of what an action throws; null where it does not. */
function codeOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof P2pdError) return error.code;
    throw error;
  }
}

describe('via: HOST[:PORT][#KEY]', () => {
  const key = '02a1b2c3d4e5f607';
  test.each([
    ['192.168.1.5', { host: '192.168.1.5', port: 5380, key: null }],
    ['192.168.1.5:99', { host: '192.168.1.5', port: 99, key: null }],
    [`192.168.1.5#${key}`, { host: '192.168.1.5', port: 5380, key }],
    [` nas.local:5381#${key.toUpperCase()} `, { host: 'nas.local', port: 5381, key }],
    ['2001:DB8:0:0::1', { host: '2001:db8::1', port: 5380, key: null }],
    [`[2001:db8::1]:5381#${key}`, { host: '2001:db8::1', port: 5381, key }],
    ['::1', { host: '::1', port: 5380, key: null }],
    ['localhost', { host: 'localhost', port: 5380, key: null }],
  ])('via: %s is read', (text, via) => {
    expect(parseVia(text)).toEqual(via);
    expect(parseVia(formatVia(via))).toEqual(via);
  });

  test.each([
    '',
    '#02a1b2c3d4e5f607',
    '192.168.1.5#',
    '192.168.1.5#02a1',
    '192.168.1.5#xyz1b2c3d4e5f607',
    `192.168.1.5#${key}#${key}`,
    '192.168.1.5:0',
    '192.168.1.5:65536',
    '192.168.1.5:x',
    '192.168.1.256',
    '1.2.3',
    '2001:db8::1::2',
    'fe80::1%eth0',
    '[192.168.1.5]x',
    'http://192.168.1.5',
    'a b',
    'a..b',
    'name/path',
    '-name',
  ])('via: %s is refused with what to give', (text) => {
    expect(codeOf(() => parseVia(text))).toBe('USAGE');
  });

  test('via: any text is read or refused, and what is read is written again', () => {
    const part = fc.constantFrom(
      '1',
      '2001',
      ':',
      '::',
      '[',
      ']',
      '.',
      '#',
      key,
      'a',
      '%',
      '/',
      '-',
      '65536',
      ' ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        if (codeOf(() => parseVia(given)) !== null) return;
        const { host, port } = parseVia(given);
        expect(parseVia(formatVia({ host, port, key: null }))).toEqual({ host, port, key: null });
      }),
    );
  });
});

describe('via: what an answer must be', () => {
  const body = (text: string): HttpAnswer => ({ status: 200, headers: {}, body: Buffer.from(text) });

  test('via: one that is signed is taken with its key, the first digits of it, or none', () => {
    for (const key of [null, KEY.slice(0, 16), KEY]) {
      expect(verifyServers({ answer: ask(), nonce: NONCE, key })).toMatchObject({
        mqtt: ['mqtt://192.0.2.1:1883', 'mqtt://[2001:db8::1]:1883'],
      });
    }
    const without = new Uint8Array(0);
    expect(codeOf(() => verifyServers({ answer: ask(without), nonce: without, key: KEY }))).toBe(null);
  });

  test('via: another key, another nonce, a changed byte or half a proof is VIA_KEY', () => {
    const { headers } = ask();
    const changed = Buffer.from(ask().body);
    changed.writeUInt8((changed.at(20) ?? 0) ^ 1, 20);
    const faults: readonly [HttpAnswer, string | null, Uint8Array][] = [
      [ask(NONCE, other), KEY.slice(0, 16), NONCE],
      [ask(), encodeBase16(other.publicKey), NONCE],
      [ask(), KEY, new Uint8Array(16).fill(8)],
      [ask(new Uint8Array(0)), null, NONCE],
      [{ ...ask(), body: changed }, null, NONCE],
      [{ ...ask(), headers: {} }, KEY, NONCE],
      [{ ...ask(), headers: { ...headers, 'p2pd-demo-signature': '' } }, null, NONCE],
      [{ ...ask(), headers: { 'p2pd-demo-key': KEY } }, null, NONCE],
      [{ ...ask(), headers: { ...headers, 'p2pd-demo-key': `05${KEY.slice(2)}` } }, null, NONCE],
      [{ ...ask(), headers: { ...headers, 'p2pd-demo-key': encodeBase16(other.publicKey) } }, null, NONCE],
    ];
    for (const [answer, key, nonce] of faults) {
      expect(codeOf(() => verifyServers({ answer, key, nonce }))).toBe('VIA_KEY');
    }
    expect(new P2pdError('VIA_KEY', '').exitCode).toBe(14);
  });

  test('via: what is no server list of ours is NO_SERVICE', () => {
    const faults = [
      { ...ask(), status: 503 },
      body('<html>'),
      body('\ufffd'.repeat(30_000)),
      { ...body(''), body: Buffer.from([0x22, 0xff, 0x22]) },
    ];
    for (const answer of faults) {
      expect(codeOf(() => verifyServers({ answer, key: null, nonce: NONCE }))).toBe('NO_SERVICE');
    }
  });
});

describe('via: asking', () => {
  async function serving(by: Identity, ip = '127.0.0.1') {
    const local = { ip, port: 0 };
    let port = 0;
    const recording: Io = {
      ...io,
      serveHttp: async (at, answer) => {
        const listener = await io.serveHttp(at, answer);
        port = listener.local.port;
        return listener;
      },
    };
    const server = await startInfoServer({ io: recording, local, answers: answers(by) });
    return { port, close: () => server.close() };
  }

  test('via: the list comes over IPv4, IPv6 and by name, and is checked against the key', async () => {
    const servers = await Promise.all([serving(identity), serving(identity, '::1')]);
    const [ipv4, ipv6] = servers.map(({ port }) => port);
    for (const via of [`127.0.0.1:${ipv4}`, `localhost:${ipv4}`, `[::1]:${ipv6}#${KEY.slice(0, 16)}`]) {
      const list = await fetchServers(io, parseVia(via), never);
      expect(list.stun).toEqual(OFFER.addresses.map((host) => ({ host, port: 3478, tcp: true })));
      expect(list.ntp).toEqual(OFFER.addresses.map((host) => ({ host, port: 10123 })));
    }
    const wrong = parseVia(`127.0.0.1:${ipv4}#${encodeBase16(other.publicKey).slice(0, 16)}`);
    await expect(fetchServers(io, wrong, never)).rejects.toMatchObject({ code: 'VIA_KEY' });
    await Promise.all(servers.map(({ close }) => close()));
    const gone = fetchServers(io, parseVia(`127.0.0.1:${ipv4}`), never);
    await expect(gone).rejects.toMatchObject({ code: 'NO_SERVICE', message: /ECONNREFUSED/ });
  });

  test('via: of several addresses of a name the first good one counts, a lying one does not', async () => {
    const [good, liar] = await Promise.all([serving(identity), serving(other)]);
    const named: Io = {
      ...io,
      lookup: async (_, family) => (family === 4 ? ['192.0.2.1', '192.0.2.2'] : []),
      httpGet: (url, limit, signal) => {
        const { port } = url.includes('192.0.2.1') ? liar : good;
        return io.httpGet(url.replace(/192.0.2.\d:5380/, `127.0.0.1:${port}`), limit, signal);
      },
    };
    const list = await fetchServers(named, parseVia(`nas.example#${KEY.slice(0, 16)}`), never);
    expect(list.mqtt[0]).toBe('mqtt://192.0.2.1:1883');
    await Promise.all([good.close(), liar.close()]);
  });

  test('via: a machine that hangs, a name without address, and JSON that is no list are NO_SERVICE', async () => {
    let now = 0;
    const silent: Io = {
      ...io,
      now: () => now,
      sleepUntil: async (at) => {
        now = at;
      },
      lookup: async () => {
        throw new Error('ENOTFOUND');
      },
      httpGet: (_url, _limit, signal) =>
        new Promise((_, reject) => {
          const give = () => reject(new Error('aborted'));
          if (signal.aborted) give();
          else signal.addEventListener('abort', give);
        }),
    };
    await expect(fetchServers(silent, parseVia('192.0.2.1'), never)).rejects.toMatchObject({
      code: 'NO_SERVICE',
      message: /within 3 s/,
    });
    expect(now).toBe(3_000);
    const waiting: Io = { ...silent, sleepUntil: () => new Promise(() => undefined) };
    await expect(fetchServers(waiting, parseVia('no.example'), never)).rejects.toMatchObject({
      message: /no address/,
    });
    const odd: Io = {
      ...waiting,
      httpGet: async () => ({ status: 200, headers: {}, body: Buffer.from('{"mqtt":[5]}') }),
    };
    await expect(fetchServers(odd, parseVia('192.0.2.1'), never)).rejects.toMatchObject({
      code: 'NO_SERVICE',
    });
    const stop = new AbortController();
    const given = fetchServers(waiting, parseVia('192.0.2.1'), stop.signal);
    stop.abort(new P2pdError('INTERRUPTED', 'given up'));
    await expect(given).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('via: this machine’s own serve is found by itself; null where nothing answers or it is another program', async () => {
    const asked: string[] = [];
    const at = (answer: () => Promise<HttpAnswer>): Io => ({
      ...io,
      httpGet: (url) => {
        asked.push(url.replace(/[?].*/, ''));
        return answer();
      },
    });
    expect(
      await findLocalServe(
        at(async () => ask(new Uint8Array(0))),
        never,
      ),
    ).toBe(null);
    expect(asked).toEqual(['http://127.0.0.1:5380/servers.json', 'http://[::1]:5380/servers.json']);
    const unsigned = async (): Promise<HttpAnswer> => ({ ...ask(), headers: {} });
    expect((await findLocalServe(at(unsigned), never))?.mqtt).toHaveLength(2);
    expect(
      await findLocalServe(
        at(async () => ({ status: 200, headers: {}, body: Buffer.from('ok') })),
        never,
      ),
    ).toBe(null);
    expect(
      await findLocalServe(
        at(() => Promise.reject(new Error('ECONNREFUSED'))),
        never,
      ),
    ).toBe(null);
  });
});
