/** UDP sockets of this machine. Effects only. */
import { createSocket, type Socket } from 'node:dgram';
import type { Endpoint } from '../wire/endpoint.ts';
import { canonicalIp, familyOf } from '../wire/ip.ts';
import type { DatagramReader, UdpSocket } from './io.ts';

/** @throws the system's error */
export function openUdp(local: Endpoint, reader: DatagramReader): Promise<UdpSocket> {
  const family = familyOf(local.ip);
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: family === 6 });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: local.ip, port: local.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.on('error', (error) => reader.failed?.(error));
      socket.on('message', (data, from) => {
        const ip = canonicalIp(from.address);
        // Port 0 cannot be answered; such a datagram is forged.
        if (ip !== null && from.port > 0) reader.datagram(data, { ip, port: from.port });
      });
      resolve(wrap(socket, local.ip, reader));
    });
  });
}

function wrap(socket: Socket, ip: string, reader: DatagramReader): UdpSocket {
  let open = true;
  return {
    local: { ip, port: socket.address().port },
    send(data, remote) {
      if (!open) return;
      try {
        socket.send(data, remote.port, remote.ip, (error) => {
          if (error !== null && open) reader.failed?.(error);
        });
      } catch (error) {
        if (error instanceof Error) reader.failed?.(error);
      }
    },
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}
