/**
 * One local UDP port that asks STUN servers, with CHANGE-REQUEST where wished (RFC 5780 §7.2), and
 * tells from where the answer came. Effects only.
 */
import type { Io, UdpSocket } from '../io/io.ts';
import { tryDecode } from '../stun/ask.ts';
import { encodeBindingRequest, type StunMessage, TRANSACTION_ID_LENGTH } from '../stun/message.ts';
import { isPossible } from '../stun/transaction.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import type { Budget } from './budget.ts';

export interface UdpQuestion {
  readonly server: Endpoint;
  readonly change?: { readonly ip: boolean; readonly port: boolean };
  /** When copies are sent, ms from now, the first at 0. */
  readonly copies: readonly number[];
  /** ms from now. */
  readonly patience: number;
}

export interface UdpAnswer {
  readonly mapped: Endpoint;
  readonly from: Endpoint;
  readonly otherAddress: Endpoint | null;
  /** ms from the first copy: an upper bound where there were several. */
  readonly rtt: number;
}

/** A port that has been mapped, still open. */
export interface UdpSample {
  readonly port: UdpPort;
  readonly mapped: Endpoint;
}

/** What came of a question: `refused` = an error, `silent` = nothing, `failed` = it could not leave. */
export type UdpOutcome =
  | { readonly kind: 'answered'; readonly answer: UdpAnswer }
  | { readonly kind: 'silent' | 'refused' | 'failed' };

interface Waiting {
  readonly server: Endpoint;
  /** It waits for a request of our own, by another port. */
  readonly hello: boolean;
  settle(outcome: UdpOutcome): void;
  sentAt: number;
}

export class UdpPort {
  readonly local: Endpoint;
  readonly #io: Io;
  readonly #socket: UdpSocket;
  readonly #budget: Budget;
  /** By transaction id. */
  readonly #waiting: Map<string, Waiting>;

  private constructor(io: Io, socket: UdpSocket, budget: Budget, waiting: Map<string, Waiting>) {
    this.#io = io;
    this.#socket = socket;
    this.#budget = budget;
    this.#waiting = waiting;
    this.local = socket.local;
  }

  /** @throws the system's error: the port is taken, the address is gone */
  static async open(io: Io, local: Endpoint, budget: Budget): Promise<UdpPort> {
    const waiting = new Map<string, Waiting>();
    const socket = await io.openUdp(local, {
      datagram(data, from) {
        const message = tryDecode(data);
        if (message === null) return;
        const concerned = waiting.get(keyOf(message.transactionId));
        if (concerned !== undefined) accept(concerned, message, from, io.now());
      },
      failed: (error) => refuse(waiting, error),
    });
    return new UdpPort(io, socket, budget, waiting);
  }

  /** Never rejects; when the signal aborts, the outcome is failed. */
  async ask({ server, change, copies, patience }: UdpQuestion, signal: AbortSignal): Promise<UdpOutcome> {
    const { promise, over, settle } = outcomeOf();
    const id = this.#io.randomBytes(TRANSACTION_ID_LENGTH);
    const request = encodeBindingRequest(id, {
      changeIp: change?.ip ?? false,
      changePort: change?.port ?? false,
    });
    const waiting: Waiting = { server, hello: false, sentAt: this.#io.now(), settle };
    this.#waiting.set(keyOf(id), waiting);
    const stop = AbortSignal.any([signal, over.signal]);
    const startedAt = this.#io.now();
    let sent = 0;
    for (const copy of copies) {
      // The first leaves at once: mappings are to be made in the order of asking.
      if (copy > 0) await this.#io.sleepUntil(startedAt + copy, stop);
      if (stop.aborted || !this.#budget.take(server.ip)) break;
      if (sent === 0) waiting.sentAt = this.#io.now();
      sent++;
      this.#socket.send(request, server);
    }
    await this.#io.sleepUntil(startedAt + patience, stop);
    settle({ kind: signal.aborted || sent === 0 ? 'failed' : 'silent' });
    this.#waiting.delete(keyOf(id));
    return promise;
  }

  /** Sends an indication to another port of ours, by its outer endpoint. @returns its id */
  hello(id: Uint8Array, remote: Endpoint): void {
    this.#socket.send(encodeBindingRequest(id), remote);
  }

  /** Resolves as soon as a message with that id comes in, from anywhere. */
  expect(id: Uint8Array): Promise<UdpOutcome> {
    const { promise, settle } = outcomeOf();
    this.#waiting.set(keyOf(id), { server: this.local, hello: true, sentAt: this.#io.now(), settle });
    return promise;
  }

  close(): void {
    this.#socket.close();
  }
}

function outcomeOf() {
  const over = new AbortController();
  let settle: (outcome: UdpOutcome) => void = () => undefined;
  const promise = new Promise<UdpOutcome>((resolve) => {
    settle = (outcome) => {
      resolve(outcome);
      over.abort();
    };
  });
  return { promise, over, settle };
}

function accept(waiting: Waiting, message: StunMessage, from: Endpoint, now: number): void {
  const { kind, mapped, otherAddress } = message;
  if (kind === 'error') {
    // Only the server itself may say no.
    if (formatEndpoint(from) === formatEndpoint(waiting.server)) waiting.settle({ kind: 'refused' });
    return;
  }
  const seen = waiting.hello ? from : mapped;
  if (kind !== (waiting.hello ? 'request' : 'response') || seen === null) return;
  if (!waiting.hello && !isPossible(seen, waiting.server)) return;
  waiting.settle({
    kind: 'answered',
    answer: { mapped: seen, from, otherAddress, rtt: now - waiting.sentAt },
  });
}

/** The system says that it could not leave, or that the host has no such service. */
function refuse(waiting: ReadonlyMap<string, Waiting>, error: Error): void {
  if (!('address' in error) || !('port' in error)) return;
  const isRefusal = 'code' in error && error.code === 'ECONNREFUSED';
  for (const one of waiting.values())
    if (one.server.ip === error.address && one.server.port === error.port)
      one.settle({ kind: isRefusal ? 'refused' : 'failed' });
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
