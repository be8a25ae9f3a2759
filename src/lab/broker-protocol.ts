/**
 * What the lab's brokers and their clients say to each other over simulated TCP, in MQTT's order and
 * with none of its bytes: a length (u16), a type (u8), an id (u16), a topic (u8 length) and a payload.
 */

const TYPES = [
  'connect',
  'connack',
  'subscribe',
  'suback',
  'publish',
  'puback',
  'message',
  'ping',
  'pong',
] as const;

export interface BrokerFrame {
  readonly type: (typeof TYPES)[number];
  /** Of the request; for `connack` and `suback` see `refused`. */
  readonly id: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

const HEAD = 6;

export function encodeFrame({ type, id = 0, topic = '', payload }: Partial<BrokerFrame>): Uint8Array {
  const name = Buffer.from(topic);
  const body = payload ?? new Uint8Array(0);
  const bytes = Buffer.alloc(HEAD + name.length + body.length);
  bytes.writeUInt16BE(bytes.length - 2, 0);
  bytes.writeUInt8(TYPES.indexOf(type ?? 'ping'), 2);
  bytes.writeUInt16BE(id, 3);
  bytes.writeUInt8(name.length, 5);
  bytes.set(name, HEAD);
  bytes.set(body, HEAD + name.length);
  return bytes;
}

/** Takes a stream apart. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  readonly #take: (frame: BrokerFrame) => void;

  constructor(take: (frame: BrokerFrame) => void) {
    this.#take = take;
  }

  push(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 2 && this.#rest.length >= 2 + this.#rest.readUInt16BE(0)) {
      const frame = this.#rest.subarray(0, 2 + this.#rest.readUInt16BE(0));
      this.#rest = this.#rest.subarray(frame.length);
      const end = HEAD + frame.readUInt8(5);
      this.#take({
        type: TYPES[frame.readUInt8(2)] ?? 'ping',
        id: frame.readUInt16BE(3),
        topic: frame.subarray(HEAD, end).toString(),
        payload: new Uint8Array(frame.subarray(end)),
      });
    }
  }
}
