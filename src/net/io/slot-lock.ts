/**
 * A lock that dies with its process: a listening local socket (a named pipe on Windows), since
 * Node has no file locks. Whoever can connect to it knows that it is held, across network
 * namespaces and containers that share the directory; what a killed process left refuses and is
 * taken over.
 */
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, lstatSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { platform, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Local socket paths end at 104 bytes on macOS, 108 on Linux; our temporary suffix takes 12. */
const MAX_SOCKET_PATH = 90;
/**
 * ms between taking over a dead lock and looking whether somebody else did the same: a rival looks
 * and renames within one turn of its event loop.
 */
const TAKEOVER_SETTLE = 50;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of this name if nobody holds it.
 *
 * @param path where the lock shows itself; its directory exists
 * @returns null when another process, or this one, holds it
 * @throws the system's error when the directory cannot be written to
 */
export async function tryLock(path: string): Promise<Lock | null> {
  if (platform() === 'win32') return lockNamedPipe(path);
  const place = Buffer.byteLength(path) > MAX_SOCKET_PATH ? shortPath(path) : path;
  const own = `${place}.${randomBytes(5).toString('hex')}`;
  const server = await listen(own);
  if (await claim(own, place)) return { release: () => release(server, place, own) };
  await close(server);
  return null;
}

/** Whether `place` is now our socket. */
async function claim(own: string, place: string): Promise<boolean> {
  const inode = inodeOf(own);
  if (linkNew(own, place)) {
    rmSync(own, { force: true });
    return true;
  }
  const found = inodeOf(place);
  if (await answers(place)) return false;
  // Looked at and replaced within one turn, so that only what was seen dead is replaced.
  if (inodeOf(place) !== found) return false;
  renameSync(own, place);
  await setTimeout(TAKEOVER_SETTLE);
  return inodeOf(place) === inode;
}

function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function inodeOf(path: string): bigint | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

/** Whether a living process listens there; in doubt (no permission, queue full) it does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT' && error.code !== 'ENOTSOCK');
    });
  });
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      server.on('error', () => undefined);
      server.unref();
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function release(server: Server, place: string, own: string): Promise<void> {
  rmSync(place, { force: true });
  rmSync(own, { force: true });
  await close(server);
}

async function lockNamedPipe(path: string): Promise<Lock | null> {
  try {
    const server = await listen(`\\\\.\\pipe\\p2pd-demo-${nameOf(path)}`);
    return { release: () => close(server) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return null;
    throw error;
  }
}

function shortPath(path: string): string {
  return join(tmpdir(), `p2pd-demo-${userInfo().uid}-${nameOf(path)}`);
}

function nameOf(path: string): string {
  const real = join(realpathSync(dirname(path)), path.slice(dirname(path).length));
  return createHash('sha256').update(real).digest('hex').slice(0, 24);
}
