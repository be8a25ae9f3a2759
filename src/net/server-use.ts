/** What a server of ours tells whoever runs it: who used what, and what went wrong. Types only. */

export type ServerKind = 'mqtt' | 'stun' | 'turn' | 'ntp' | 'pnp' | 'info';

export interface ServerUse {
  readonly kind: ServerKind;
  /** The client's IP address. */
  readonly client: string;
  /** request: one answered · refused: over a limit or not allowed · error: junk or broken rules. */
  readonly what: 'connected' | 'left' | 'request' | 'refused' | 'error';
  /** A few words where something went wrong; never what a client sent. */
  readonly detail?: string;
}

/** A server that runs. */
export interface RunningServer {
  close(): Promise<void>;
}
