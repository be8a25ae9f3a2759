/** Files that are sent and received. A received one grows under a name of its own and is given its real one when it is whole. */
import { access, constants, type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { startHash } from './file-hash.ts';
import type { Part, SaveFolder, Source } from './transfer-types.ts';

/** Names that are tried until one is free. */
const MAX_NUMBER = 10_000;
/** What file systems without hard links say: FAT, exFAT, some of networks. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES', 'EMLINK']);
/** Bytes written between two flushes to the disk. */
const FLUSH_EVERY = 32 * 1024 * 1024;

/** `~/x` as a shell reads it. */
export function expandHome(path: string): string {
  return /^~(?=$|[/\\])/.test(path) ? join(homedir(), path.slice(1)) : path;
}

/** @throws Error in words for what cannot be sent */
export async function openSource(path: string): Promise<Source> {
  const file = await open(path, 'r');
  const found = await file.stat();
  if (!found.isFile()) {
    await file.close();
    throw new Error('it is no regular file');
  }
  return {
    name: basename(path),
    size: found.size,
    read: (from, length) => readAt(file, from, length),
    hash: () => startHash((from, length) => readAt(file, from, length), found.size, file.fd),
    close: () => file.close(),
  };
}

/** @throws Error in words for what is no folder that we may write to */
export async function openSaveFolder(directory: string): Promise<SaveFolder> {
  if (!(await stat(directory)).isDirectory()) throw new Error('it is no directory');
  await access(directory, constants.W_OK | constants.X_OK);
  const busy = new Set<string>();
  return {
    async open(name, size) {
      // The size tells files of one name apart, as far as that can be known before the bytes.
      const path = join(directory, `.${name}.${size}.part`);
      if (busy.has(path)) throw new Error('the same file is being received already');
      busy.add(path);
      try {
        return await openPart(directory, path, name, () => busy.delete(path));
      } catch (error) {
        busy.delete(path);
        throw error;
      }
    },
  };
}

async function openPart(directory: string, path: string, name: string, left: () => void): Promise<Part> {
  // Never through a link that somebody put there.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  const found = await file.stat();
  if (!found.isFile()) {
    await file.close();
    throw new Error('something else has its name');
  }
  const flushed = new Flusher(file);
  let isKept = false;
  return {
    size: found.size,
    hash: (size) => startHash((from, length) => readAt(file, from, length), size, file.fd),
    async write(at, chunks) {
      await writeAll(file, at, chunks);
      flushed.written(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    },
    truncate: (size) => file.truncate(size),
    async keep() {
      await flushed.done();
      await file.sync();
      const own = await giveName(directory, path, name);
      isKept = true;
      return { name: own, path: join(directory, own) };
    },
    async close() {
      try {
        await flushed.done();
        const isEmpty = !isKept && (await file.stat()).size === 0;
        await file.close();
        // Of what never came nothing is left lying about.
        if (isEmpty) await rm(path, { force: true });
      } finally {
        left();
      }
    },
  };
}

async function readAt(file: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
}

/** Gives a whole file the first of its names that is free: nothing is ever overwritten. @returns it */
async function giveName(directory: string, path: string, name: string): Promise<string> {
  for (let number = 0; number < MAX_NUMBER; number++) {
    const own = numbered(name, number);
    try {
      await moveTo(path, join(directory, own));
      return own;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  throw new Error('there are too many files of this name');
}

/** @throws EEXIST where the name is taken */
async function moveTo(path: string, own: string): Promise<void> {
  try {
    await link(path, own);
    await rm(path, { force: true });
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error))) throw error;
    // The name is taken first, so that what is replaced is ours.
    await (await open(own, 'wx', 0o600)).close();
    await rename(path, own);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Brings a growing file to the disk while more of it comes, so that the end waits for little. */
class Flusher {
  readonly #file: FileHandle;
  #due = 0;
  #running: Promise<void> | null = null;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  written(bytes: number): void {
    this.#due += bytes;
    if (this.#due < FLUSH_EVERY || this.#running !== null) return;
    this.#due = 0;
    // What is wrong with the disk is told by the next write, or by the sync at the end.
    const end = () => {
      this.#running = null;
    };
    this.#running = this.#file.datasync().then(end, end);
  }

  done(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }
}

async function writeAll(file: FileHandle, at: number, chunks: readonly Uint8Array[]): Promise<void> {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await file.writev([...chunks], at);
  if (bytesWritten === length) return;
  // A nearly full disk, or more chunks than the system takes at once.
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  for (let done = 0; done < rest.length; )
    done += (await file.write(rest, done, rest.length - done, at + bytesWritten + done)).bytesWritten;
}

/** `name (2).ext`: where the name is taken. */
function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${stem} (${number})${ending}`;
}
