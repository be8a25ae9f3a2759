/** Streams that come in at a node's listeners, and by punches: admitted, secured, handed on as pipes. Wiring only. */
import { pathwayOf } from './connect/pathway.ts';
import { reasonOf } from './errors.ts';
import type { Identity } from './identity.ts';
import type { ByteStream, Io, NetworkInterface } from './io/io.ts';
import { type AcceptTask, acceptPipe } from './pipe/accept.ts';
import { Admission } from './pipe/admission.ts';
import type { PipeListener } from './pipe/pipe.ts';
import type { Preamble } from './pipe/preamble.ts';
import { refuseAtOnce } from './pipe/secure.ts';
import type { Endpoint } from './wire/endpoint.ts';

export interface IncomingTask {
  readonly io: Io;
  readonly identity: Identity;
  readonly interfaces: () => readonly NetworkInterface[];
  /** @param startedAt when its first sign came */
  readonly listener: (startedAt: number) => PipeListener;
  readonly allowed: AcceptTask['allowed'];
  readonly expected: (preamble: Preamble, remote: Endpoint) => ReturnType<AcceptTask['expected']>;
  readonly isOpen: AcceptTask['isOpen'];
  readonly refused: (remote: Endpoint, reason: string) => void;
  readonly signal: AbortSignal;
}

export class Incoming {
  readonly #task: IncomingTask;
  readonly #admission = new Admission();

  constructor(task: IncomingTask) {
    this.#task = task;
  }

  /** Never rejects. */
  async take(stream: ByteStream): Promise<void> {
    const { io, identity, interfaces, listener, allowed, expected, isOpen, refused, signal } = this.#task;
    const { remote } = stream;
    if (!this.#admission.enter(remote.ip)) {
      refuseAtOnce(stream, 'busy');
      refused(remote, 'too many handshakes under way');
      return;
    }
    try {
      await acceptPipe({
        io,
        identity,
        stream,
        listener: listener(io.now()),
        path: pathwayOf(interfaces(), remote.ip),
        allowed,
        expected: (preamble) => expected(preamble, remote),
        isOpen,
        signal,
      });
    } catch (error) {
      refused(remote, reasonOf(error));
    } finally {
      this.#admission.leave(remote.ip);
    }
  }
}
