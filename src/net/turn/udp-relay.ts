/**
 * A UDP allocation on a TURN server (RFC 8656): datagrams to and from permitted peers, by indications at first (§11),
 * by a channel to whom much is sent (§12). Effects through Io.
 */
import { deferred } from '../deferred.ts';
import type { DatagramReader } from '../io/io.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { Channels } from './channels.ts';
import type { ChannelData } from './frame.ts';
import type { Lease } from './lease.ts';
import { ATTRIBUTES, endpointAttribute, numberAttribute, type TurnMessage } from './message.ts';

export class UdpRelay {
  readonly transport = 'udp';
  readonly lease: Lease;
  readonly #channels = new Channels();
  readonly #binding = new Set<string>();
  #user: { readonly reader: DatagramReader; readonly lost: () => void } | null = null;
  #idle = deferred<void>();

  constructor(lease: Lease) {
    this.lease = lease;
    lease.hold(
      {
        told: (message) => this.#told(message),
        channelData: (data) => this.#channelData(data),
        lost: () => this.#user?.lost(),
      },
      () => this.#refresh(),
    );
    this.#idle.resolve();
  }

  /** Resolves when it is nobody's: what was to be sent has been. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  /** @param lost the allocation is gone. @returns how to leave it */
  use(reader: DatagramReader, lost: () => void): () => void {
    const idle = deferred<void>();
    this.#user = { reader, lost };
    this.#idle = idle;
    return idle.resolve;
  }

  /** Nothing comes of it where the peer's address is not permitted. */
  send(data: Uint8Array, peer: Endpoint): void {
    if (this.lease.over.aborted) return;
    const { connection } = this.lease;
    const channel = this.#channels.boundTo(peer);
    if (channel !== null) connection.sendChannelData({ channel, data });
    else
      connection.indicate('send', (id) => [
        endpointAttribute(ATTRIBUTES.peer, peer, id),
        { type: ATTRIBUTES.data, value: data },
      ]);
  }

  /** Much will be sent there: 4 bytes of header instead of 36 and more. Never rejects; indications do as well. */
  async bind(peer: Endpoint): Promise<void> {
    const key = formatEndpoint(peer);
    if (this.#channels.boundTo(peer) !== null || this.#binding.has(key)) return;
    this.#binding.add(key);
    try {
      await this.#bind(peer);
    } catch {
      // Refused, or the allocation is gone.
    } finally {
      this.#binding.delete(key);
    }
  }

  async #bind(peer: Endpoint): Promise<void> {
    const number = this.#channels.take(peer);
    if (number === null) return;
    await this.lease.connection.requestWith(
      'channel-bind',
      (id) => [
        numberAttribute(ATTRIBUTES.channel, number * 0x1_0000),
        endpointAttribute(ATTRIBUTES.peer, peer, id),
      ],
      this.lease.over,
    );
    this.#channels.bound(peer);
  }

  /** Channels live ten minutes (RFC 8656 §12). @throws as a request */
  async #refresh(): Promise<void> {
    for (const peer of this.#channels.peers) await this.#bind(peer);
  }

  #told(message: TurnMessage): void {
    const peer = message.method === 'data' ? message.endpoint(ATTRIBUTES.peer) : null;
    const data = message.bytes(ATTRIBUTES.data);
    if (peer !== null && data !== null) this.#user?.reader.datagram(data, peer);
  }

  #channelData({ channel, data }: ChannelData): void {
    const peer = this.#channels.peerOf(channel);
    if (peer !== null) this.#user?.reader.datagram(data, peer);
  }
}
