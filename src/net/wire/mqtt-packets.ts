/**
 * Cuts a broker's stream into whole MQTT packets and lets only those through that a client of QoS 0
 * and 1 may get, each in its right form (MQTT 3.1.1 §3): the `mqtt` package dies of an acknowledgement
 * without an id, and hoards messages of QoS 2 without limit. Pure.
 */
import { DecodeError } from './decode-error.ts';

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;
const PINGRESP = 13;

export class MqttPackets {
  readonly #limit: number;
  #kept: Uint8Array = new Uint8Array(0);

  /** @param limit bytes of one packet at most, without its fixed header */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @returns the whole packets that these bytes complete, one after the other
   * @throws DecodeError for what no client of ours may get
   */
  push(bytes: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.#kept.length + bytes.length);
    all.set(this.#kept);
    all.set(bytes, this.#kept.length);
    let at = 0;
    for (let end = this.#endOf(all, at); end !== null; end = this.#endOf(all, at)) at = end;
    this.#kept = all.slice(at);
    return all.subarray(0, at);
  }

  /** Where the packet at `at` ends, checked; null while it is not whole. */
  #endOf(all: Uint8Array, at: number): number | null {
    let length = 0;
    for (let i = 1; i <= 4; i++) {
      const byte = all[at + i];
      if (byte === undefined) return null;
      length += (byte & 0x7f) * 128 ** (i - 1);
      if (length > this.#limit)
        throw new DecodeError('packet', `${length} bytes or more, at most ${this.#limit} are allowed`);
      if ((byte & 0x80) !== 0) continue;
      const start = at + i + 1;
      if (all.length < start + length) return null;
      check(all[at] ?? 0, all.subarray(start, start + length));
      return start + length;
    }
    throw new DecodeError('packet', 'its length does not end');
  }
}

function check(first: number, body: Uint8Array): void {
  const type = first >> 4;
  if (type === PUBLISH) checkPublish(first, body);
  else if ((first & 0x0f) !== 0 || !hasItsLength(type, body.length))
    throw new DecodeError(
      'packet',
      `type ${type} with ${body.length} bytes is none that a broker may send here`,
    );
}

function hasItsLength(type: number, length: number): boolean {
  switch (type) {
    case CONNACK:
    case PUBACK:
      return length === 2;
    case SUBACK:
      return length === 3;
    case PINGRESP:
      return length === 0;
    default:
      return false;
  }
}

function checkPublish(first: number, body: Uint8Array): void {
  const qos = (first >> 1) & 3;
  const topic = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  const id = qos === 0 ? 0 : 2;
  if (qos > 1) throw new DecodeError('message', `QoS ${qos} was not asked for`);
  if (body.length < 2 + topic + id) throw new DecodeError('message', 'is cut off');
  if (id > 0 && body[2 + topic] === 0 && body[3 + topic] === 0)
    throw new DecodeError('message', 'its id is 0');
}
