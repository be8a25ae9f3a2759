/**
 * Signalling alone on a simulated machine, and an oracle beside it: every payload that its brokers
 * handed to it, so that what it acted upon can be compared with what it had to.
 */
import { setMaxListeners } from 'node:events';
import type { LabHost } from '../../src/lab/index.ts';
import { overlay } from '../../src/lab/misbehave.ts';
import type { Identity } from '../../src/net/identity.ts';
import type { Io } from '../../src/net/io/io.ts';
import { openEnvelope, readHead } from '../../src/net/signal/envelope.ts';
import { decodeMessage, type Message } from '../../src/net/signal/message.ts';
import { Secrets } from '../../src/net/signal/secrets.ts';
import { type Origin, Signalling } from '../../src/net/signal/signalling.ts';
import { encodeBase16 } from '../../src/net/wire/base16.ts';

/** A payload as a broker handed it over. */
interface Arrival {
  readonly payload: Uint8Array;
  /** The machine's own Unix ms. */
  readonly wall: number;
}

/** The first copy of a message, opened by the test itself. */
export interface Mail {
  readonly wall: number;
  readonly sentAt: number;
  readonly lifetime: number;
  readonly answered: boolean;
  readonly message: Message;
}

export interface Signaller {
  readonly host: LabHost;
  readonly identity: Identity;
  readonly signalling: Signalling;
  readonly received: { readonly message: Message; readonly origin: Origin; readonly at: number }[];
  /** Pipes that it asks for, in hex digits. */
  readonly wishes: Set<string>;
  /** What reached it, each message once, opened. @throws when one was not sealed for it */
  mail(): Mail[];
  stop(): void;
}

export interface SignallerOptions {
  readonly host: LabHost;
  readonly identity: Identity;
  readonly urls: readonly string[];
  /** Called before `received` grows. */
  readonly onMessage?: (message: Message, origin: Origin) => void;
}

/** It listens when its `signalling.start` has resolved. */
export function createSignaller({ host, identity, urls, onMessage }: SignallerOptions): Signaller {
  const arrivals: Arrival[] = [];
  const received: Signaller['received'] = [];
  const wishes = new Set<string>();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const signalling = new Signalling({
    io: watched(host, (payload) => arrivals.push({ payload, wall: host.io.wallClock() })),
    identity,
    urls,
    files: null,
    file: 'signal-0.json',
    wall: () => host.io.wallClock(),
    receive: (message, origin) => {
      onMessage?.(message, origin);
      received.push({ message, origin, at: host.io.now() });
    },
    isWished: (pipeId) => wishes.has(encodeBase16(pipeId)),
    isShared: () => false,
    changed: () => undefined,
    signal: stop.signal,
  });
  return {
    host,
    identity,
    signalling,
    received,
    wishes,
    mail: () => openAll(arrivals, identity),
    stop: () => stop.abort(new Error('the test is over')),
  };
}

/** Its own messages to itself begin with 0 and are no mail. */
function openAll(arrivals: readonly Arrival[], identity: Identity): Mail[] {
  const secrets = new Secrets(identity);
  const known = new Set<string>();
  const mail: Mail[] = [];
  for (const { payload, wall } of arrivals) {
    if (payload[0] === 0) continue;
    const head = readHead(payload);
    const name = encodeBase16(head.messageId);
    if (known.has(name)) continue;
    known.add(name);
    const { sentAt, lifetime, answered, payload: text } = openEnvelope(secrets, head, payload);
    mail.push({ wall, sentAt, lifetime, answered: answered !== null, message: decodeMessage(text) });
  }
  return mail;
}

/** A machine's Io that tells what its brokers hand over. */
function watched({ io }: LabHost, onPayload: (payload: Uint8Array) => void): Io {
  return overlay<Io>(io, {
    openBroker(url, reader, signal) {
      const message = (topic: string, payload: Uint8Array) => {
        onPayload(payload);
        reader.message(topic, payload);
      };
      return io.openBroker(url, { message, closed: (reason) => reader.closed(reason) }, signal);
    },
  });
}
