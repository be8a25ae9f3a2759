import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Io, NetworkInterface } from '../../../src/net/io/io.ts';
import { createNodeIo } from '../../../src/net/io/node-io.ts';
import type { RunningServer, ServerUse } from '../../../src/net/server-use.ts';
import { createTcpAsker, openUdpAsker } from '../../../src/net/stun/ask.ts';
import { findOuter } from '../../../src/net/stun/client.ts';
import { encodeBindingRequest } from '../../../src/net/stun/message.ts';
import { startStunServer } from '../../../src/net/stun/server.ts';
import { describeNeeding } from '../../helpers/needs.ts';

const io: Io = createNodeIo();
const LOCAL = '127.0.0.1';
const never = new AbortController().signal;
const noop = () => undefined;

const lo: NetworkInterface = {
  id: 'lo',
  name: 'lo',
  kind: 'loopback',
  gateways: { 4: null, 6: null },
  defaultRoute: { 4: false, 6: false },
  addresses: [{ family: 4, ip: LOCAL, prefix: 8, reach: 'loopback' }],
};

/** A port that was free for both transports a moment ago. */
async function freePort(): Promise<number> {
  const listener = await io.listenTcp({ ip: LOCAL, port: 0 }, noop);
  const socket = await io.openUdp(listener.local, { datagram: noop });
  socket.close();
  await listener.close();
  return listener.local.port;
}

let running: RunningServer | null = null;
let coturn: ChildProcess | null = null;
let folder: string | null = null;

afterEach(async () => {
  await running?.close();
  running = null;
  if (coturn?.exitCode === null && coturn.signalCode === null) {
    const gone = once(coturn, 'exit');
    coturn.kill('SIGKILL');
    await gone;
  }
  coturn = null;
  if (folder !== null) await rm(folder, { recursive: true });
  folder = null;
});

function find(port: number) {
  return findOuter({
    io,
    interfaces: [lo],
    servers: [{ host: LOCAL, port, tcp: true }],
    resolve: async () => [],
    timeout: 1_500,
    signal: never,
  });
}

async function serve(report: (use: ServerUse) => void = noop): Promise<number> {
  const port = await freePort();
  const udp = [{ ip: LOCAL, port }];
  running = await startStunServer({ io, udp, alternatePort: null, tcp: true, report });
  return port;
}

describe('STUN on real sockets', () => {
  test('client and server understand each other over UDP and TCP', async () => {
    const port = await serve();
    const { facts, failed } = await find(port);
    expect(facts).toMatchObject([
      { interface: 'lo', inner: LOCAL, outer: LOCAL, transport: 'udp', agreed: 1 },
    ]);
    expect(failed).toEqual([]);
    const answer = await createTcpAsker(io, LOCAL).ask({ ip: LOCAL, port }, io.now() + 5_000, never);
    expect(answer).toMatchObject({ mapped: { ip: LOCAL }, responseOrigin: { ip: LOCAL, port } });
  });

  test('who asks over TCP without end and reads nothing is dropped, others are served on', async () => {
    const ends = { left: noop };
    const left = new Promise<void>((resolve) => {
      ends.left = () => void resolve();
    });
    const uses: ServerUse[] = [];
    const port = await serve((use) => {
      uses.push(use);
      if (use.what === 'left') ends.left();
    });
    const socket = connect(port, LOCAL);
    socket.on('error', noop);
    socket.pause();
    const request = encodeBindingRequest(new Uint8Array(12));
    socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => request)));
    await left;
    socket.destroy();
    expect(uses.filter(({ what }) => what === 'request').length).toBeLessThan(1_000);
    // Both have one address, whose bucket fills again in 10 ms.
    expect((await find(port)).facts).toHaveLength(1);
  });
});

describeNeeding({ linux: true, commands: ['turnserver'] }, 'STUN: coturn', () => {
  test('answers our client over UDP and TCP, and tells its other address', async () => {
    const [port, other] = [await freePort(), await freePort()];
    folder = await mkdtemp(join(tmpdir(), 'p2pd-demo-coturn-'));
    const config = join(folder, 'turnserver.conf');
    const lines = [
      `listening-ip=${LOCAL}`,
      'listening-ip=127.0.0.2',
      `listening-port=${port}`,
      `alt-listening-port=${other}`,
      // Versions before 4.7 have it anyway, and no such option.
      'rfc5780',
      'allow-loopback-peers',
      'no-auth',
      'no-cli',
      'no-tls',
      'no-dtls',
      'log-file=stdout',
      `userdb=${join(folder, 'turndb')}`,
      `pidfile=${join(folder, 'pid')}`,
    ];
    await writeFile(config, lines.join('\n'));
    coturn = spawn('turnserver', ['-c', config], { stdio: 'ignore' });
    const server = { ip: LOCAL, port };
    const udp = await openUdpAsker(io, LOCAL);
    const answer = await udp.ask(server, io.now() + 10_000, never);
    udp.close();
    const told = { otherAddress: { ip: '127.0.0.2', port: other }, responseOrigin: server };
    expect(answer).toMatchObject({ mapped: { ip: LOCAL }, ...told });
    expect(await createTcpAsker(io, LOCAL).ask(server, io.now() + 5_000, never)).toMatchObject(told);
    expect((await find(port)).facts).toMatchObject([{ outer: LOCAL, agreed: 1 }]);
  }, 20_000);
});
