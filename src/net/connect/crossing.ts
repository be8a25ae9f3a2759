/**
 * Two nodes that connect to each other at once get one pipe. Rule only:
 *
 * A pipe that a peer asked for becomes what a connect of ours to that peer brings, if one is under way.
 * A connection that the other side has offered (by dialling back or punching) is open as soon as it is
 * chosen, so a pipe over one is always let in; one that the peer has dialled is refused
 * - where ours is open already, and the peer has not answered by it yet: it will let ours in;
 * - where we have chosen one that we have dialled, and our node id is the smaller one.
 * Where both choose what the other has offered at the same moment, two pipes are open, and both stay.
 */
import type { Pipe } from '../pipe/pipe.ts';

/** A connect that is under way. */
export interface Crossing {
  /** It has sent its proof over a connection of its own. */
  readonly isCommitted: boolean;
  /** Nothing new is chosen until `resume`. */
  hold(): void;
  resume(): void;
  /** The peer's pipe is open: it is what was wanted. */
  adopt(pipe: Pipe): void;
}

export class Crossings {
  readonly #own: string;
  readonly #pipes: () => Iterable<Pipe>;
  /** By the peer's node id. */
  readonly #connects = new Map<string, Set<Crossing>>();
  /** Pipes of peers that are let in, and the connects that wait for them, until they are open or gone. */
  readonly #awaited = new Map<Pipe, Crossing[]>();

  /** @param own node id  @param pipes that are open */
  constructor(own: string, pipes: () => Iterable<Pipe>) {
    this.#own = own;
    this.#pipes = pipes;
  }

  /** @returns how to leave */
  enter(peer: string, connect: Crossing): () => void {
    const connects = this.#connects.get(peer) ?? new Set();
    this.#connects.set(peer, connects.add(connect));
    for (const [pipe, waiting] of this.#awaited) {
      if (pipe.peer !== peer) continue;
      waiting.push(connect);
      connect.hold();
    }
    return () => {
      connects.delete(connect);
      if (connects.size === 0 && this.#connects.get(peer) === connects) this.#connects.delete(peer);
    };
  }

  /** The peer has chosen this connection for a pipe of its own. @returns whether it may have it */
  proven(pipe: Pipe): boolean {
    if (pipe.info.initiator) return true;
    const connects = [...(this.#connects.get(pipe.peer) ?? [])];
    if (pipe.info.method === 'direct' && this.#prefersOurs(pipe.peer, connects)) return false;
    this.#awaited.set(pipe, connects);
    for (const connect of connects) connect.hold();
    return true;
  }

  #prefersOurs(peer: string, connects: readonly Crossing[]): boolean {
    for (const { info, rtt } of this.#pipes())
      if (info.initiator && info.peer === peer && rtt === null) return true;
    return this.#own < peer && connects.some(({ isCommitted }) => isCommitted);
  }

  opened(pipe: Pipe): void {
    for (const connect of this.#take(pipe)) connect.adopt(pipe);
  }

  closed(pipe: Pipe): void {
    for (const connect of this.#take(pipe)) connect.resume();
  }

  #take(pipe: Pipe): readonly Crossing[] {
    const awaited = this.#awaited.get(pipe) ?? [];
    this.#awaited.delete(pipe);
    return awaited;
  }
}
