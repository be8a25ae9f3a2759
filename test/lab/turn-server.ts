/**
 * A TURN server that relays UDP (RFC 8656), for clients over UDP and TCP: what the program's own, which relays TCP
 * only, cannot be asked. Small, and with knobs: nonces that get stale, refusals, datagrams that get lost.
 */

import type { ByteStream, Io, UdpSocket } from '../../src/net/io/io.ts';
import { addressValue } from '../../src/net/stun/attributes.ts';
import { longTermKey } from '../../src/net/turn/credentials.ts';
import {
  decodeChannelData,
  encodeChannelData,
  frameLength,
  isChannelData,
} from '../../src/net/turn/frame.ts';
import {
  ATTRIBUTES,
  encodeTurn,
  endpointAttribute,
  errorAttribute,
  numberAttribute,
  TurnMessage,
  type TurnMethod,
  textAttribute,
} from '../../src/net/turn/message.ts';
import { type Endpoint, formatEndpoint } from '../../src/net/wire/endpoint.ts';
import { familyOf } from '../../src/net/wire/ip.ts';

type RawAttributes = Parameters<typeof encodeTurn>[0]['attributes'];

export const TURN_USER = { username: 'demo', credential: 'secret' } as const;
const REALM = 'example.org';
const KEY = longTermKey(TURN_USER, REALM);
const LIFETIME = 600;
const PERMISSION = 300_000;
const CHANNEL = 600_000;

export interface TurnServerOptions {
  readonly io: Io;
  readonly at: Endpoint;
  /** ms that a nonce holds. */
  readonly nonceLife?: number;
  /** Refuses requests: the code, or null. */
  readonly refuses?: (message: TurnMessage) => number | null;
  /** Whether a datagram from a client gets lost. */
  readonly loses?: (message: TurnMessage) => boolean;
  /** Whether it is there over TCP; it is unless said. */
  readonly tcp?: boolean;
  /** Of relayed addresses of the family that it does not listen on. */
  readonly otherIp?: string;
  /** The other server that everybody is sent to. */
  readonly alternate?: Endpoint;
}

interface Client {
  readonly key: string;
  readonly isStream: boolean;
  readonly from: Endpoint;
  send(frame: Uint8Array): void;
}

interface Allocation {
  readonly socket: UdpSocket;
  expiresAt: number;
  readonly permitted: Map<string, number>;
  /** Peers by channel number. */
  readonly channels: Map<number, { readonly peer: Endpoint; readonly until: number }>;
}

export class LabTurnServer {
  readonly #options: TurnServerOptions;
  readonly #allocations = new Map<string, Allocation>();
  /** Methods of requests and indications from clients, in order; `channel-data` too. */
  readonly seen: string[] = [];
  #socket: UdpSocket | null = null;

  constructor(options: TurnServerOptions) {
    this.#options = options;
  }

  get allocations(): number {
    return this.#allocations.size;
  }

  async start(): Promise<void> {
    const { io, at } = this.#options;
    const socket = await io.openUdp(at, {
      datagram: (data, from) =>
        this.#take(data, {
          key: `udp ${formatEndpoint(from)}`,
          isStream: false,
          from,
          send: (frame) => socket.send(frame, from),
        }),
    });
    this.#socket = socket;
    if (this.#options.tcp !== false) await io.listenTcp(at, (stream) => this.#serve(stream));
  }

  /** Forgets everything, as one that was started anew. */
  forget(): void {
    for (const { socket } of this.#allocations.values()) socket.close();
    this.#allocations.clear();
  }

  close(): void {
    this.forget();
    this.#socket?.close();
  }

  #serve(stream: ByteStream): void {
    let received: Uint8Array = new Uint8Array(0);
    const client: Client = {
      key: `tcp ${formatEndpoint(stream.remote)}`,
      isStream: true,
      from: stream.remote,
      send: (frame) => stream.write([frame]),
    };
    stream.setReader({
      data: (bytes) => {
        received = new Uint8Array(Buffer.concat([received, bytes]));
        for (let length = frameLength(received); length !== null && received.length >= length; ) {
          this.#take(received.slice(0, length), client);
          received = received.slice(length);
          length = frameLength(received);
        }
      },
      ended: () => stream.destroy(),
      closed: () => undefined,
      drained: () => undefined,
    });
  }

  #take(frame: Uint8Array, client: Client): void {
    const allocation = this.#allocations.get(client.key);
    if (isChannelData(frame)) {
      this.seen.push('channel-data');
      const { channel, data } = decodeChannelData(frame);
      const peer = allocation?.channels.get(channel)?.peer;
      if (peer !== undefined) allocation?.socket.send(data, peer);
      return;
    }
    const message = new TurnMessage(frame);
    if (this.#options.loses?.(message) === true) return;
    this.seen.push(message.method);
    const peer = message.method === 'send' ? message.endpoint(ATTRIBUTES.peer) : null;
    const data = message.bytes(ATTRIBUTES.data);
    if (peer !== null && data !== null && this.#isPermitted(allocation, peer.ip))
      allocation?.socket.send(data, peer);
    if (message.kind === 'request') void this.#request(message, client, allocation);
  }

  async #request(message: TurnMessage, client: Client, allocation: Allocation | undefined): Promise<void> {
    const { io, nonceLife = 3_600_000, refuses, alternate } = this.#options;
    const refuse = (code: number, more: RawAttributes = []) =>
      this.#answer(message, client, 'error', [errorAttribute(code, 'no'), ...more], null);
    const nonce = `nonce ${Math.floor(io.now() / nonceLife)}`;
    const challenge = [textAttribute(ATTRIBUTES.realm, REALM), textAttribute(ATTRIBUTES.nonce, nonce)];
    if (!message.isSignedBy(KEY)) return refuse(401, challenge);
    if (message.text(ATTRIBUTES.nonce) !== nonce) return refuse(438, challenge);
    if (alternate !== undefined)
      return refuse(300, [{ type: ATTRIBUTES.alternateServer, value: addressValue(alternate) }]);
    const code = refuses?.(message) ?? null;
    if (code !== null) return refuse(code);
    if (message.method === 'allocate') return this.#allocate(message, client);
    return allocation === undefined ? refuse(437) : this.#change(message, client, allocation);
  }

  #change(message: TurnMessage, client: Client, allocation: Allocation): void {
    const done = this.#changed(message, client, allocation);
    if (done === null) this.#answer(message, client, 'error', [errorAttribute(400, 'no')]);
    else this.#answer(message, client, 'success', done);
  }

  /** @returns what the answer says; null where it makes no sense */
  #changed(message: TurnMessage, client: Client, allocation: Allocation): RawAttributes | null {
    const now = this.#options.io.now();
    if (message.method === 'refresh') {
      allocation.expiresAt = now + LIFETIME * 1000;
      if (message.number(ATTRIBUTES.lifetime) === 0) this.#drop(client.key);
      return [numberAttribute(ATTRIBUTES.lifetime, LIFETIME)];
    }
    const number = (message.number(ATTRIBUTES.channel) ?? 0) >>> 16;
    const peer = message.endpoint(ATTRIBUTES.peer);
    const isChannel = message.method === 'channel-bind' && number >= 0x4000 && number <= 0x4fff;
    if (isChannel && peer !== null) allocation.channels.set(number, { peer, until: now + CHANNEL });
    else if (message.method !== 'create-permission') return null;
    for (const ip of message.peerIps()) allocation.permitted.set(ip, now + PERMISSION);
    return [];
  }

  async #allocate(message: TurnMessage, client: Client): Promise<void> {
    const { io, at, otherIp } = this.#options;
    const family = (message.number(ATTRIBUTES.family) ?? 0x1000000) >>> 24 === 2 ? 6 : 4;
    const ip = familyOf(at.ip) === family ? at.ip : otherIp;
    if (ip === undefined)
      return this.#answer(message, client, 'error', [errorAttribute(440, 'no such address')]);
    if ((message.number(ATTRIBUTES.transport) ?? 0) >>> 24 !== 17)
      return this.#answer(message, client, 'error', [errorAttribute(442, 'UDP only')]);
    if (this.#allocations.has(client.key))
      return this.#answer(message, client, 'error', [errorAttribute(437, 'there is one')]);
    const datagram = (data: Uint8Array, from: Endpoint) => this.#fromPeer(client, data, from);
    const socket = await io.openUdp({ ip, port: 0 }, { datagram });
    const expiresAt = io.now() + LIFETIME * 1000;
    this.#allocations.set(client.key, { socket, expiresAt, permitted: new Map(), channels: new Map() });
    this.#answer(message, client, 'success', [
      endpointAttribute(ATTRIBUTES.relayed, socket.local, message.transactionId),
      endpointAttribute(ATTRIBUTES.mapped, client.from, message.transactionId),
      numberAttribute(ATTRIBUTES.lifetime, LIFETIME),
    ]);
  }

  #fromPeer(client: Client, data: Uint8Array, from: Endpoint): void {
    const { io } = this.#options;
    const allocation = this.#allocations.get(client.key);
    if (allocation !== undefined && allocation.expiresAt < io.now()) this.#drop(client.key);
    else if (this.#isPermitted(allocation, from.ip)) {
      const channel = [...(allocation?.channels ?? [])].find(
        ([, { peer, until }]) => until > io.now() && formatEndpoint(peer) === formatEndpoint(from),
      );
      const transactionId = io.randomBytes(12);
      const attributes = [
        endpointAttribute(ATTRIBUTES.peer, from, transactionId),
        { type: ATTRIBUTES.data, value: data },
      ];
      const fields = { method: 'data', kind: 'indication', transactionId, attributes } as const;
      if (channel !== undefined)
        client.send(encodeChannelData({ channel: channel[0], data }, client.isStream));
      else client.send(encodeTurn(fields, null));
    }
  }

  #isPermitted(allocation: Allocation | undefined, ip: string): boolean {
    return (allocation?.permitted.get(ip) ?? 0) > this.#options.io.now();
  }

  #drop(key: string): void {
    this.#allocations.get(key)?.socket.close();
    this.#allocations.delete(key);
  }

  #answer(
    { method, transactionId }: { method: TurnMethod; transactionId: Uint8Array },
    client: Client,
    kind: 'success' | 'error',
    attributes: RawAttributes,
    key: Uint8Array | null = KEY,
  ): void {
    client.send(encodeTurn({ method, kind, transactionId, attributes }, key));
  }
}
