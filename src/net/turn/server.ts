/**
 * A small TURN server for TCP allocations (RFC 6062) with credentials of limited time: peers dial the relayed address, and
 * what they say goes to who allocated it. It dials nobody but itself, so it is no way into other networks; without UDP
 * it cannot amplify. Sockets, limits and accounts.
 */
import { reasonOf } from '../errors.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { TURN_LIMITS } from '../limits.ts';
import { TURN } from '../path-timing.ts';
import type { RunningServer, ServerUse } from '../server-use.ts';
import { clientKey } from '../stun/client-key.ts';
import { messageLength, type RawAttribute } from '../stun/guard.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Allocation, quotaFault } from './allocation.ts';
import { type Credentials, longTermKey } from './credentials.ts';
import {
  ATTRIBUTES,
  encodeAttempt,
  encodeTurn,
  endpointAttribute,
  errorAttribute,
  numberAttribute,
  TurnMessage,
} from './message.ts';
import { REALM, recognise } from './recognise.ts';
import { splice } from './splice.ts';

export interface TurnServerTask {
  readonly io: Io;
  /** What credentials are made of; whoever has it can make them. */
  readonly secret: Uint8Array;
  readonly report: (use: ServerUse) => void;
}

interface Client {
  readonly stream: ByteStream;
  received: Uint8Array;
  allocation: Allocation | null;
  /** Its stream is a relayed connection now. */
  isBound: boolean;
  readonly over: AbortController;
}

export class TurnServer implements RunningServer {
  readonly #task: TurnServerTask;
  readonly #clients = new Set<Client>();
  readonly #perAddress = new Map<string, number>();
  readonly #allocations = new Set<Allocation>();

  constructor(task: TurnServerTask) {
    this.#task = task;
  }

  /** How many allocations there are. */
  get allocations(): number {
    return this.#allocations.size;
  }

  /** Takes a TCP connection over. @param received what has come of it */
  serve(stream: ByteStream, received: Uint8Array): void {
    const key = clientKey(stream.remote.ip);
    const mine = this.#perAddress.get(key) ?? 0;
    if (this.#clients.size >= TURN_LIMITS.connections || mine >= TURN_LIMITS.connectionsPerAddress) {
      this.#tell(stream, 'refused', 'too many connections');
      stream.destroy();
      return;
    }
    const over = new AbortController();
    const client: Client = { stream, received: new Uint8Array(0), allocation: null, isBound: false, over };
    this.#clients.add(client);
    this.#perAddress.set(key, mine + 1);
    stream.setReader({
      data: (bytes) => this.#data(client, bytes),
      ended: () => this.#drop(client),
      closed: () => this.#drop(client),
      drained: () => undefined,
    });
    void this.#expire(client);
    this.#data(client, received);
  }

  async close(): Promise<void> {
    const closing = [...this.#allocations].map((allocation) => allocation.close());
    for (const client of [...this.#clients]) this.#drop(client);
    await Promise.all(closing);
  }

  /** Who has no allocation after a while has no business here; who has one lives as long as it. */
  async #expire(client: Client): Promise<void> {
    const { io } = this.#task;
    while (!client.over.signal.aborted) {
      const until = client.allocation?.expiresAt ?? io.now() + TURN_LIMITS.idle;
      await io.sleepUntil(until, client.over.signal);
      if (!client.isBound && io.now() >= (client.allocation?.expiresAt ?? until)) this.#drop(client);
    }
  }

  #data(client: Client, bytes: Uint8Array): void {
    client.received = new Uint8Array(Buffer.concat([client.received, bytes]));
    try {
      while (!client.over.signal.aborted && !client.isBound) {
        const length = messageLength(client.received);
        if (length === null || client.received.length < length) return;
        const message = new TurnMessage(client.received.slice(0, length));
        client.received = client.received.slice(length);
        if (message.kind === 'request') this.#request(client, message);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#tell(client.stream, 'error', error.message);
      this.#drop(client);
    }
  }

  #request(client: Client, message: TurnMessage): void {
    const user = this.#userOf(client, message);
    if (user === null) return;
    this.#tell(client.stream, 'request');
    switch (message.method) {
      case 'allocate':
        void this.#allocate(client, message, user);
        break;
      case 'refresh':
        this.#refresh(client, message, user);
        break;
      case 'create-permission':
        this.#permit(client, message, user);
        break;
      case 'connection-bind':
        this.#bind(client, message, user);
        break;
      case 'connect':
        void this.#connect(client, message, user);
        break;
      default:
        this.#refuse(client, message, 400, 'not of this relay', user);
    }
  }

  /** @returns null where it is not known who asks: that has been answered */
  #userOf(client: Client, message: TurnMessage): Credentials | null {
    const verdict = recognise(message, {
      secret: this.#task.secret,
      ip: client.stream.remote.ip,
      seconds: Math.floor(this.#task.io.wallClock() / 1000),
    });
    if (verdict.kind === 'known') return verdict.user;
    if (verdict.isWrong) this.#tell(client.stream, 'refused', 'wrong credentials');
    this.#answer(client, message, 'error', verdict.attributes, null);
    return null;
  }

  async #allocate(client: Client, message: TurnMessage, user: Credentials): Promise<void> {
    const { io } = this.#task;
    const refuse = (code: number, why: string) => this.#refuse(client, message, code, why, user);
    if ((message.number(ATTRIBUTES.transport) ?? 0) >>> 24 !== 6) return refuse(442, 'TCP allocations only');
    if (client.allocation !== null) return refuse(437, 'there is one already');
    const key = clientKey(client.stream.remote.ip);
    const fault = quotaFault([...this.#allocations], user.username, key);
    if (fault !== null) return refuse(...fault);
    const allocation = new Allocation(io, user.username, key, (id, peer) => {
      client.stream.write([encodeAttempt(id, peer, io.randomBytes(12), longTermKey(user, REALM))]);
    });
    client.allocation = allocation;
    this.#allocations.add(allocation);
    try {
      const relayed = await allocation.open(client.stream.local.ip);
      if (client.over.signal.aborted) return;
      this.#answer(
        client,
        message,
        'success',
        [
          endpointAttribute(ATTRIBUTES.relayed, relayed, message.transactionId),
          endpointAttribute(ATTRIBUTES.mapped, client.stream.remote, message.transactionId),
          numberAttribute(ATTRIBUTES.lifetime, TURN.lifetime / 1000),
        ],
        user,
      );
    } catch (error) {
      this.#tell(client.stream, 'error', reasonOf(error));
      client.allocation = null;
      this.#allocations.delete(allocation);
      refuse(508, 'no port');
    }
  }

  #refresh(client: Client, message: TurnMessage, user: Credentials): void {
    const wanted = message.number(ATTRIBUTES.lifetime);
    if (client.allocation?.username !== user.username) {
      this.#refuse(client, message, 437, 'no allocation', user);
      return;
    }
    const lifetime = wanted === 0 ? 0 : TURN.lifetime;
    client.allocation.expiresAt = this.#task.io.now() + lifetime;
    this.#answer(client, message, 'success', [numberAttribute(ATTRIBUTES.lifetime, lifetime / 1000)], user);
    if (lifetime === 0) this.#forget(client);
  }

  #permit(client: Client, message: TurnMessage, user: Credentials): void {
    const ips = message.peerIps();
    if (client.allocation?.username !== user.username) {
      this.#refuse(client, message, 437, 'no allocation', user);
      return;
    }
    if (ips.length === 0 || !client.allocation.permit(ips)) {
      this.#refuse(client, message, ips.length === 0 ? 400 : 508, 'too many or no peers', user);
      return;
    }
    this.#answer(client, message, 'success', [], user);
  }

  /** RFC 6062 §4.3, but to relayed addresses of this very server alone: else we would dial for strangers. */
  async #connect(client: Client, message: TurnMessage, user: Credentials): Promise<void> {
    const { io } = this.#task;
    const { allocation } = client;
    const peer = message.endpoint(ATTRIBUTES.peer);
    const refuse = (code: number, why: string) => this.#refuse(client, message, code, why, user);
    if (allocation?.username !== user.username || allocation.relayed === null)
      return refuse(437, 'no allocation');
    const isOurs = [...this.#allocations].some(
      ({ relayed }) => relayed !== null && relayed.ip === peer?.ip && relayed.port === peer.port,
    );
    if (peer === null || !isOurs) return refuse(403, 'this relay dials nobody but itself');
    if (allocation.isFull) return refuse(486, 'quota reached');
    try {
      const stream = await io.dialTcp({ ip: allocation.relayed.ip, port: 0 }, peer, client.over.signal);
      const id = allocation.adopt(stream);
      this.#answer(client, message, 'success', [numberAttribute(ATTRIBUTES.connectionId, id)], user);
    } catch {
      refuse(447, 'the peer does not let it in');
    }
  }

  #bind(client: Client, message: TurnMessage, user: Credentials): void {
    const id = message.number(ATTRIBUTES.connectionId) ?? 0;
    const owner = [...this.#allocations].find((one) => one.username === user.username && one.has(id));
    const peer = client.allocation === null ? owner?.take(id) : undefined;
    if (owner === undefined || peer === undefined) {
      this.#refuse(client, message, 400, 'no such connection', user);
      return;
    }
    this.#answer(client, message, 'success', [], user);
    client.isBound = true;
    const { stream } = client;
    stream.setReader(null);
    if (client.received.length > 0) stream.unread(client.received);
    const release = owner.carries(() => stream.destroy());
    splice(
      stream,
      peer,
      (bytes) => owner.count(bytes),
      () => {
        release();
        this.#drop(client);
      },
    );
  }

  #refuse(client: Client, message: TurnMessage, code: number, why: string, user: Credentials): void {
    this.#tell(client.stream, 'refused', why);
    this.#answer(client, message, 'error', [errorAttribute(code, why)], user);
  }

  #answer(
    client: Client,
    { method, transactionId }: TurnMessage,
    kind: 'success' | 'error',
    attributes: readonly RawAttribute[],
    user: Credentials | null,
  ): void {
    const key = user === null ? null : longTermKey(user, REALM);
    // Who asks and does not read would fill our memory.
    if (!client.stream.write([encodeTurn({ method, kind, transactionId, attributes }, key)]))
      this.#drop(client);
  }

  #forget(client: Client): void {
    const { allocation } = client;
    client.allocation = null;
    if (allocation === null) return;
    this.#allocations.delete(allocation);
    void allocation.close();
  }

  #drop(client: Client): void {
    if (!this.#clients.delete(client)) return;
    const key = clientKey(client.stream.remote.ip);
    const left = (this.#perAddress.get(key) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(key, left);
    else this.#perAddress.delete(key);
    client.over.abort();
    this.#forget(client);
    client.stream.destroy();
  }

  #tell(stream: ByteStream, what: ServerUse['what'], detail?: string): void {
    this.#task.report({ kind: 'turn', client: stream.remote.ip, what, ...(detail && { detail }) });
  }
}
