/** The connection under a pipe: what comes of it is the session's input. A pipe may change it for another. */
import type { Io } from '../io/io.ts';
import { CLOSE_TIMEOUT } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import type { Input } from './effects.ts';
import type { Secured } from './secure.ts';

export class Carrier {
  readonly secured: Secured;
  readonly transport: 'tcp' | 'udp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #isDirect: boolean;
  #isFull = false;

  /** @param isDirect nothing between the two ends the connection by itself, as a relay may */
  constructor(secured: Secured, isDirect: boolean) {
    this.#isDirect = isDirect;
    this.secured = secured;
    this.transport = secured.stream.transport;
    this.local = secured.stream.local;
    this.remote = secured.stream.remote;
  }

  /** It has no room until it says so. */
  get isFull(): boolean {
    return this.#isFull;
  }

  read(take: (input: Input) => void): void {
    this.secured.stream.setReader({
      data: (bytes) => take({ kind: 'data', bytes }),
      ended: () => take({ kind: 'lost', reason: 'the peer hung up', isFinal: this.#isDirect }),
      closed: (error) =>
        take({ kind: 'lost', reason: lossOf(error), isFinal: error === null && this.#isDirect }),
      drained: () => {
        this.#isFull = false;
        take({ kind: 'drained' });
      },
    });
  }

  write(chunks: readonly Uint8Array[]): void {
    this.#isFull = !this.secured.stream.write(chunks);
  }

  /** FIN. */
  end(): void {
    this.secured.stream.end();
  }

  destroy(): void {
    this.secured.stream.destroy();
  }

  /** Another one carries the pipe. Who joined drops this one first: were the other side quicker, it would look like a loss. */
  retire(io: Io, isFirst: boolean): void {
    const { stream } = this.secured;
    if (isFirst) {
      stream.destroy();
      return;
    }
    const gone = new AbortController();
    stream.setReader({
      data: () => undefined,
      ended: () => gone.abort(),
      closed: () => gone.abort(),
      drained: () => undefined,
    });
    void io.sleepUntil(io.now() + CLOSE_TIMEOUT, gone.signal).then(() => stream.destroy());
  }

  /** Gives it away: nothing more is read here. */
  release(): Secured {
    this.secured.stream.setReader(null);
    return this.secured;
  }
}

function lossOf(error: Error | null): string {
  if (error === null) return 'the peer hung up';
  return `the connection was lost (${'code' in error && typeof error.code === 'string' ? error.code : error.message})`;
}
