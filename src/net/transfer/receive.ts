/**
 * Files that peers send: each into its part, checked by its hash, kept under a safe name. One at a time for each pipe.
 * Effects through a SaveFolder.
 *
 *   offer ──► accept (what is there, its hash) ──begin──► receiving ──end, hash fits──► done
 *      └──────────────── refuse ◄──────────────────────────────┘
 */
import { reasonOf } from '../errors.ts';
import type { FileEvent } from '../events.ts';
import type { Part, RunningHash, SaveFolder } from '../io/transfer-types.ts';
import type { Pipe } from '../pipe/pipe.ts';
import { encodeFileMessage, type FileMessage } from './message.ts';
import { safeName } from './name.ts';

export type FileReport = Omit<FileEvent, 'event'>;
type FileState = FileEvent['state'];

interface Receiving {
  readonly part: Part;
  readonly name: string;
  readonly size: number;
  hash: RunningHash;
  at: number;
  /** Where it began; null until the sender has said so. */
  from: number | null;
  /** What came while the disk was busy: it is written at once then. */
  waiting: Uint8Array[];
  /** The write that takes it. */
  writing: Promise<void> | null;
  /** What was there before, bytes. */
  readonly known: number;
}

export class FileReceiver {
  /** null: no file is taken. What is being received is not touched by another one. */
  folder: SaveFolder | null = null;
  readonly #report: (report: FileReport) => void;
  readonly #open = new WeakMap<Pipe, Receiving>();
  /** What a pipe has brought is dealt with in its order. */
  readonly #tails = new WeakMap<Pipe, Promise<void>>();

  constructor(report: (report: FileReport) => void) {
    this.#report = report;
  }

  /** Whether a pipe's bulk is a file's. */
  isReceiving(pipe: Pipe): boolean {
    return this.#open.has(pipe);
  }

  /** @returns when it is dealt with */
  control(pipe: Pipe, message: FileMessage): Promise<void> {
    return this.#next(pipe, () => this.#take(pipe, message));
  }

  /** @returns when they are written */
  bulk(pipe: Pipe, bytes: Uint8Array): Promise<void> {
    const receiving = this.#open.get(pipe);
    if (receiving === undefined) return Promise.resolve();
    receiving.waiting.push(bytes);
    receiving.writing ??= this.#next(pipe, () => this.#write(pipe, receiving));
    return receiving.writing;
  }

  #next(pipe: Pipe, work: () => Promise<void>): Promise<void> {
    const tail = (this.#tails.get(pipe) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      this.#fail(pipe, reasonOf(error));
    });
    this.#tails.set(pipe, tail);
    return tail;
  }

  async #take(pipe: Pipe, message: FileMessage): Promise<void> {
    const receiving = this.#open.get(pipe);
    switch (message.operation) {
      case 'offer':
        await this.#offered(pipe, message.name, message.size);
        break;
      case 'begin':
        if (receiving !== undefined) await begin(receiving, message.offset);
        break;
      case 'end':
        if (receiving !== undefined) await this.#finish(pipe, receiving, message.hash);
        break;
      case 'withdraw':
        if (receiving !== undefined) this.#fail(pipe, message.reason, false);
        break;
      default:
    }
  }

  async #offered(pipe: Pipe, offered: string, size: number): Promise<void> {
    const name = safeName(offered);
    const { folder } = this;
    if (folder === null || this.#open.has(pipe)) {
      const reason = folder === null ? 'the other side takes no files' : 'one file at a time';
      void say(pipe, { operation: 'refuse', reason });
      const seen = folder === null ? 'no files are taken here' : reason;
      const refused = { direction: 'in', name, size, done: 0, from: 0, state: 'refused' } as const;
      this.#report({ pipe: pipe.id, ...refused, reason: seen });
      return;
    }
    const part = await folder.open(name, size);
    const hash = part.hash(size);
    const there = Math.min(part.size, size);
    const receiving: Receiving = {
      ...{ part, name, size, hash, at: 0, from: null, known: there },
      ...{ waiting: [], writing: null },
    };
    this.#open.set(pipe, receiving);
    void pipe.closed.then((reason) => this.#fail(pipe, reason, false));
    const told = await hash.digest(there);
    this.#tell(pipe, receiving, 'start');
    await say(pipe, { operation: 'accept', offset: there, hash: told });
  }

  async #write(pipe: Pipe, receiving: Receiving): Promise<void> {
    const chunks = receiving.waiting;
    receiving.waiting = [];
    receiving.writing = null;
    if (this.#open.get(pipe) !== receiving) return;
    if (receiving.from === null) throw new Error('bytes came before their beginning was told');
    const length = chunks.reduce((sum, { length }) => sum + length, 0);
    if (receiving.at + length > receiving.size) throw new Error('more came than was offered');
    await receiving.part.write(receiving.at, chunks);
    receiving.at += length;
    receiving.hash.upTo(receiving.at);
    this.#tell(pipe, receiving, 'progress');
  }

  async #finish(pipe: Pipe, receiving: Receiving, hash: Uint8Array): Promise<void> {
    const { part, at, size } = receiving;
    const fits = at === size && Buffer.compare(await receiving.hash.digest(size), hash) === 0;
    if (!fits) {
      // What is wrong must not be gone on with.
      await part.truncate(0);
      throw new Error(at === size ? 'its hash does not fit' : `${size - at} bytes are missing`);
    }
    const { name, path } = await part.keep();
    this.#open.delete(pipe);
    await receiving.hash.close();
    await part.close();
    this.#tell(pipe, { ...receiving, name }, 'done', { kept: path });
    await say(pipe, { operation: 'done', name });
  }

  #fail(pipe: Pipe, reason: string, tells = true): void {
    const receiving = this.#open.get(pipe);
    this.#open.delete(pipe);
    if (tells) void say(pipe, { operation: 'refuse', reason });
    if (receiving === undefined) return;
    void receiving.hash
      .close()
      .then(() => receiving.part.close())
      .catch(() => undefined);
    this.#tell(pipe, receiving, 'failed', { reason });
  }

  #tell(
    pipe: Pipe,
    receiving: Receiving,
    state: FileState,
    more: Pick<FileReport, 'reason' | 'kept'> = {},
  ): void {
    const { name, size, at, from } = receiving;
    this.#report({ pipe: pipe.id, direction: 'in', name, size, done: at, from: from ?? 0, state, ...more });
  }
}

/** @throws Error for an offset that was not offered */
async function begin(receiving: Receiving, offset: number): Promise<void> {
  const { part, known } = receiving;
  if (offset !== 0 && offset !== known) throw new Error('it begins where nothing was offered');
  if (offset === 0 && known > 0) {
    await receiving.hash.close();
    receiving.hash = part.hash(receiving.size);
  }
  receiving.at = offset;
  receiving.from = offset;
  await part.truncate(offset);
}

async function say(pipe: Pipe, message: FileMessage): Promise<void> {
  await pipe.sendKind('control', encodeFileMessage(message)).catch(() => undefined);
}
