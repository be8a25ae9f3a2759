import fc from 'fast-check';
import { expect, test } from 'vitest';
import { P2pdError } from '../../src/net/errors.ts';
import { PUBLIC_SERVERS } from '../../src/net/public-servers.ts';
import { formatServers, parseServers, parseServersText } from '../../src/net/servers-file.ts';
import { canonicalIp } from '../../src/net/wire/ip.ts';

const KEY = `02${'ab'.repeat(32)}`;

/** The message of the refusal. */
function faultOf(json: unknown): string {
  try {
    parseServers(json);
  } catch (error) {
    if (error instanceof P2pdError && error.code === 'USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

test('servers file: the whole form, with what may be left out', () => {
  const list = parseServers({
    stun: [{ host: '198.51.100.10', port: 3479, tcp: true }, { host: 'stun.example.org' }],
    mqtt: ['mqtt://198.51.100.10:1883', 'mqtts://Broker.Example.org', 'mqtt://[2001:db8::1]/'],
    ntp: ['198.51.100.10', 'time.example.org:1123', '[2001:DB8::1]:1123', '2001:db8::1'],
    turn: [{ url: 'turn:198.51.100.10:3478', username: 'demo', credential: 'demo' }],
    pnp: [{ host: '198.51.100.10', port: 5300, publicKey: KEY }],
    comment: 'what is not known is ignored',
  });
  expect(list).toEqual({
    stun: [
      { host: '198.51.100.10', port: 3479, tcp: true },
      { host: 'stun.example.org', port: 3478, tcp: false },
    ],
    mqtt: ['mqtt://198.51.100.10:1883', 'mqtts://broker.example.org:8883', 'mqtt://[2001:db8::1]:1883'],
    ntp: [
      { host: '198.51.100.10', port: 123 },
      { host: 'time.example.org', port: 1123 },
      { host: '2001:db8::1', port: 1123 },
      { host: '2001:db8::1', port: 123 },
    ],
    turn: [{ url: 'turn:198.51.100.10:3478', username: 'demo', credential: 'demo' }],
    pnp: [{ host: '198.51.100.10', port: 5300, publicKey: KEY }],
  });
});

test('servers file: a kind that is left out is empty', () => {
  expect(parseServers({})).toEqual({ stun: [], mqtt: [], ntp: [], turn: [], pnp: [] });
});

const URL_RULE =
  'mqtt.0: must be mqtt://host:port, mqtts://host:port, ws://host:port/path or wss://host:port/path';

test.each([
  [{ stun: [{ host: 'a', port: 0 }] }, 'stun.0.port: must be 1 to 65535'],
  [{ stun: [{ host: 'a', port: 1.5 }] }, 'stun.0.port: must be 1 to 65535'],
  [{ stun: [{ port: 1 }] }, /^stun\.0\.host: /],
  [{ stun: [{ host: 'not a host' }] }, 'stun.0.host: must be a host name or an IP address'],
  [{ stun: [{ host: 'x'.repeat(254) }] }, 'stun.0.host: is too long'],
  [{ stun: {} }, 'stun: must be a list'],
  [{ stun: ['198.51.100.10'] }, 'stun.0: must be {"host", "port", "tcp"}'],
  [{ mqtt: ['http://a'] }, URL_RULE],
  [{ mqtt: ['mqtt://name:secret@a'] }, URL_RULE],
  [{ mqtt: ['mqtt://a:99999'] }, URL_RULE],
  [{ ntp: ['a:0'] }, 'ntp.0: must be "host" or "host:port"'],
  [{ ntp: [7] }, 'ntp.0: must be a text'],
  [{ turn: [{ url: 'http:x', username: '', credential: '' }] }, 'turn.0.url: must be turn:host:port'],
  [{ pnp: [{ host: 'a', port: 1, publicKey: 'abc' }] }, 'pnp.0.publicKey: must be 66 hex digits'],
  [{ ntp: Array.from({ length: 65 }, () => 'a') }, 'ntp: has more than 64 entries'],
  [null, /must be an object/],
  [[], /must be an object/],
  ['x', /must be an object/],
])('servers file: %j is refused with its place', (json, message) => {
  expect(faultOf(json)).toMatch(
    message instanceof RegExp ? message : new RegExp(`^${message.replace(/[.[\]{}()"/?]/g, '\\$&')}$`),
  );
});

test('servers file: text that is no JSON, or far too long, says so in one line', () => {
  for (const text of ['', '{', '{"stun": [}', 'nonsense\n\nmore', '\u001b[31mred', '\u202egnp'])
    expect(() => parseServersText(text)).toThrow(/^it is no JSON: \P{C}+$/u);
  expect(() => parseServersText(' '.repeat(70_000))).toThrow(/at most 65536/);
  expect(parseServersText('{"mqtt": []}').mqtt).toEqual([]);
});

test('servers file: foreign keys reach no prototype, and depth is refused', () => {
  parseServersText('{"__proto__": {"polluted": true}, "constructor": 1}');
  expect('polluted' in {}).toBe(false);
  expect(() => parseServersText(`{"stun": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`)).toThrow(P2pdError);
});

test('servers file: what is written is read as it was', () => {
  const host = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((ip) => canonicalIp(ip) ?? '::1'),
    fc.domain().map((name) => name.toLowerCase()),
  );
  const port = fc.integer({ min: 1, max: 65_535 });
  const lists = fc.record({
    stun: fc.array(fc.record({ host, port, tcp: fc.boolean() }), { maxLength: 5 }),
    mqtt: fc.array(
      fc
        .tuple(host, port)
        .map(([name, number]) => `mqtt://${name.includes(':') ? `[${name}]` : name}:${number}`),
      { maxLength: 5 },
    ),
    ntp: fc.array(fc.record({ host, port }), { maxLength: 5 }),
    turn: fc.constant([]),
    pnp: fc.array(fc.record({ host, port, publicKey: fc.constant(KEY) }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(lists, (list) => {
      expect(parseServersText(JSON.stringify(formatServers(list)))).toEqual(list);
    }),
  );
});

test('public servers: by name, without passwords, readable as a file, neighbours of different operators', () => {
  expect(parseServers(formatServers(PUBLIC_SERVERS))).toEqual(PUBLIC_SERVERS);
  const hostsOf = (protocol: string) =>
    PUBLIC_SERVERS.mqtt
      .map((url) => new URL(url))
      .flatMap((url) => (url.protocol === protocol ? [url.hostname] : []));
  const hosts = {
    stun: PUBLIC_SERVERS.stun.map(({ host }) => host),
    mqtt: hostsOf('mqtt:'),
    // The same operators once more, by the ports of the web.
    web: hostsOf('wss:'),
    ntp: PUBLIC_SERVERS.ntp.map(({ host }) => host),
  };
  for (const names of Object.values(hosts)) {
    for (const name of names) expect(canonicalIp(name)).toBeNull();
    const operators = names.slice(0, 3).map((name) => name.split('.').slice(-2).join('.'));
    expect(new Set(operators).size).toBe(3);
    expect(new Set(names).size).toBe(names.length);
  }
  expect(PUBLIC_SERVERS.turn).toEqual([]);
});
