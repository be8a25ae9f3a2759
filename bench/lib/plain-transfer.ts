/**
 * What transfers are compared with: bytes over Node's own TLS 1.3 or bare node:net between two processes, from memory to
 * nowhere, or a file as any Node program would do it: read, hashed, sent, hashed, written, flushed to the disk.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { connectPsk, createPskServer } from './psk-tls.ts';
import { measureIn, startRole } from './roles.ts';

const HOST = '127.0.0.1';
const CHUNK = 256 * 1024;

/** MB/s of `megabytes` over `tls` or `tcp`. @param paths of a file and of its copy; undefined: from memory to nowhere */
export async function beside(
  kind: 'tls' | 'tcp',
  megabytes: number,
  paths?: { from: string; to: string },
): Promise<number> {
  const server = await startRole(['serve', kind, paths?.to ?? '']);
  const result = await measureIn(['send', kind, `${server.line} ${megabytes * 1e6} ${paths?.from ?? ''}`]);
  server.stop();
  return Number(result);
}

/** Does this process's part where it was started for one. @returns whether it was */
export async function playRole(role: string, kind: string, target: string): Promise<boolean> {
  if (role === 'serve') serve(kind, target);
  else if (role === 'send') console.log(await send(kind, target));
  else return false;
  return true;
}

function serve(kind: string, path: string): void {
  const take = (socket: Socket) => {
    socket.on('error', () => undefined);
    if (path === '') count(socket);
    else keep(socket, path);
  };
  const options = { noDelay: true };
  const server: Server = kind === 'tls' ? createPskServer(take) : createServer(options, take);
  server.listen(0, HOST, () => {
    const address = server.address();
    console.log(typeof address === 'object' ? address?.port : '');
  });
}

function count(socket: Socket): void {
  let missing = -1;
  socket.on('data', (data) => {
    if (missing < 0) missing = Number(data.readBigUInt64BE()) + 8;
    missing -= data.length;
    if (missing <= 0) socket.end('.');
  });
}

function keep(socket: Socket, path: string): void {
  const hash = createHash('sha256');
  const file = createWriteStream(path, { flush: true, highWaterMark: 4 * CHUNK });
  file.on('drain', () => socket.resume());
  file.once('close', () => socket.end(hash.digest('hex')));
  let missing = -1;
  socket.on('data', (data) => {
    const bytes = missing < 0 ? data.subarray(8) : data;
    if (missing < 0) missing = Number(data.readBigUInt64BE());
    missing -= bytes.length;
    hash.update(bytes);
    if (!file.write(bytes)) socket.pause();
    if (missing <= 0) file.end();
  });
}

async function send(kind: string, target: string): Promise<number> {
  const [port = '', bytes = '', path = ''] = target.split(' ');
  const to = { port: Number(port), host: HOST };
  const socket: Socket = kind === 'tls' ? connectPsk(to) : connect({ ...to, noDelay: true });
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(kind === 'tls' ? 'secureConnect' : 'connect', resolve);
  });
  const startedAt = performance.now();
  const answered = new Promise((resolve) => socket.once('data', resolve));
  if (path === '') writeAll(socket, Number(bytes));
  else {
    const hash = createHash('sha256');
    const file = createReadStream(path, { highWaterMark: CHUNK });
    file.on('data', (data) => hash.update(data));
    socket.write(headOf(Number(bytes)));
    await pipeline(file, socket, { end: false });
    hash.digest();
  }
  await answered;
  return Number(bytes) / 1000 / (performance.now() - startedAt);
}

function headOf(bytes: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(BigInt(bytes));
  return head;
}

function writeAll(socket: Socket, bytes: number): void {
  const chunk = Buffer.alloc(CHUNK);
  socket.write(headOf(bytes));
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const part = left < CHUNK ? chunk.subarray(0, left) : chunk;
      left -= part.length;
      if (!socket.write(part)) return;
    }
  };
  socket.on('drain', more);
  more();
}
