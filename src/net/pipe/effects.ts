/** What goes into a Session and what comes out of it. Types only. */
import type { MessageKind } from './frame.ts';

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
  /** Over; drop the connection. Nothing follows. */
  | { readonly kind: 'closed'; readonly reason: string };

export type Input =
  | { readonly kind: 'start' }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'drained' }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'send'; readonly message: MessageKind; readonly bytes: Uint8Array; readonly id: number }
  | { readonly kind: 'settled'; readonly sequence: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'end' }
  | { readonly kind: 'close'; readonly reason: string }
  | { readonly kind: 'tick' };

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
  /** ms without a frame received after which a PING is sent; default KEEPALIVE_INTERVAL. */
  readonly keepalive?: () => number;
}
