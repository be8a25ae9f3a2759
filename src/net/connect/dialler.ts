/** Dials addresses of one peer for one pipe, up to an encrypted connection. Effects through Io. */
import type { Identity } from '../identity.ts';
import type { Io } from '../io/io.ts';
import { diallerPsk, type Secured, secureAsDialler } from '../pipe/secure.ts';
import type { Attempt } from './attempt.ts';
import type { Candidate } from './pathway.ts';
import type { Measured } from './quality.ts';

export class Dialler {
  readonly #io: Io;
  readonly #identity: Identity;
  readonly #peerKey: Uint8Array;
  readonly #pipeId: Uint8Array;
  #psk: Promise<Uint8Array> | null = null;

  constructor(io: Io, identity: Identity, peerKey: Uint8Array, pipeId: Uint8Array) {
    this.#io = io;
    this.#identity = identity;
    this.#peerKey = peerKey;
    this.#pipeId = pipeId;
  }

  /**
   * @param attempt told when TCP is through and the handshake begins; its signal ends it
   * @throws the system's error, an AlertError where the peer refuses, the signal's reason
   */
  async dial(
    { local, remote }: Candidate,
    attempt: Attempt,
  ): Promise<{ secured: Secured; measured: Measured }> {
    const io = this.#io;
    const { signal } = attempt.stop;
    const dialling = io.dialTcp(local, remote, signal);
    const [stream, psk] = await Promise.all([dialling, this.#key()]);
    attempt.connecting = 1;
    const began = io.now();
    const secured = await secureAsDialler(
      io,
      stream,
      this.#identity,
      this.#peerKey,
      this.#pipeId,
      psk,
      signal,
    );
    return { secured, measured: { transport: 'tcp', rtt: io.now() - began, loss: null } };
  }

  /** Worked out once, and only when the first SYN is on its way: waiting for the answer costs nothing. */
  #key(): Promise<Uint8Array> {
    const io = this.#io;
    this.#psk ??= io.sleepUntil(io.now()).then(() => diallerPsk(this.#identity, this.#peerKey));
    return this.#psk;
  }
}
