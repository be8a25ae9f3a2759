/** Node's own TLS 1.3 with an external pre-shared key and the cipher of our pipes: what they are compared with. */
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket } from 'node:tls';

const psk = Buffer.alloc(32, 7);
const COMMON = {
  ciphers: 'TLS_AES_128_GCM_SHA256',
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ecdhCurve: 'X25519',
} as const;

export function createPskServer(onConnection: (socket: TLSSocket) => void): Server {
  return createServer({ ...COMMON, pskCallback: () => psk, noDelay: true }, onConnection);
}

export function connectPsk(target: { port: number; host: string }): TLSSocket {
  const options: ConnectionOptions = {
    ...COMMON,
    ...target,
    pskCallback: () => ({ psk, identity: 'bench' }),
    checkServerIdentity: () => undefined,
  };
  return connect(options).setNoDelay(true);
}
