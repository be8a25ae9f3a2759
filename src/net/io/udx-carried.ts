/**
 * Streams over UDP whose datagrams a relay carries. `udx-native` takes no socket of others, so a second socket on
 * loopback stands between it and the relay. Effects only.
 */
import { setTimeout } from 'node:timers';
import type { Endpoint } from '../wire/endpoint.ts';
import type { CarriedUdpSocket, DatagramCarrier, DatagramReader } from './io.ts';
import { openUdp } from './udp.ts';
import { openStreamUdp } from './udx.ts';

/**
 * Bytes of a datagram that are carried. Over a relay's connection any size would pass, and the search for the largest
 * packet come to no end that holds for the whole way: here it ends. Beside it there is room for the relay's own header
 * in a packet of 1,280 bytes, the least that IPv6 carries (RFC 8200 §5).
 */
const MAX_CARRIED = 1_200;
/** ms. */
const LAST_WORDS = 20;
const LOOPBACK = { ip: '127.0.0.1', port: 0 };

/** @throws as `openStreamUdp` */
export async function openCarriedUdp(
  carrier: DatagramCarrier,
  reader: DatagramReader,
): Promise<CarriedUdpSocket> {
  /** Whom the stream goes to: everything from there passes by the native socket, which knows what is the stream's. */
  let peer: Endpoint | null = null;
  const inner = await openStreamUdp(LOOPBACK, {
    datagram: (data) => {
      if (peer !== null) reader.datagram(data, peer);
    },
  });
  const shim = await openUdp(LOOPBACK, {
    datagram(data, from) {
      // Other programs of this machine may send here as well.
      const isOurs = from.port === inner.local.port && from.ip === inner.local.ip;
      if (isOurs && peer !== null && data.length <= MAX_CARRIED) carrier.send(data, peer);
    },
  }).catch((error) => {
    inner.close();
    throw error;
  });
  let [open, streams] = [true, 0];
  const closeIfIdle = () => {
    if (open || streams > 0) return;
    // The last packets of the last stream are on loopback still.
    setTimeout(() => {
      shim.close();
      carrier.closed();
    }, LAST_WORDS);
  };
  const { local } = carrier;
  return {
    local,
    send(data, remote) {
      if (open) carrier.send(data, remote);
    },
    openStream(remote, ids) {
      peer = remote;
      streams++;
      const gone = () => {
        streams--;
        closeIfIdle();
      };
      return inner.openStream(shim.local, ids, { local, remote }, gone);
    },
    deliver(data, remote) {
      if (data.length > MAX_CARRIED) return;
      if (peer !== null && peer.ip === remote.ip && peer.port === remote.port) shim.send(data, inner.local);
      else if (open) reader.datagram(data, remote);
    },
    close() {
      if (!open) return;
      open = false;
      inner.close();
      closeIfIdle();
    },
  };
}
