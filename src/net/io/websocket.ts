/** A WebSocket as a stream of bytes, by the `ws` package, the only file that imports it: MQTT where only the web's ports are open. */
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';

/** ms for the HTTP part of its opening. */
const HANDSHAKE_LIMIT = 10_000;

/**
 * @param maxMessage bytes of one message that is taken
 * @param options of the connection under it
 */
export function openWebSocket(
  url: string,
  protocol: string,
  maxMessage: number,
  options: { readonly lookup: LookupFunction; readonly autoSelectFamily: boolean },
): Duplex {
  const socket = new WebSocket(url, protocol, {
    ...options,
    handshakeTimeout: HANDSHAKE_LIMIT,
    maxPayload: maxMessage,
    maxRedirects: 0,
    perMessageDeflate: false,
  });
  return createWebSocketStream(socket);
}
