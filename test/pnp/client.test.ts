/** Names by our client with our server: what is registered is found, what is not theirs is not believed. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultOf, isNickname } from '../../src/app/nickname-rules.ts';
import { encodeAddress } from '../../src/net/address.ts';
import { identityOf } from '../../src/net/identity.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { createResolver } from '../../src/net/resolve.ts';
import { nodeCurve } from '../../src/pnp/curve.ts';
import { Names } from '../../src/pnp/names.ts';
import { placesOf, splitName, tldFor } from '../../src/pnp/nickname.ts';
import { freePort, HOST, type LoopbackServer, owner, server, startLoopback } from './loopback.ts';

const io = createNodeIo();
const never = new AbortController().signal;
let running: LoopbackServer;
beforeEach(async () => {
  running = await startLoopback();
});
afterEach(() => running.close());

function namesOf(identity = owner, ports = [running.port], wall = () => Date.now()): Names {
  const publicKey = Buffer.from(server.publicKey).toString('hex');
  const servers = ports.map((port) => ({ host: HOST, port, publicKey }));
  return new Names({ io, curve: nodeCurve, identity, servers, resolve: createResolver(io), wall });
}

function addressFor(identity = owner, sequence = 1): string {
  return encodeAddress(identity, { sequence, machineId: '00000000aaaabbbb', brokers: [], interfaces: [] });
}

test('what is registered on one machine is found from another, with who holds it and until when', async () => {
  const registered = await namesOf().register('alice', addressFor(), never);
  expect(registered).toMatchObject({ full: 'alice.p2p', tld: '.p2p' });
  const found = await namesOf(identityOf(new Uint8Array(32).fill(40))).resolve('alice.p2p', never);
  expect(found).toMatchObject({
    kind: 'found',
    address: { nodeId: owner.nodeId, sequence: 1 },
    servers: [{ host: HOST, state: 'found' }],
  });
  expect(registered.expires).toBeGreaterThan(Date.now() / 1000 + 604_000);
});

test('until when a name is held is what the server says: a refreshed one loses some of its week', async () => {
  const names = namesOf();
  const first = await names.register('alice', addressFor(owner, 1), never);
  const again = await names.register('alice', addressFor(owner, 2), never);
  const found = await names.resolve('alice', never);
  expect(found.kind === 'found' && found.expires).toBe(again.expires);
  expect(again.expires).toBeLessThan(first.expires ?? 0);
});

test('a newer address replaces an older one, also within the same second', async () => {
  const names = namesOf();
  for (const sequence of [1, 2, 3]) {
    const { full } = await names.register('alice', addressFor(owner, sequence), never);
    expect(full).toBe('alice.p2p');
  }
  expect(await names.resolve('alice', never)).toMatchObject({ address: { sequence: 3 } });
});

test('each way to fail is told apart', async () => {
  await namesOf().register('alice', addressFor(), never);
  const other = identityOf(new Uint8Array(32).fill(41));
  const taken = await namesOf(other).register('alice', addressFor(other), never);
  expect(taken).toMatchObject({ full: null, servers: [{ answer: { kind: 'refused', why: 'taken' } }] });
  expect(await namesOf().resolve('nobody', never)).toMatchObject({ kind: 'missing' });
  expect(await namesOf(owner, [await freePort()]).resolve('alice', never)).toMatchObject({
    kind: 'silent',
    reason: 'ECONNREFUSED',
  });
  const late = await namesOf(owner, [running.port], () => Date.now() - 86_400_000).register(
    'late',
    addressFor(),
    never,
  );
  expect(late).toMatchObject({ servers: [{ answer: { kind: 'refused', why: 'clock' } }] });
});

test('deleted names are free', async () => {
  const names = namesOf();
  await names.register('alice', addressFor(), never);
  await names.remove('alice', never);
  expect(await names.resolve('alice', never)).toMatchObject({ kind: 'missing' });
  const other = identityOf(new Uint8Array(32).fill(42));
  expect(await namesOf(other).register('alice', addressFor(other), never)).toMatchObject({
    full: 'alice.p2p',
  });
});

test('W13: an address that somebody else signed is not believed, nor is what is none', async () => {
  const at = {
    family: 4,
    address: Uint8Array.of(1, 2, 3, 4),
    subnet: new Uint8Array(),
    site: new Uint8Array(),
  } as const;
  const put = (name: string, value: Uint8Array) => {
    const seconds = Math.floor(Date.now() / 1000);
    const write = { name: Buffer.from(name), value, owner: owner.publicKey, updated: seconds, at };
    return running.store.write(write, seconds);
  };
  const { addressBytes } = await import('../../src/net/address.ts');
  await put('forged', addressBytes(addressFor(identityOf(new Uint8Array(32).fill(43)))));
  await put('python', Buffer.from('0,1-[0,0,1.2.3.4,10.0.0.1,1000,5,2,0]-0-0123456789abcdef012345678-host'));
  await put('other', Buffer.from('hello'));
  expect(await namesOf().resolve('forged', never)).toMatchObject({ kind: 'foreign', what: 'forged' });
  expect(await namesOf().resolve('python', never)).toMatchObject({ kind: 'foreign', what: 'p2pd' });
  expect(await namesOf().resolve('other', never)).toMatchObject({ kind: 'foreign', what: 'other' });
});

test('W21: one clock for all requests of a name: each is later than the one before', async () => {
  // A clock that goes back between two requests.
  let wall = Date.now();
  const names = namesOf(owner, [running.port], () => wall);
  await names.register('alice', addressFor(owner, 1), never);
  wall -= 10_000;
  expect(await names.register('alice', addressFor(owner, 2), never)).toMatchObject({ full: 'alice.p2p' });
});

test('names: which are allowed, what their endings mean', () => {
  expect(['alice', 'a', '7-of_9', 'x'.repeat(50)].map(faultOf)).toEqual([null, null, null, null]);
  for (const name of ['', 'Alice', 'a b', 'ä', '-a', 'p2pd1abc', 'x'.repeat(51), 'a.b'])
    expect(faultOf(name), name).not.toBeNull();
  expect(splitName('alice.peer')).toEqual({ name: 'alice', tld: '.peer' });
  expect(splitName('.peer')).toEqual({ name: '.peer', tld: null });
  expect([placesOf('.p2p', 2), placesOf('.node', 2), placesOf('.peer', 2), placesOf(null, 1)]).toEqual([
    [0],
    [1],
    [0, 1],
    [0],
  ]);
  expect([tldFor([]), tldFor([0]), tldFor([1]), tldFor([0, 1])]).toEqual([null, '.p2p', '.node', '.peer']);
  expect(['alice', 'alice.peer', 'p2pd1abc', 'two words', ''].map(isNickname)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
