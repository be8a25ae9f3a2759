/**
 * A STUN server of the lab (RFC 8489 Binding over UDP and TCP) that tells each client how it sees
 * it, lies about that, or stays silent. Packets of its own: it checks clients by another hand.
 */
import type { Endpoint } from '../../src/net/wire/endpoint.ts';
import { ipToBytes } from '../../src/net/wire/ip.ts';
import type { LabHost } from './index.ts';

const COOKIE = 0x2112a442;
const HEAD = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;

export interface StunBehaviour {
  /** The address that it claims to see, instead of the client's. */
  readonly lies?: string | undefined;
  readonly silent?: boolean | undefined;
}

export class LabStunServer {
  readonly host: string;
  readonly port: number;
  /** May be changed while it runs. */
  behaviour: StunBehaviour;
  /** Requests that came, answered or not. */
  requests = 0;

  /** @param name what clients are told to ask */
  constructor(host: LabHost, name: string, port: number, behaviour: StunBehaviour) {
    this.host = name;
    this.port = port;
    this.behaviour = behaviour;
    for (const ip of ['0.0.0.0', '::']) this.#serve(host, { ip, port });
  }

  #serve(host: LabHost, local: Endpoint): void {
    const binding = host.bindUdp(local, (data, remote) => {
      const answer = this.#answer(Buffer.from(data), remote);
      if (answer !== null) host.sendUdp(binding.local, remote, answer);
    });
    void host.io.listenTcp(local, (stream) => {
      let rest: Buffer = Buffer.alloc(0);
      stream.setReader({
        data: (bytes) => {
          rest = Buffer.concat([rest, bytes]);
          while (rest.length >= HEAD && rest.length >= HEAD + rest.readUInt16BE(2)) {
            const length = HEAD + rest.readUInt16BE(2);
            const answer = this.#answer(rest.subarray(0, length), stream.remote);
            if (answer !== null) stream.write([answer]);
            rest = rest.subarray(length);
          }
        },
        ended: () => stream.end(),
        closed: () => undefined,
        drained: () => undefined,
      });
    });
  }

  #answer(request: Buffer, remote: Endpoint): Uint8Array | null {
    if (request.length < HEAD || request.readUInt32BE(4) !== COOKIE) return null;
    if (request.readUInt16BE(0) !== BINDING_REQUEST) return null;
    this.requests++;
    if (this.behaviour.silent === true) return null;
    const mapped = { ip: this.behaviour.lies ?? remote.ip, port: remote.port };
    return encodeSuccess(request.subarray(8, HEAD), mapped);
  }
}

function encodeSuccess(transactionId: Uint8Array, mapped: Endpoint): Uint8Array {
  const ip = ipToBytes(mapped.ip) ?? new Uint8Array(4);
  const bytes = Buffer.alloc(HEAD + 8 + ip.length);
  bytes.writeUInt16BE(BINDING_SUCCESS, 0);
  bytes.writeUInt16BE(8 + ip.length, 2);
  bytes.writeUInt32BE(COOKIE, 4);
  bytes.set(transactionId, 8);
  bytes.writeUInt16BE(XOR_MAPPED_ADDRESS, HEAD);
  bytes.writeUInt16BE(4 + ip.length, HEAD + 2);
  bytes.writeUInt8(ip.length === 4 ? 1 : 2, HEAD + 5);
  bytes.writeUInt16BE(mapped.port ^ (COOKIE >>> 16), HEAD + 6);
  // Cookie and transaction id stand in a row in the head, in the order that the mask wants.
  for (const [i, byte] of ip.entries()) bytes[HEAD + 8 + i] = byte ^ (bytes[4 + i] ?? 0);
  return bytes;
}
