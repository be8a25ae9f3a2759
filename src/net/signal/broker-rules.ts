/**
 * What our broker lets its clients do: meet at nodes' topics and nothing else. Says what is wrong in
 * words that hold nothing of what a client sent. Rules only.
 */
import { MQTT_KEEPALIVE, MQTT_MAX_CLIENT_ID, MQTT_MAX_PAYLOAD } from '../limits.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { SlowReaderError } from './duplex.ts';

/** `topicOf` in envelope.ts; nothing with a wildcard fits. */
const TOPIC = /^p2pd-demo\/1\/[0-9a-f]{32}$/;
/** MQTT 3.1.1 §3.2.2.3. */
const IDENTIFIER_REJECTED = 2;
const NOT_AUTHORIZED = 5;

/** A client asked for what is not allowed, or too much of it. `returnCode` is what CONNACK says. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly returnCode: number;

  constructor(message: string, returnCode = NOT_AUTHORIZED) {
    super(message);
    this.returnCode = returnCode;
  }
}

export function isNodeTopic(topic: string): boolean {
  return TOPIC.test(topic);
}

/** The part of CONNECT that we look at, and change. */
interface ConnectPacket {
  readonly protocolVersion?: number;
  readonly clientId: string;
  readonly will?: unknown;
  clean?: boolean;
  /** s */
  keepalive?: number;
}

/**
 * Why a client may not connect; null: it may. Everybody gets a clean session, which CONNACK says
 * (session present 0), and a keep-alive: nothing of strangers is kept once they are gone.
 */
export function admitConnect(packet: ConnectPacket): Refusal | null {
  packet.clean = true;
  packet.keepalive = Math.min(packet.keepalive || MQTT_KEEPALIVE, MQTT_KEEPALIVE);
  if (packet.clientId.length > MQTT_MAX_CLIENT_ID)
    return new Refusal('a client id that is too long', IDENTIFIER_REJECTED);
  if (packet.will !== undefined && packet.will !== null) return new Refusal('a will');
  // A later one is answered by aedes, as MQTT 3.1.1 §3.1.2.2 has it.
  if (packet.protocolVersion === 3) return new Refusal('MQTT 3.1, which is too old');
  return null;
}

/** Why a message is not passed on; null: it is. */
export function refusePublish(packet: {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payload: Uint8Array | string;
}): Refusal | null {
  if (!isNodeTopic(packet.topic)) return new Refusal('a message to another topic than a node’s');
  if (packet.retain) return new Refusal('a retained message');
  if (packet.qos > 1) return new Refusal('a message with QoS 2');
  if (packet.payload.length > MQTT_MAX_PAYLOAD) return new Refusal('a message that is too long');
  return null;
}

/** What a fault of a connection is worth telling; null: nothing, it just went away. */
export function tellFault(
  error: Error,
): { readonly what: 'refused' | 'error'; readonly detail: string } | null {
  if (error instanceof Refusal || error instanceof SlowReaderError)
    return { what: 'refused', detail: error.message };
  if (error instanceof DecodeError) return { what: 'error', detail: `a ${error.place} that is too long` };
  // The system's and the stream's own, after a reset for example.
  if ('code' in error && typeof error.code === 'string') return null;
  switch (error.message) {
    case 'keep alive timeout':
    case 'connection closed':
      return null;
    case 'connect did not arrive in time':
      return { what: 'error', detail: 'no CONNECT in time' };
    case 'unacceptable protocol version':
      return { what: 'refused', detail: 'another version of MQTT' };
    case 'Client queue limit reached':
      return { what: 'refused', detail: 'too many packets before CONNACK' };
    default:
      return { what: 'error', detail: 'no MQTT 3.1.1' };
  }
}
