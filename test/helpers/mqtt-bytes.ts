/** MQTT 3.1.1 packets written by hand, so that clients may break every rule. */

function length(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return bytes;
}

function packet(first: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(first, ...length(body.length)), body]);
}

const u16 = (value: number) => Buffer.of(value >> 8, value & 0xff);
const text = (value: string | Uint8Array) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([u16(bytes.length), bytes]);
};

export interface ConnectOptions {
  readonly level?: number;
  readonly protocol?: string;
  readonly clean?: boolean;
  /** s */
  readonly keepalive?: number;
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly user?: { readonly name: string; readonly password: string };
}

export function connectBytes(clientId: string, options: ConnectOptions = {}): Buffer {
  const { level = 4, protocol = 'MQTT', clean = true, keepalive = 60, will, user } = options;
  const flags = (clean ? 2 : 0) | (will === undefined ? 0 : 4) | (user === undefined ? 0 : 0xc0);
  return packet(
    0x10,
    text(protocol),
    Buffer.of(level, flags),
    u16(keepalive),
    // MQTT 5 has a length of properties here.
    level === 5 ? Buffer.of(0) : Buffer.alloc(0),
    text(clientId),
    ...(will === undefined ? [] : [text(will.topic), text(will.payload)]),
    ...(user === undefined ? [] : [text(user.name), text(user.password)]),
  );
}

export function subscribeBytes(topics: readonly string[], qos = 1, id = 1): Buffer {
  return packet(0x82, u16(id), ...topics.flatMap((topic) => [text(topic), Buffer.of(qos)]));
}

export function publishBytes(
  topic: string,
  payload: Uint8Array | string,
  { qos = 1, retain = false, id = 1 } = {},
): Buffer {
  const parts = [text(topic), ...(qos > 0 ? [u16(id)] : []), Buffer.from(payload)];
  return packet(0x30 | (qos << 1) | (retain ? 1 : 0), ...parts);
}

export const PING_BYTES = Buffer.of(0xc0, 0);
export const CONNACK_OK = '20020000';

/** A packet's header that promises more than it will ever hold. */
export function hugeHeader(size: number): Buffer {
  return Buffer.of(0x30, ...length(size));
}
