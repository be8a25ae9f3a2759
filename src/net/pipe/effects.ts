/** What goes into a Session and what comes out of it. Types only. */
import type { FrameDecoder, MessageKind, ReceivedFrame } from './frame.ts';

/** A connection's stream of frames, from where another session takes it over. */
export interface Rest {
  readonly decoder: FrameDecoder;
  /** Decoded already. */
  readonly frames: readonly ReceivedFrame[];
}

/** Another path for a pipe. */
export interface Arrival {
  /** The number of the last frame that the peer has received. */
  readonly received: number;
  readonly rest: Rest;
}

export type Effect =
  | { readonly kind: 'write'; readonly chunks: readonly Uint8Array[] }
  /** The peer's key is proven; the pipe may be shown once `open` follows. */
  | { readonly kind: 'proven' }
  /** An authenticated message of the peer has answered one of ours; `rtt` null: before a PONG came. */
  | { readonly kind: 'open'; readonly rtt: number | null }
  | { readonly kind: 'rtt'; readonly rtt: number }
  | {
      readonly kind: 'message';
      readonly message: MessageKind;
      /** In one piece; bulk in as many as came, since nobody looks at it as a whole. */
      readonly parts: readonly Uint8Array[];
      readonly sequence: number;
    }
  /** The message with this id is handed over in full. */
  | { readonly kind: 'sent'; readonly id: number }
  /** Everything up to our END is acknowledged. */
  | { readonly kind: 'flushed' }
  /** The peer will send no more messages. */
  | { readonly kind: 'ended' }
  /** Send FIN and wait for the other side's. */
  | { readonly kind: 'hang-up' }
  /** The peer joins this connection to a pipe that is open already: nothing follows. */
  | { readonly kind: 'join'; readonly payload: Uint8Array; readonly rest: Rest }
  /** An answer is overdue; `sure`: it came after all. */
  | { readonly kind: 'doubt' | 'sure' }
  /** The path is gone, the pipe waits for `moved` or `give-up`. */
  | { readonly kind: 'stranded'; readonly reason: string }
  /** The peer's newest address, not checked. */
  | { readonly kind: 'address'; readonly bytes: Uint8Array }
  /** Over; drop the connection. Nothing follows. */
  | { readonly kind: 'closed'; readonly reason: string };

export type Input =
  | { readonly kind: 'start' }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'drained' }
  /** @param isFinal the peer itself has hung up: no other path is looked for */
  | { readonly kind: 'lost'; readonly reason: string; readonly isFinal?: boolean }
  | { readonly kind: 'send'; readonly message: MessageKind; readonly bytes: Uint8Array; readonly id: number }
  | { readonly kind: 'settled'; readonly sequence: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'end' }
  | { readonly kind: 'close'; readonly reason: string }
  | { readonly kind: 'tick' }
  /** Another connection is proven and carries the pipe from here on. `reply`: the JOIN to answer with; null on the side that joined. */
  | { readonly kind: 'moved'; readonly arrival: Arrival; readonly reply: Uint8Array | null }
  /** No other path was found. */
  | { readonly kind: 'give-up'; readonly reason: string }
  /** Tells the peer our newest address. */
  | { readonly kind: 'address'; readonly bytes: Uint8Array };

export interface SessionOptions {
  /** Our own proof, 64 bytes. */
  readonly proof: Uint8Array;
  /** Checks the peer's proof. */
  readonly verify: (proof: Uint8Array) => boolean;
  /**
   * Open as soon as the peer's proof has come, instead of waiting for a PONG. For who asked for the
   * pipe and was dialled: the proof is made over our own server hello, so it answers it.
   */
  readonly openOnProof?: boolean;
  /** Joins the connection to another pipe, once proven: this JOIN is sent instead of a PING. */
  readonly join?: Uint8Array;
  /** ms without a frame received after which a PING is sent; default KEEPALIVE_INTERVAL. */
  readonly keepalive?: () => number;
}
