/**
 * Asks a name server: over UDP with quick repetition, over TCP beside it, and takes the first answer that is one.
 * Each request has a key of its own to be answered to, and everything in an answer is compared with the question.
 * Effects only through Io.
 */
import {
  type ByteStream,
  type Endpoint,
  type Identity,
  type Io,
  PNP_CLIENT,
  reasonOf,
} from '../net/index.ts';
import type { Curve } from './curve.ts';
import {
  envelopeKey,
  IV_LENGTH,
  isEnvelopeLength,
  MAX_ENVELOPE,
  openEnvelope,
  sealEnvelope,
} from './envelope.ts';
import { decodePacket, encodePacket, type PnpPacket } from './packet.ts';
import { decodeRefusal } from './refusal.ts';
import type { RefusalReason } from './rules.ts';

/** A name server, at every address that it is known by. */
export interface NameServer {
  readonly publicKey: Uint8Array;
  /** How people know it. */
  readonly host: string;
  readonly endpoints: readonly Endpoint[];
}

export type Answer =
  | {
      readonly kind: 'found';
      readonly value: Uint8Array;
      readonly owner: Uint8Array;
      readonly updated: number;
    }
  | { readonly kind: 'missing' }
  /** A push or a delete was taken. */
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly why: RefusalReason }
  /** Nothing that is an answer came in time, or it could not be asked. */
  | { readonly kind: 'silent'; readonly reason: string };

/** What is asked: `value` null = who has that name; empty = delete it. */
export interface Question {
  readonly name: Uint8Array;
  readonly value: Uint8Array | null;
  /** Unix seconds. */
  readonly updated: number;
}

export interface PnpClientTask {
  readonly io: Io;
  readonly curve: Curve;
  /** Signs what is pushed; of fetches its public key is shown. */
  readonly identity: Identity;
}

interface Sealed {
  readonly bytes: Uint8Array;
  /** null: not this server's answer to this question. */
  readonly read: (bytes: Uint8Array) => Answer | null;
}

export class PnpClient {
  readonly #task: PnpClientTask;

  constructor(task: PnpClientTask) {
    this.#task = task;
  }

  /** Never rejects. */
  async ask(server: NameServer, question: Question, signal: AbortSignal): Promise<Answer> {
    const { io } = this.#task;
    const over = new AbortController();
    const stop = AbortSignal.any([signal, over.signal]);
    const silent = (reason: string): Answer => ({ kind: 'silent', reason });
    let reason = 'no answer';
    const failed = (why: string) => {
      reason = why;
    };
    try {
      const sealed = this.#seal(server, question);
      const ways = server.endpoints.flatMap((at) => [
        this.#overUdp(at, sealed, stop),
        this.#overTcp(at, sealed, stop, failed),
      ]);
      const late = io.sleepUntil(io.now() + PNP_CLIENT.timeout, stop).then(() => silent(reason));
      if (ways.length === 0) return silent('it has no address here');
      return await Promise.race([late, firstOf(ways)]);
    } catch (error) {
      return silent(reasonOf(error));
    } finally {
      over.abort();
    }
  }

  #seal(server: NameServer, { name, value, updated }: Question): Sealed {
    const { io, curve, identity } = this.#task;
    const [ephemeral, reply] = [io.randomBytes(32), io.randomBytes(32)];
    const packet: PnpPacket = {
      id: new DataView(io.randomBytes(4).slice().buffer).getUint32(0) || 1,
      replyKey: curve.publicKeyOf(reply),
      behavior: 1,
      updated,
      name,
      value: value ?? new Uint8Array(0),
      owner: identity.publicKey,
    };
    const signature = value === null ? null : identity.signSha1(encodePacket(packet));
    const bytes = sealEnvelope(
      encodePacket(packet, signature),
      curve.agree(ephemeral, server.publicKey),
      curve.publicKeyOf(ephemeral),
      io.randomBytes(IV_LENGTH),
    );
    return { bytes, read: (answer) => this.#read(answer, reply, server, packet, value === null) };
  }

  #read(
    bytes: Uint8Array,
    reply: Uint8Array,
    server: NameServer,
    asked: PnpPacket,
    isFetch: boolean,
  ): Answer | null {
    if (!isEnvelopeLength(bytes.length)) return null;
    try {
      const plain = openEnvelope(bytes, envelopeKey(this.#task.curve, bytes, reply));
      if (plain === null) return null;
      const refusal = decodeRefusal(plain);
      if (refusal !== null) return refusal.id === asked.id ? { kind: 'refused', why: refusal.why } : null;
      const packet = decodePacket(plain);
      const fits =
        packet.id === asked.id && same(packet.name, asked.name) && same(packet.replyKey, server.publicKey);
      if (!fits) return null;
      if (isFetch) {
        const { value, owner, updated } = packet;
        return updated === 0 || value.length === 0
          ? { kind: 'missing' }
          : { kind: 'found', value, owner, updated };
      }
      return same(packet.owner, asked.owner) && same(packet.value, asked.value) ? { kind: 'done' } : null;
    } catch {
      return null;
    }
  }

  /** Never rejects; resolves with null when it is over without an answer. */
  async #overUdp(at: Endpoint, { bytes, read }: Sealed, signal: AbortSignal): Promise<Answer | null> {
    const { io } = this.#task;
    let heard: (answer: Answer) => void = () => undefined;
    const answered = new Promise<Answer>((resolve) => {
      heard = resolve;
    });
    const local = { ip: at.ip.includes(':') ? '::' : '0.0.0.0', port: 0 };
    try {
      const socket = await io.openUdp(local, {
        datagram(data, from) {
          const answer = from.ip === at.ip && from.port === at.port ? read(data) : null;
          if (answer !== null) heard(answer);
        },
      });
      const repeating = async () => {
        for (const pause of PNP_CLIENT.udpPauses) {
          if (signal.aborted) break;
          socket.send(bytes, at);
          await io.sleepUntil(io.now() + pause, signal);
        }
        return null;
      };
      return await Promise.race([answered, repeating()]).finally(() => socket.close());
    } catch {
      return null;
    }
  }

  async #overTcp(
    at: Endpoint,
    { bytes, read }: Sealed,
    signal: AbortSignal,
    failed: (reason: string) => void,
  ): Promise<Answer | null> {
    const { io } = this.#task;
    await io.sleepUntil(io.now() + PNP_CLIENT.tcpAfter, signal);
    if (signal.aborted) return null;
    try {
      const stream = await io.dialTcp(null, at, signal);
      stream.write([bytes]);
      return await answerFrom(stream, read, signal).finally(() => stream.destroy());
    } catch (error) {
      if (!signal.aborted) failed(reasonOf(error));
      return null;
    }
  }
}

/** What comes in may come in pieces. */
function answerFrom(stream: ByteStream, read: Sealed['read'], signal: AbortSignal): Promise<Answer | null> {
  return new Promise((resolve) => {
    let seen: Uint8Array = new Uint8Array(0);
    const over = () => resolve(null);
    signal.addEventListener('abort', over, { once: true });
    stream.setReader({
      data(bytes) {
        seen = Buffer.concat([seen, bytes]);
        const answer = read(seen);
        if (answer !== null) resolve(answer);
        // No answer is longer: who sends more has none.
        else if (seen.length >= MAX_ENVELOPE) over();
      },
      ended: over,
      closed: over,
      drained: () => undefined,
    });
  });
}

/** The first that is an answer; pending as long as another way may bring one. */
async function firstOf(ways: readonly Promise<Answer | null>[]): Promise<Answer> {
  return new Promise((resolve) => {
    for (const way of ways) void way.then((answer) => answer !== null && resolve(answer));
  });
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
