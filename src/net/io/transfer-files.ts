/** Files that are sent and received. A received one grows under a name of its own and is given its real one when it is whole. */
import { access, constants, link, open, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Part, SaveFolder, Source } from './transfer-types.ts';

/** Names that are tried until one is free. */
const MAX_NUMBER = 10_000;

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
    async read(from, length) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    },
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
  return {
    size: found.size,
    async read(from, length) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    },
    async write(at, bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
        done += bytesWritten;
      }
    },
    truncate: (size) => file.truncate(size),
    async keep() {
      await file.sync();
      for (let number = 0; number < MAX_NUMBER; number++) {
        const own = numbered(name, number);
        try {
          // A link fails where the name is taken: nothing is ever overwritten.
          await link(path, join(directory, own));
          await rm(path, { force: true });
          return own;
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
        }
      }
      throw new Error('there are too many files of this name');
    },
    async close() {
      left();
      await file.close();
    },
  };
}

/** `name (2).ext`: where the name is taken. */
function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${stem} (${number})${ending}`;
}
