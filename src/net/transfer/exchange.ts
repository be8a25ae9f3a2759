/** The files of a node: what peers send, and what is sent to them, told apart for each pipe. */
import { P2pdError } from '../errors.ts';
import type { FileEvent } from '../events.ts';
import type { Io } from '../io/io.ts';
import type { SaveFolder, Source } from '../io/transfer-types.ts';
import type { MessageKind } from '../pipe/frame.ts';
import type { Pipe } from '../pipe/pipe.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeFileMessage, type FileMessage, PROTOCOL_FILE } from './message.ts';
import { FileReceiver, type FileReport } from './receive.ts';
import { FileSender } from './send.ts';

/** ms between two reports of one transfer. */
const REPORT_EVERY = 250;

export class FileExchange {
  readonly #io: Io;
  readonly #emit: (event: FileEvent) => void;
  readonly #senders = new WeakMap<Pipe, FileSender>();
  readonly #toldAt = new Map<string, number>();
  readonly #receiver: FileReceiver;

  constructor(io: Io, emit: (event: FileEvent) => void) {
    this.#io = io;
    this.#emit = emit;
    this.#receiver = new FileReceiver(this.#report);
  }

  /** Files that peers send are kept there from now on; null: none is taken. */
  receiveIn(folder: SaveFolder | null): void {
    this.#receiver.folder = folder;
  }

  /** @returns its name on the other side. @throws as `FileSender.run`; P2pdError BUSY: one at a time on each pipe */
  async send(pipe: Pipe, source: Source, signal: AbortSignal): Promise<string> {
    if (this.#senders.has(pipe)) {
      const hint = 'wait until it is there';
      throw new P2pdError('BUSY', 'another file is on its way over this pipe', { hint });
    }
    const sender = new FileSender(pipe, source, this.#report);
    this.#senders.set(pipe, sender);
    const over = new AbortController();
    void this.#tellOften(sender, over.signal);
    try {
      return await sender.run(signal);
    } finally {
      over.abort();
      this.#senders.delete(pipe);
    }
  }

  /** What is under way arrives later than it is sent, and may stand still. */
  async #tellOften(sender: FileSender, over: AbortSignal): Promise<void> {
    for (;;) {
      await this.#io.sleepUntil(this.#io.now() + REPORT_EVERY, over);
      if (over.aborted) return;
      sender.tellProgress();
    }
  }

  /** Whether this message is of a file. */
  takes(pipe: Pipe, kind: MessageKind, bytes: Uint8Array): boolean {
    return kind === 'control' ? bytes[0] === PROTOCOL_FILE : this.#receiver.isReceiving(pipe);
  }

  /** @returns when it is dealt with: the peer sends on then */
  take(pipe: Pipe, kind: MessageKind, bytes: Uint8Array): void | Promise<void> {
    if (kind === 'bulk') return this.#receiver.bulk(pipe, bytes);
    const message = decodeOrNull(bytes);
    if (message === null) return undefined;
    if (!isOfReceiver(message)) return this.#receiver.control(pipe, message);
    this.#senders.get(pipe)?.take(message);
    return undefined;
  }

  readonly #report = (report: FileReport): void => {
    const key = `${report.pipe} ${report.direction}`;
    const now = this.#io.now();
    if (report.state === 'progress' && now - (this.#toldAt.get(key) ?? 0) < REPORT_EVERY) return;
    if (report.state === 'progress' || report.state === 'start') this.#toldAt.set(key, now);
    else this.#toldAt.delete(key);
    this.#emit({ event: 'file', ...report });
  };
}

/** Whether the receiving side says it: files may go both ways over one pipe at once. */
function isOfReceiver({ operation }: FileMessage): boolean {
  return operation === 'accept' || operation === 'done' || operation === 'refuse';
}

function decodeOrNull(bytes: Uint8Array): FileMessage | null {
  try {
    return decodeFileMessage(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
