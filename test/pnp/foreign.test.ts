/** Ours and theirs: a foreign client at our server, our client at a foreign server. */
import { afterEach, expect, test } from 'vitest';
import { encodeAddress } from '../../src/net/address.ts';
import { createNodeIo } from '../../src/net/io/node-io.ts';
import { createResolver } from '../../src/net/resolve.ts';
import { nodeCurve } from '../../src/pnp/curve.ts';
import { Names } from '../../src/pnp/names.ts';
import { ask, Keys, startForeignServer } from './foreign.ts';
import { HOST, owner, server, startLoopback } from './loopback.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test('a foreign client registers, reads, updates and deletes at our server; a refusal is a failure at once', async () => {
  const running = await startLoopback();
  closers.push(() => running.close());
  const [alice, bob] = [new Keys(), new Keys()];
  const now = Math.floor(Date.now() / 1000);
  expect(await ask(running.port, server.publicKey, alice, 'alice', 'one', now - 5)).toMatchObject({
    value: Buffer.from('one'),
  });
  expect(await ask(running.port, server.publicKey, bob, 'alice', null)).toMatchObject({
    value: Buffer.from('one'),
    owner: alice.publicKey,
  });
  expect(await ask(running.port, server.publicKey, alice, 'alice', 'two', now)).not.toBeNull();
  expect(await ask(running.port, server.publicKey, bob, 'alice', 'mine', now + 1)).toBeNull();
  expect(await ask(running.port, server.publicKey, alice, 'alice', 'one', now - 5)).toBeNull();
  expect(await ask(running.port, server.publicKey, alice, 'alice', '', now + 2)).not.toBeNull();
  expect(await ask(running.port, server.publicKey, bob, 'alice', null)).toBeNull();
});

test('our client registers with a foreign server and finds what is there; its silence is told as such', async () => {
  const keys = new Keys();
  const foreign = await startForeignServer(keys);
  closers.push(() => foreign.server.close());
  const io = createNodeIo();
  const task = { io, curve: nodeCurve, resolve: createResolver(io), wall: () => Date.now() };
  const servers = [{ host: HOST, port: foreign.port, publicKey: keys.publicKey.toString('hex') }];
  const names = new Names({ ...task, identity: owner, servers });
  const address = encodeAddress(owner, {
    sequence: 4,
    machineId: '00000000aaaabbbb',
    brokers: [],
    interfaces: [],
  });
  const never = new AbortController().signal;
  expect(await names.register('alice', address, never)).toMatchObject({ full: 'alice.p2p' });
  expect(await names.resolve('alice', never)).toMatchObject({
    kind: 'found',
    address: { sequence: 4, nodeId: owner.nodeId },
  });
  expect(await names.resolve('nobody', never)).toMatchObject({ kind: 'missing' });
  // The same second again: the reference says nothing, and so does this one.
  await ask(foreign.port, keys.publicKey, new Keys(), 'taken', 'x');
  const refused = await names.register('taken', address, never);
  expect(refused).toMatchObject({ full: null, servers: [{ answer: { kind: 'silent' } }] });
});
