import { expect, test } from 'vitest';
import { noteOutcome, orderByMemory } from '../../src/net/server-memory.ts';
import { NO_SERVERS, type ServerList } from '../../src/net/servers.ts';
import type { StateFiles } from '../../src/net/state-files.ts';

const NOW = 1_795_000_000_000;
const DAY = 86_400_000;

/** A state directory in memory that counts how often it is written. */
function memory(text: string | null = null) {
  const kept = { text, writes: 0 };
  const files: StateFiles = {
    read: async () => kept.text,
    write: async (_name, value) => {
      kept.text = value;
      kept.writes++;
    },
  };
  return { files, kept };
}

const list: ServerList = {
  ...NO_SERVERS,
  mqtt: ['mqtt://a:1883', 'mqtt://b:1883', 'mqtt://c:1883'],
  ntp: [
    { host: 'x', port: 123 },
    { host: '2001:db8::1', port: 123 },
  ],
};

test('server memory: those that answered come first, those not known next, dead ones last', async () => {
  const { files } = memory();
  await noteOutcome(
    files,
    'mqtt',
    { answered: [{ server: 'mqtt://c:1883' }], failed: [{ server: 'mqtt://a:1883' }] },
    NOW,
  );
  const ordered = await orderByMemory(list, files);
  expect(ordered.mqtt).toEqual(['mqtt://c:1883', 'mqtt://b:1883', 'mqtt://a:1883']);
  expect(ordered.ntp).toEqual(list.ntp);
});

test('server memory: kinds are told apart, and IPv6 hosts are found again', async () => {
  const { files } = memory();
  await Promise.all([
    noteOutcome(files, 'ntp', { answered: [{ server: '[2001:db8::1]:123' }], failed: [] }, NOW),
    noteOutcome(
      files,
      'stun',
      { answered: [{ server: 'y:3478' }], failed: [{ server: '[2001:db8::1]:123' }] },
      NOW,
    ),
  ]);
  expect((await orderByMemory(list, files)).ntp[0]?.host).toBe('2001:db8::1');
});

test('server memory: where none answers nothing is learnt, as the network is down', async () => {
  const { files, kept } = memory();
  await noteOutcome(files, 'mqtt', { answered: [], failed: [{ server: 'mqtt://a:1883' }] }, NOW);
  expect(kept.writes).toBe(0);
});

test('server memory: it is written only when something changed, and the old is forgotten', async () => {
  const { files, kept } = memory();
  const outcome = { answered: [{ server: 'mqtt://a:1883' }], failed: [{ server: 'mqtt://b:1883' }] };
  await noteOutcome(files, 'mqtt', outcome, NOW);
  await noteOutcome(files, 'mqtt', outcome, NOW + DAY);
  expect(kept.writes).toBe(1);
  await noteOutcome(files, 'mqtt', { answered: [{ server: 'mqtt://c:1883' }], failed: [] }, NOW + 40 * DAY);
  expect((await orderByMemory(list, files)).mqtt).toEqual([
    'mqtt://c:1883',
    'mqtt://a:1883',
    'mqtt://b:1883',
  ]);
});

test.each(['', 'nonsense', '[]', '{"version":2,"seen":[]}', '{"version":1,"seen":[{"server":7}]}'])(
  'server memory: a damaged file is as none: %j',
  async (text) => {
    expect(await orderByMemory(list, memory(text).files)).toEqual(list);
  },
);

test('server memory: it does not grow without end', async () => {
  const { files, kept } = memory();
  for (let i = 0; i < 10; i++) {
    const answered = Array.from({ length: 60 }, (_, n) => ({ server: `mqtt://${i}-${n}:1883` }));
    await noteOutcome(files, 'mqtt', { answered, failed: [] }, NOW + i);
  }
  expect(JSON.parse(kept.text ?? '').seen).toHaveLength(256);
});
