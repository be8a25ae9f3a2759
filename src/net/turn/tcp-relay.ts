/**
 * A TCP allocation on a TURN server (RFC 6062): peers dial its relayed address, and each of them becomes a plain
 * stream here. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import { deferred } from '../deferred.ts';
import type { ByteStream } from '../io/io.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { TurnConnection, TurnError } from './connection.ts';
import type { Lease } from './lease.ts';
import { type LinkTask, openStream, type StreamLink } from './link.ts';
import { ATTRIBUTES, endpointAttribute, numberAttribute, type TurnMessage } from './message.ts';

export interface TcpRelayTask extends LinkTask {
  /** A peer that was permitted has come. */
  readonly arrived: (stream: ByteStream, peer: Endpoint) => void;
}

export class TcpRelay {
  readonly transport = 'tcp';
  readonly #task: TcpRelayTask;
  readonly lease: Lease;
  /** A connection that waits for the first peer: a round trip less once it has come. null: none, or taken. */
  #spare: Promise<StreamLink | null> | null;

  constructor(task: TcpRelayTask, lease: Lease) {
    this.#task = task;
    this.lease = lease;
    const told = (message: TurnMessage) => void this.#told(message);
    lease.hold({ told, channelData: () => undefined, lost: () => undefined }, null);
    const spare = openStream(task, lease.over).catch(() => null);
    this.#spare = spare;
    onAbort(lease.over, () => {
      if (this.#spare === spare) void spare.then((link) => link?.close());
    });
  }

  /** Has the server dial a peer (RFC 6062 §4.3). @throws TurnError where it does not; Error where it does not answer */
  async connect(peer: Endpoint, signal: AbortSignal): Promise<ByteStream> {
    const answer = await this.lease.connection.requestWith(
      'connect',
      (id) => [endpointAttribute(ATTRIBUTES.peer, peer, id)],
      AbortSignal.any([signal, this.lease.over]),
    );
    const id = answer.number(ATTRIBUTES.connectionId);
    if (id === null) throw new Error('the relay names no connection');
    return this.#bind(id);
  }

  /** A peer has dialled: another connection to the server takes it over (RFC 6062 §4.4, §5.4). */
  async #told(message: TurnMessage): Promise<void> {
    if (message.method !== 'connection-attempt' || this.lease.over.aborted) return;
    const id = message.number(ATTRIBUTES.connectionId);
    const peer = message.endpoint(ATTRIBUTES.peer);
    if (id === null || peer === null) return;
    try {
      this.#task.arrived(await this.#bind(id), peer);
    } catch {
      // The peer is gone, or will dial again.
    }
  }

  /** Another connection to the server becomes the peer's. @throws Error why it does not */
  async #bind(id: number): Promise<ByteStream> {
    const spare = await this.#spare;
    this.#spare = null;
    if (spare === null) return this.#bindTo(await openStream(this.#task, this.lease.over), id);
    try {
      return await this.#bindTo(spare, id);
    } catch (error) {
      // The server may not like connections that say nothing for long.
      if (error instanceof TurnError) throw error;
      return this.#bindTo(await openStream(this.#task, this.lease.over), id);
    }
  }

  async #bindTo(link: StreamLink, id: number): Promise<ByteStream> {
    const gone = deferred<never>();
    gone.promise.catch(() => undefined);
    const { requests, over } = this.lease;
    const data = new TurnConnection(this.#task.io, link, requests);
    const lost = (reason: string) => gone.reject(new Error(reason));
    data.listen({ told: () => undefined, channelData: () => undefined, lost });
    try {
      const attributes = [numberAttribute(ATTRIBUTES.connectionId, id)];
      await Promise.race([data.request('connection-bind', attributes, over), gone.promise]);
      return link.release();
    } catch (error) {
      link.close();
      throw error;
    }
  }
}
