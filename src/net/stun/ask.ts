/**
 * Performs transactions: asks STUN servers from one local address, over one UDP socket (so that all
 * see the same mapping) or over a TCP connection each. Effects only; whom to ask and what to believe
 * is decided elsewhere.
 */
import { deferred } from '../deferred.ts';
import { reasonOf } from '../errors.ts';
import type { ByteStream, Io, UdpSocket } from '../io/io.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { messageLength } from './guard.ts';
import { decodeStun, encodeBindingRequest, type StunMessage, TRANSACTION_ID_LENGTH } from './message.ts';
import {
  createTransaction,
  type StunAnswer,
  stepTransaction,
  type TransactionInput,
  type Transport,
} from './transaction.ts';

/** Why a TCP transaction failed whose server is there, but says nothing. */
export const CONNECTED_ONLY = 'connected, but no answer';

export interface StunAsker {
  /**
   * @param deadline monotonic ms
   * @throws an Error whose message says what was seen: "no answer", "error 420", "ENETUNREACH"
   */
  ask(server: Endpoint, deadline: number, signal: AbortSignal): Promise<StunAnswer>;
  close(): void;
}

/** Asks over a socket that somebody else holds and reads. */
export interface UdpAsker {
  /** As `StunAsker.ask`. */
  ask(server: Endpoint, deadline: number, signal: AbortSignal): Promise<StunAnswer>;
  /** What has come in, whatever it is. */
  datagram(data: Uint8Array, from: Endpoint): void;
  failed(error: Error): void;
}

export function createUdpAsker(io: Io, send: UdpSocket['send']): UdpAsker {
  const running = new Set<Transaction>();
  return {
    async ask(server, deadline, signal) {
      const transaction = new Transaction(io, 'udp', server, deadline, (data) => send(data, server));
      running.add(transaction);
      try {
        return await transaction.run(signal);
      } finally {
        running.delete(transaction);
      }
    },
    datagram(data, from) {
      const concerned = [...running].filter(({ server }) => isSame(server, from));
      const message = concerned.length > 0 ? tryDecode(data) : null;
      if (message === null) return;
      for (const transaction of concerned) transaction.perform({ kind: 'message', message, from });
    },
    failed(error) {
      const remote = remoteOf(error);
      for (const transaction of [...running])
        if (remote !== null && isSame(transaction.server, remote))
          transaction.perform({ kind: 'failed', reason: reasonOf(error) });
    },
  };
}

/** @throws the system's error when the socket cannot be opened */
export async function openUdpAsker(io: Io, ip: string): Promise<StunAsker> {
  const asker = createUdpAsker(io, (data, remote) => socket.send(data, remote));
  const socket: UdpSocket = await io.openUdp({ ip, port: 0 }, asker);
  return { ask: asker.ask, close: () => socket.close() };
}

/** @param port from which all servers are asked; 0: another one for each */
export function createTcpAsker(io: Io, ip: string, port = 0): StunAsker {
  return {
    async ask(server, deadline, signal) {
      const { answer, stream } = await askTcp(io, { ip, port }, server, deadline, signal);
      stream.destroy();
      return answer;
    },
    close: () => undefined,
  };
}

/** An answer, and the connection it came by: as long as that is open, the NAT keeps the mapping. */
export interface KeptAnswer {
  readonly answer: StunAnswer;
  readonly stream: ByteStream;
}

/** As `StunAsker.ask` from one local port, over a TCP connection that stays open. */
export async function askTcp(
  io: Io,
  local: Endpoint,
  server: Endpoint,
  deadline: number,
  signal: AbortSignal,
): Promise<KeptAnswer> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const timer = io.sleepUntil(deadline, stop).then(() => over.abort(new Error('no answer')));
  let stream: ByteStream | null = null;
  try {
    const opened = await io.dialTcp(local, server, stop);
    stream = opened;
    const write = (data: Uint8Array) => void opened.write([data]);
    const transaction = new Transaction(io, 'tcp', server, deadline, write);
    readAnswer(opened, server, transaction);
    return { answer: await transaction.run(stop), stream };
  } catch (error) {
    stream?.destroy();
    if (!over.signal.aborted) throw error;
    throw new Error(stream === null ? 'no answer' : CONNECTED_ONLY);
  } finally {
    over.abort();
    await timer;
  }
}

/** One transaction as it runs. */
class Transaction {
  readonly server: Endpoint;
  readonly #io: Io;
  readonly #request: Uint8Array;
  readonly #send: (data: Uint8Array) => void;
  readonly #outcome = deferred<StunAnswer>();
  readonly #over = new AbortController();
  #state;

  constructor(
    io: Io,
    transport: Transport,
    server: Endpoint,
    deadline: number,
    send: (data: Uint8Array) => void,
  ) {
    this.#io = io;
    this.server = server;
    this.#send = send;
    const transactionId = io.randomBytes(TRANSACTION_ID_LENGTH);
    this.#request = encodeBindingRequest(transactionId);
    this.#state = createTransaction({ transport, server, transactionId, deadline }, io.now());
    // Whoever runs it hears of a failure, a moment later than the machine.
    this.#outcome.promise.catch(() => undefined);
  }

  async run(signal: AbortSignal): Promise<StunAnswer> {
    const onAbort = () => this.perform({ kind: 'failed', reason: 'aborted' });
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!this.#state.over) {
        this.perform({ kind: 'tick' });
        await this.#io.sleepUntil(this.#state.wakeAt, this.#over.signal);
      }
      return await this.#outcome.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  perform(input: TransactionInput): void {
    const { state, effects } = stepTransaction(this.#state, input, this.#io.now());
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(this.#request);
      else if (effect.kind === 'answered') this.#outcome.resolve(effect.answer);
      else this.#outcome.reject(new Error(effect.reason));
    }
    if (state.over) this.#over.abort();
  }
}

/** Collects the one message that is to come; whatever else comes ends the transaction. */
function readAnswer(stream: ByteStream, from: Endpoint, transaction: Transaction): void {
  let received: Uint8Array = new Uint8Array(0);
  const fail = (reason: string) => transaction.perform({ kind: 'failed', reason });
  stream.setReader({
    data(bytes) {
      received = new Uint8Array(Buffer.concat([received, bytes]));
      try {
        const length = messageLength(received);
        if (length === null || received.length < length) return;
        transaction.perform({ kind: 'message', message: decodeStun(received.subarray(0, length)), from });
        fail('answer of another request');
      } catch (error) {
        fail(reasonOf(error));
      }
    },
    ended: () => fail('closed without an answer'),
    closed: (error) => fail(error === null ? 'closed without an answer' : reasonOf(error)),
    drained: () => undefined,
  });
}

/** null for what is no STUN message. */
export function tryDecode(data: Uint8Array): StunMessage | null {
  try {
    return decodeStun(data);
  } catch (error) {
    // Junk from whoever knows our port: the answer may still come.
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** Whom a system's error is about; null where it does not say. */
function remoteOf(error: Error): Endpoint | null {
  if (!('address' in error) || typeof error.address !== 'string') return null;
  if (!('port' in error) || typeof error.port !== 'number') return null;
  return { ip: error.address, port: error.port };
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.ip === b.ip && a.port === b.port;
}
