/**
 * A server under attack and its friend, both real nodes on loopback. After every attack the server
 * must still serve the friend, and stop without leaving anything open.
 */
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import { encodeAddress, parseAddress } from '../../src/net/address.ts';
import type { Identity } from '../../src/net/identity.ts';
import type { Frame } from '../../src/net/pipe/frame.ts';
import { io, type LoopbackNode, startLoopbackNode, until } from './loopback-node.ts';
import { startProxy, type Tamper, type TcpProxy } from './proxy.ts';

export const never = new AbortController().signal;

export interface Arena {
  readonly server: LoopbackNode;
  readonly friend: LoopbackNode;
  /** Closed when the test is over. */
  readonly open: { destroy(): unknown }[];
}

/** Sets the two up for each test of a file; the fields are there while one runs. */
export function createArena(): Arena {
  const open: { destroy(): unknown }[] = [];
  const nodes: { server?: LoopbackNode; friend?: LoopbackNode } = {};
  const running = (name: 'server' | 'friend'): LoopbackNode => {
    const node = nodes[name];
    if (node === undefined) throw new Error('only while a test runs');
    return node;
  };
  const arena: Arena = {
    open,
    get server() {
      return running('server');
    },
    get friend() {
      return running('friend');
    },
  };
  let sockets = 0;
  beforeEach(async () => {
    sockets = openSockets();
    [nodes.server, nodes.friend] = [await startLoopbackNode(), await startLoopbackNode()];
  });
  afterEach(async () => {
    const { server, friend } = arena;
    const pipe = await friend.node.connect(server.node.address);
    expect(pipe.peer).toBe(server.node.nodeId);
    for (const stream of open.splice(0)) stream.destroy();
    await Promise.all([server.node.stop(), friend.node.stop()]);
    expect(server.node.pipes).toEqual([]);
    await until(() => openSockets() <= sockets);
  });
  return arena;
}

/** Listeners and connections of this process. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS/.test(name)).length;
}

/** A bare connection to the server, and how long it lasted. */
export function stranger(
  arena: Arena,
  localAddress = '127.0.0.1',
): { socket: Socket; closed: Promise<number> } {
  const startedAt = io.now();
  const socket = connect({ port: arena.server.node.port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  socket.resume();
  arena.open.push(socket);
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(io.now() - startedAt)));
  return { socket, closed };
}

/** A server that is no node. @returns its port */
export function impostor(arena: Arena, serve: (socket: Socket) => void): Promise<number> {
  const fake = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  arena.open.push({ destroy: () => fake.close() });
  return new Promise((resolve) => {
    fake.listen(0, '127.0.0.1', () => {
      const at = fake.address();
      resolve(at !== null && typeof at === 'object' ? at.port : 0);
    });
  });
}

/** Why the server refused callers, in order. */
export function refusals(arena: Arena): string[] {
  return arena.server.events.flatMap((event) => (event.event === 'refused' ? [event.reason] : []));
}

/** How many pipes the server has opened. */
export function opened(arena: Arena): number {
  return arena.server.events.filter((event) => event.event === 'open').length;
}

/** The address of a key that listens on some port here. */
export function addressAt(arena: Arena, identity: Identity, port: number): string {
  const fields = parseAddress(arena.server.node.address);
  return encodeAddress(identity, {
    ...fields,
    interfaces: fields.interfaces.map((entry) => ({ ...entry, port })),
  });
}

/** A proxy before the server, and the server's address by way of it. */
export async function byProxy(arena: Arena, tamper?: Tamper): Promise<{ proxy: TcpProxy; address: string }> {
  const proxy = await startProxy(arena.server.node.port, tamper);
  arena.open.push({ destroy: () => proxy.close() });
  return { proxy, address: addressAt(arena, arena.server.identity, proxy.port) };
}

export function frame(part: Partial<Frame> & Pick<Frame, 'type'>): Frame {
  return { more: false, sequence: 0, acknowledged: 0, payload: new Uint8Array(0), ...part };
}
