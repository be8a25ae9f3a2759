/**
 * TLS 1.3 with an external pre-shared key (RFC 8446 §4.2.11, psk_dhe_ke with X25519) and nothing
 * else. Traps closed here: `ca: []` and a refused peer certificate, or a PSK client would accept a
 * certificate from a server that knows no PSK; one context per pipe, so that the tickets that OpenSSL
 * hands out open nothing: a shared server context would resume a session without asking for the PSK.
 */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  TLSSocket,
} from 'node:tls';
import { AlertError, alertOfNumber } from '../wire/alert.ts';
import type { SecureStream } from './io.ts';
import { type SocketStream, SocketStream as Stream } from './socket-stream.ts';

/** RFC 8446 §7.5; both ends derive the same 32 bytes of this connection alone. */
const EXPORTER_LABEL = 'EXPORTER-p2pd-demo-pipe';
const EXPORTER_LENGTH = 32;
/** Says nothing: who the peer is stands in the preamble, and the key follows from it. */
const PSK_IDENTITY = 'p2pd-demo';
const CIPHER = 'TLS_AES_128_GCM_SHA256';
/** Bytes buffered before `write` says false: four frames. */
const HIGH_WATER_MARK = 256 * 1024;

const CONTEXT: SecureContextOptions = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: CIPHER,
  ecdhCurve: 'X25519',
  ca: [],
  secureOptions: constants.SSL_OP_NO_TICKET,
};

/**
 * @throws AlertError when the other side refused, the TLS error, or the signal's reason; the socket is destroyed then
 */
export function secureStream(
  stream: SocketStream,
  role: 'client' | 'server',
  psk: Uint8Array,
  signal: AbortSignal,
): Promise<SecureStream> {
  const { transport, local, remote } = stream;
  const tls = stream.handOver((raw) => (role === 'client' ? openClient(raw, psk) : openServer(raw, psk)));
  // What is reset in its first moment may tell so when nobody listens any longer (read EINVAL): that must end nothing else.
  tls.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      tls.destroy();
      reject(explain(error));
    };
    const onAbort = () => fail(asError(signal.reason));
    const onClose = () => fail(new Error('closed during the TLS handshake'));
    const finish = () => {
      signal.removeEventListener('abort', onAbort);
      tls.removeListener('close', onClose);
      tls.removeListener('error', fail);
      const fault = tls.destroyed ? 'closed during the TLS handshake' : faultOf(tls);
      if (fault !== null) {
        fail(new Error(fault));
        return;
      }
      const exporter = tls.exportKeyingMaterial(EXPORTER_LENGTH, EXPORTER_LABEL, Buffer.alloc(0));
      resolve(Object.assign(new Stream(tls, { transport, local, remote }), { exporter }));
    };
    tls.once('error', fail);
    tls.once('close', onClose);
    // The event comes from inside OpenSSL: whoever destroyed the socket now would pull it from under it.
    tls.once(role === 'client' ? 'secureConnect' : 'secure', () => {
      tls.pause();
      setImmediate(finish);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A context made while there was nothing else to do; each serves one connection. */
let spare: SecureContext | null = null;

/** Makes the next connection's context beforehand, half a millisecond that nobody has to wait for then. */
export function prepareTls(): void {
  spare ??= createSecureContext(CONTEXT);
}

function takeContext(): SecureContext {
  const context = spare ?? createSecureContext(CONTEXT);
  spare = null;
  return context;
}

function openClient(socket: Duplex, psk: Uint8Array): TLSSocket {
  const options: ConnectionOptions & { highWaterMark: number } = {
    socket,
    secureContext: takeContext(),
    pskCallback: () => ({ psk, identity: PSK_IDENTITY }),
    checkServerIdentity: () => new Error('a certificate was offered instead of the pre-shared key'),
    rejectUnauthorized: true,
    highWaterMark: HIGH_WATER_MARK,
  };
  return connect(options);
}

function openServer(socket: Duplex, psk: Uint8Array): TLSSocket {
  const options = {
    isServer: true,
    secureContext: takeContext(),
    pskCallback: (_socket: TLSSocket, identity: string) => (identity === PSK_IDENTITY ? psk : null),
    requestCert: false,
    rejectUnauthorized: false,
    highWaterMark: HIGH_WATER_MARK,
  };
  // Any stream will do; its type asks for more.
  return new TLSSocket(socket as Socket, options);
}

/** Why a finished handshake is not the one we asked for; null when it is. */
function faultOf(tls: TLSSocket): string | null {
  if (tls.getProtocol() !== 'TLSv1.3') return `TLS version ${tls.getProtocol()} instead of 1.3`;
  if (tls.getCipher().name !== CIPHER) return `cipher ${tls.getCipher().name} instead of ${CIPHER}`;
  if (Object.keys(tls.getPeerCertificate()).length > 0)
    return 'a certificate was offered instead of the pre-shared key';
  return null;
}

/** OpenSSL names the alert's number at the end of its message. */
function explain(error: Error): Error {
  const number = /SSL alert number (\d+)/.exec(error.message)?.[1];
  if (number === undefined) return error;
  return new AlertError(alertOfNumber(Number(number)), `the peer refused (TLS alert ${number})`, {
    cause: error,
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
