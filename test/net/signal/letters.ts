/** Opened messages and what an inbox makes of them, for its tests. */
import type { Opened } from '../../../src/net/signal/envelope.ts';
import { Inbox, type Verdict } from '../../../src/net/signal/inbox.ts';
import type { Message } from '../../../src/net/signal/message.ts';

export const WALL = 1_795_000_000_000;
export const LIFETIME = 12_000;
export const broker = 'mqtt://192.0.2.9:1883';

let lastId = 0;
function bytesOf(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(length - 4, value);
  return bytes;
}
export const freshNonce = () => bytesOf(++lastId, 16);

interface Letter extends Partial<Opened> {
  readonly from?: number;
}

/** A message that was opened. */
export function letter({ from = 1, ...rest }: Letter = {}): Opened {
  return {
    sender: bytesOf(from, 33),
    messageId: bytesOf(++lastId, 16),
    nodeId: String(from),
    sentAt: WALL,
    lifetime: LIFETIME,
    answered: null,
    payload: Uint8Array.of(6),
    ...rest,
  };
}

interface How {
  readonly now?: number;
  readonly wall?: number;
  readonly type?: Message['type'];
  readonly solicited?: boolean;
  readonly awaited?: boolean;
  readonly nonce?: Uint8Array;
}

export function judge(inbox: Inbox, opened: Opened, how: How = {}): Verdict['kind'] {
  const {
    now = 0,
    wall = WALL,
    type = 'connect',
    solicited = false,
    awaited = false,
    nonce = freshNonce(),
  } = how;
  return inbox.judge({ opened, type, solicited, awaited, nonce }, now, wall).kind;
}

export function restored(saved: string | null, wall = WALL): Inbox {
  const inbox = new Inbox();
  inbox.restore(saved, wall);
  return inbox;
}
