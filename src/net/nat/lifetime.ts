/**
 * How long a UDP mapping lives while nothing uses it (RFC 5780 §4.6): some ports ask a server once and keep
 * silent; when a port's time has come, another one has the server answer to it (RESPONSE-PORT). Few servers
 * do. Effects only through Io.
 */
import { type Deferred, deferred } from '../deferred.ts';
import type { Io, UdpSocket } from '../io/io.ts';
import { LIFETIME_COPIES, LIFETIME_PATIENCE, LIFETIME_STEPS } from '../nat-timing.ts';
import { tryDecode } from '../stun/ask.ts';
import { encodeBindingRequest, type StunMessage, TRANSACTION_ID_LENGTH } from '../stun/message.ts';
import { isPossible } from '../stun/transaction.ts';
import { encodeBase16 } from '../wire/base16.ts';
import type { Endpoint } from '../wire/endpoint.ts';

export interface LifetimeTask {
  readonly io: Io;
  /** The own address. */
  readonly ip: string;
  /** Asked in turn until one does as it is asked. */
  readonly servers: readonly Endpoint[];
  readonly signal: AbortSignal;
}

/** What is known of it. */
export interface Lifetime {
  /** ms that a mapping was seen to live at least; 0: not even the shortest time that was tried. */
  readonly atLeast: number;
  readonly server: Endpoint;
  readonly local: Endpoint;
  readonly mapped: Endpoint;
}

/** @returns null where no server takes part, or the signal aborts. Never rejects */
export async function probeLifetime(task: LifetimeTask): Promise<Lifetime | null> {
  const ports: SilentPort[] = [];
  const open = async () => {
    const port = await SilentPort.open(task.io, task.ip);
    ports.push(port);
    return port;
  };
  try {
    const [knocker, first] = [await open(), await open()];
    for (const server of task.servers) {
      const mapped = await first.ask(server, task.signal);
      if (mapped === null || !(await knocker.knock(first, mapped, server, task.signal))) continue;
      return await measure(task, server, knocker, open);
    }
    return null;
  } catch {
    return null;
  } finally {
    for (const port of ports) port.close();
  }
}

async function measure(
  { io, signal }: LifetimeTask,
  server: Endpoint,
  knocker: SilentPort,
  open: () => Promise<SilentPort>,
): Promise<Lifetime | null> {
  const began = io.now();
  const silent = await Promise.all(
    LIFETIME_STEPS.map(async (step) => {
      const port = await open();
      return { step, port, mapped: await port.ask(server, signal) };
    }),
  );
  let known: Lifetime | null = null;
  for (const { step, port, mapped } of silent) {
    if (mapped === null) break;
    await io.sleepUntil(began + step, AbortSignal.any([signal]));
    if (signal.aborted) return null;
    const lives = await knocker.knock(port, mapped, server, signal);
    if (signal.aborted) return null;
    if (lives || known === null) known = { atLeast: lives ? step : 0, server, local: port.local, mapped };
    if (!lives) break;
  }
  return known;
}

/** A port that says nothing of its own accord. */
class SilentPort {
  readonly local: Endpoint;
  readonly #io: Io;
  readonly #socket: UdpSocket;
  /** By transaction id. */
  readonly #awaited: Map<string, Deferred<StunMessage>>;

  private constructor(io: Io, socket: UdpSocket, awaited: Map<string, Deferred<StunMessage>>) {
    this.#io = io;
    this.#socket = socket;
    this.#awaited = awaited;
    this.local = socket.local;
  }

  /** @throws the system's error */
  static async open(io: Io, ip: string): Promise<SilentPort> {
    const awaited = new Map<string, Deferred<StunMessage>>();
    const datagram = (data: Uint8Array) => {
      const message = tryDecode(data);
      if (message !== null) awaited.get(encodeBase16(message.transactionId))?.resolve(message);
    };
    const socket = await io.openUdp({ ip, port: 0 }, { datagram, failed: () => undefined });
    return new SilentPort(io, socket, awaited);
  }

  /** @returns how the server sees this port; null where it does not say */
  async ask(server: Endpoint, signal: AbortSignal): Promise<Endpoint | null> {
    const answer = await this.#request(this, server, null, signal);
    const mapped = answer?.kind === 'response' ? answer.mapped : null;
    return mapped !== null && isPossible(mapped, server) ? mapped : null;
  }

  /** Has the server answer to another port. @returns whether that heard it */
  async knock(other: SilentPort, mapped: Endpoint, server: Endpoint, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#request(other, server, mapped.port, signal);
    return answer?.kind === 'response';
  }

  close(): void {
    this.#socket.close();
  }

  /** @param listener which port the answer is to come to */
  async #request(
    listener: SilentPort,
    server: Endpoint,
    responsePort: number | null,
    signal: AbortSignal,
  ): Promise<StunMessage | null> {
    const transactionId = this.#io.randomBytes(TRANSACTION_ID_LENGTH);
    const key = encodeBase16(transactionId);
    const heard = deferred<StunMessage>();
    listener.#awaited.set(key, heard);
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    const request = encodeBindingRequest(transactionId, { responsePort });
    const sending = async () => {
      for (let i = 0; i < LIFETIME_COPIES && !stop.aborted; i++) {
        this.#socket.send(request, server);
        await this.#io.sleepUntil(this.#io.now() + LIFETIME_PATIENCE, stop);
      }
      return null;
    };
    try {
      return await Promise.race([heard.promise, sending()]);
    } finally {
      done.abort();
      listener.#awaited.delete(key);
    }
  }
}
