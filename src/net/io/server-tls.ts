/** TLS to a public server that proves its name by a certificate, as browsers check it: TURN over TLS. Effects only. */
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { ByteStream } from './io.ts';
import { SocketStream } from './socket-stream.ts';

/**
 * Takes the stream over; on failure it is destroyed.
 *
 * @param host name or IP address that the certificate must be for
 * @throws the TLS error, or the signal's reason
 */
export function serverTls(stream: SocketStream, host: string, signal: AbortSignal): Promise<ByteStream> {
  const { transport, local, remote } = stream;
  const names = isIP(host) === 0 ? { servername: host } : {};
  const tls = stream.handOver((socket) => connect({ socket, host, ...names }));
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      tls.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    const onClose = () => fail(new Error('closed during the TLS handshake'));
    tls.once('error', fail);
    tls.once('close', onClose);
    tls.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      tls.removeListener('close', onClose);
      tls.pause();
      const secured = new SocketStream(tls, { transport, local, remote });
      tls.removeListener('error', fail);
      resolve(secured);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
