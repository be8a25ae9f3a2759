/** The vectors that P2PD's own code made (test/vectors/pnp.json), as bytes. */
import { readFileSync } from 'node:fs';

interface Sealed {
  readonly ephemeral_sk: string;
  readonly iv: string;
  readonly plain: string;
  readonly wire: string;
}

export interface Exchange {
  readonly label: string;
  readonly fields: {
    readonly pkid: number;
    readonly reply_pk: string;
    readonly behavior: number;
    readonly updated: number;
    readonly name: string;
    readonly value: string;
    readonly vkc: string;
  };
  readonly signed_bytes: string;
  readonly signature: string;
  readonly plain: string;
  readonly request: Omit<Sealed, 'plain'>;
  readonly reply: Sealed;
}

interface Vectors {
  readonly keys: Readonly<Record<'server' | 'owner' | 'other' | 'client_reply', { sk: string; pk: string }>>;
  readonly rc6_32_20_block: readonly { key: string; plain: string; cipher: string }[];
  readonly sym: readonly { key: string; iv: string; plain: string; cipher: string }[];
  readonly ecies: readonly {
    receiver_sk: string;
    receiver_pk: string;
    ephemeral_sk: string;
    shared_secret: string;
    iv: string;
    plain: string;
    message: string;
  }[];
  readonly exchanges: readonly Exchange[];
  readonly signatures: readonly {
    note: string;
    pk: string;
    message: string;
    signature: string;
    valid: boolean;
  }[];
  readonly transcripts: readonly {
    server_sk: string;
    client_reply_sk: string;
    messages: readonly { dir: 'c>s' | 's>c'; bytes: string; plain: string }[];
  }[];
}

export const VECTORS = JSON.parse(
  readFileSync(new URL('../vectors/pnp.json', import.meta.url), 'utf8'),
) as Vectors;

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
