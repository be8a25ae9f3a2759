/**
 * The stand-in for TLS over any byte stream: keeps what the program relies on (flights, failure on
 * a wrong key or a flipped bit, one exporter for both ends, alerts, close_notify) and costs no key
 * exchange. Nothing is encrypted.
 */

import type { ByteStream, SecureStream, StreamReader } from '../net/io/io.ts';
import { AlertError, alertOfNumber } from '../net/wire/alert.ts';
import type { Endpoint } from '../net/wire/endpoint.ts';
import { type HandshakeEffect, SecureHandshake, type SecureKeys } from './secure-handshake.ts';
import {
  ALERT,
  DATA,
  encodeRecord,
  MAX_PAYLOAD,
  RecordReader,
  Sealer,
  type SecureRecord,
} from './secure-record.ts';
import { ReaderQueue } from './virtual-stream.ts';

const CLOSE_NOTIFY = Uint8Array.of(1, 0);
const BAD_RECORD_MAC = Uint8Array.of(2, 20);

/**
 * As Io's `secure`.
 *
 * @param nonce 32 random bytes
 */
export function virtualSecure(
  stream: ByteStream,
  role: 'client' | 'server',
  psk: Uint8Array,
  nonce: Uint8Array,
  signal: AbortSignal,
): Promise<SecureStream> {
  return new Promise((resolve, reject) => {
    const handshake = new SecureHandshake(role, psk, nonce);
    const records = new RecordReader();
    let isOver = false;
    const settle = (): boolean => {
      if (isOver) return false;
      isOver = true;
      signal.removeEventListener('abort', onAbort);
      stream.setReader(null);
      return true;
    };
    const fail = (error: Error) => {
      if (!settle()) return;
      stream.destroy();
      reject(error);
    };
    const onAbort = () => fail(asError(signal.reason));
    const perform = (effect: HandshakeEffect, rest: readonly SecureRecord[]) => {
      if (isOver) return;
      if (effect.kind === 'send') stream.write([encodeRecord(effect.record.type, effect.record.body)]);
      else if (effect.kind === 'fail') fail(new Error(effect.message));
      else if (effect.kind === 'alert') fail(alertError(effect.description));
      else if (settle()) resolve(new VirtualSecureStream(stream, role, effect.keys, records, rest));
    };
    const onData = (bytes: Uint8Array) => {
      const received = records.push(bytes);
      for (const [index, record] of received.entries())
        if (!isOver)
          for (const effect of handshake.receive(record)) perform(effect, received.slice(index + 1));
    };
    stream.setReader({
      data: (bytes) => {
        try {
          onData(bytes);
        } catch (error) {
          fail(asError(error));
        }
      },
      ended: () => fail(new Error('closed during the TLS handshake')),
      closed: (error) => fail(error ?? new Error('closed during the TLS handshake')),
      drained: () => undefined,
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else for (const effect of handshake.start()) perform(effect, []);
  });
}

class VirtualSecureStream implements SecureStream {
  readonly transport: 'tcp' | 'udp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly exporter: Uint8Array;
  readonly #stream: ByteStream;
  readonly #records: RecordReader;
  readonly #queue = new ReaderQueue();
  readonly #outgoing: Sealer;
  readonly #incoming: Sealer;
  #ending = false;

  /** @param early records that came in together with the handshake's last */
  constructor(
    stream: ByteStream,
    role: 'client' | 'server',
    keys: SecureKeys,
    records: RecordReader,
    early: readonly SecureRecord[],
  ) {
    this.transport = stream.transport;
    this.local = stream.local;
    this.remote = stream.remote;
    this.exporter = keys.exporter;
    this.#stream = stream;
    this.#records = records;
    this.#outgoing = new Sealer(role === 'client' ? keys.clientKey : keys.serverKey);
    this.#incoming = new Sealer(role === 'client' ? keys.serverKey : keys.clientKey);
    for (const record of early) this.#take(record);
  }

  setReader(reader: StreamReader | null): void {
    this.#queue.setReader(reader);
    this.#stream.setReader(reader === null ? null : this.#inner);
  }

  unread(bytes: Uint8Array): void {
    this.#queue.giveBack(bytes);
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#ending || this.#queue.isClosed) return true;
    const payload = new Uint8Array(Buffer.concat(chunks));
    const records: Uint8Array[] = [];
    for (let at = 0; at < payload.length; at += MAX_PAYLOAD)
      records.push(encodeRecord(DATA, this.#outgoing.seal(payload.subarray(at, at + MAX_PAYLOAD))));
    return this.#stream.write(records);
  }

  end(): void {
    if (this.#ending || this.#queue.isClosed) return;
    this.#ending = true;
    this.#stream.write([encodeRecord(ALERT, CLOSE_NOTIFY)]);
    this.#stream.end();
  }

  destroy(): void {
    if (this.#queue.isClosed) return;
    this.#queue.close(null, true);
    this.#stream.destroy();
  }

  readonly #inner: StreamReader = {
    data: (bytes) => {
      for (const record of this.#cut(bytes)) if (!this.#queue.isClosed) this.#take(record);
    },
    ended: () => this.#queue.end(),
    closed: (error) => this.#queue.close(error),
    drained: () => this.#queue.drain(),
  };

  #cut(bytes: Uint8Array): SecureRecord[] {
    try {
      return this.#records.push(bytes);
    } catch (error) {
      this.#giveUp(asError(error));
      return [];
    }
  }

  /** Only what is read is guarded: an exception of the reader is its own. */
  #take({ type, body }: SecureRecord): void {
    const payload = type === DATA ? this.#incoming.open(body) : null;
    if (payload !== null) this.#queue.push(payload);
    else if (type === ALERT && body[1] === CLOSE_NOTIFY[1]) this.#queue.end();
    else if (type === ALERT) this.#giveUp(alertError(body[1] ?? 0));
    else this.#giveUp(new Error('decryption failed or bad record mac'));
  }

  /** What the peer sent makes no sense, or says that it gives up: the connection is over. */
  #giveUp(error: Error): void {
    if (!(error instanceof AlertError)) this.#stream.write([encodeRecord(ALERT, BAD_RECORD_MAC)]);
    this.#queue.close(error);
    this.#stream.destroy();
  }
}

function alertError(description: number): AlertError {
  return new AlertError(alertOfNumber(description), `the peer refused (TLS alert ${description})`);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
