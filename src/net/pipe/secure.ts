/**
 * From a bare connection to an encrypted one whose ends can be proven: preamble, then TLS 1.3 keyed
 * by the two nodes' keys, then proofs over this one TLS connection (docs/security.md). The proofs
 * close what the pre-shared key leaves open: key-compromise impersonation and swapped pipe ids.
 * Effects through Io only.
 */
import { hkdfSync } from 'node:crypto';
import { type Identity, verifySignature } from '../identity.ts';
import type { ByteStream, Io, SecureStream } from '../io/io.ts';
import { CLOSE_TIMEOUT } from '../timing.ts';
import { type AlertName, encodeAlert } from '../wire/alert.ts';
import { Writer } from '../wire/writer.ts';
import { decodePreamble, encodePreamble, type Preamble, type PreambleRole } from './preamble.ts';

const PSK_LENGTH = 32;
const PSK_INFO = new TextEncoder().encode('p2pd-demo pipe 1\0');
const PROOF_DOMAIN = new TextEncoder().encode('p2pd-demo proof 1\0');

/** An encrypted connection and what proves its ends. */
export interface Secured {
  readonly stream: SecureStream;
  /** Our signature over this connection. */
  readonly proof: Uint8Array;
  /** Whether these bytes are the peer's signature over this connection. */
  verify(proof: Uint8Array): boolean;
}

export type FirstBytes =
  | { readonly kind: 'preamble'; readonly preamble: Preamble }
  | { readonly kind: 'other-version'; readonly version: number };

/** The key of all of a dialler's attempts to one peer: worked out once, while the first SYN is under way. */
export function diallerPsk(identity: Identity, peerKey: Uint8Array): Uint8Array {
  return pskOf(identity, peerKey, identity.publicKey, peerKey);
}

/**
 * The dialling side: preamble and TLS client hello leave together.
 *
 * @param psk from `diallerPsk`
 * @throws AlertError when the peer refuses, else the TLS error; the stream is destroyed then
 */
export async function secureAsDialler(
  io: Io,
  stream: ByteStream,
  identity: Identity,
  peerKey: Uint8Array,
  pipeId: Uint8Array,
  psk: Uint8Array,
  signal: AbortSignal,
): Promise<Secured> {
  stream.write([encodePreamble({ role: 'dialler', publicKey: identity.publicKey, pipeId })]);
  const secure = await io.secure(stream, 'client', psk, signal);
  return proofsOf(secure, identity, 'dialler', peerKey, pipeId);
}

/** The answering side, once the preamble has told who calls. Throws as `secureAsDialler`. */
export async function secureAsAnswerer(
  io: Io,
  stream: ByteStream,
  identity: Identity,
  preamble: Preamble,
  signal: AbortSignal,
): Promise<Secured> {
  const psk = pskOf(identity, preamble.publicKey, preamble.publicKey, identity.publicKey);
  const secure = await io.secure(stream, 'server', psk, signal);
  return proofsOf(secure, identity, 'answerer', preamble.publicKey, preamble.pipeId);
}

/**
 * Reads a caller's preamble; what follows it stays in the stream.
 *
 * @throws DecodeError for anything else, Error when the caller hangs up or the signal aborts
 */
export function readPreamble(stream: ByteStream, signal: AbortSignal): Promise<FirstBytes> {
  return new Promise((resolve, reject) => {
    let seen: Uint8Array = new Uint8Array(0);
    const settle = (finish: () => void) => {
      signal.removeEventListener('abort', onAbort);
      stream.setReader(null);
      finish();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onAbort = () => fail(signal.reason);
    const hungUp = () => fail(new Error('hung up before it said who it is'));
    signal.addEventListener('abort', onAbort, { once: true });
    stream.setReader({
      data(bytes) {
        seen = new Writer(seen.length + bytes.length).bytes(seen).bytes(bytes).finish();
        try {
          const decoded = decodePreamble(seen);
          if (decoded.kind === 'more') return;
          settle(() => {
            if (decoded.kind === 'preamble') stream.unread(seen.subarray(decoded.length));
            resolve(decoded);
          });
        } catch (error) {
          fail(error);
        }
      },
      ended: hungUp,
      closed: hungUp,
      drained: () => undefined,
    });
  });
}

/**
 * Says no in a way that the caller's TLS can report, and waits a moment for the caller to hang up:
 * closing at once, with its bytes unread, would reset the connection and lose the reason.
 */
export async function refuse(io: Io, stream: ByteStream, why: AlertName): Promise<void> {
  const gone = new AbortController();
  stream.setReader({
    data: () => undefined,
    ended: () => gone.abort(),
    closed: () => gone.abort(),
    drained: () => undefined,
  });
  stream.write([encodeAlert(why)]);
  stream.end();
  await io.sleepUntil(io.now() + CLOSE_TIMEOUT, gone.signal);
  stream.destroy();
}

/** As `refuse` where there is no room to wait: just after accepting, when nothing has come that would reset it. */
export function refuseAtOnce(stream: ByteStream, why: AlertName): void {
  stream.write([encodeAlert(why)]);
  stream.destroy();
}

/** HKDF-SHA256 over what only the two can compute, bound to who dialled whom. */
function pskOf(
  identity: Identity,
  peerKey: Uint8Array,
  dialler: Uint8Array,
  answerer: Uint8Array,
): Uint8Array {
  const info = new Writer().bytes(PSK_INFO).bytes(dialler).bytes(answerer).finish();
  return new Uint8Array(
    hkdfSync('sha256', identity.sharedSecret(peerKey), new Uint8Array(0), info, PSK_LENGTH),
  );
}

function proofsOf(
  stream: SecureStream,
  identity: Identity,
  role: PreambleRole,
  peerKey: Uint8Array,
  pipeId: Uint8Array,
): Secured {
  const own = encodePreamble({ role, publicKey: identity.publicKey, pipeId });
  const peerRole: PreambleRole = role === 'dialler' ? 'answerer' : 'dialler';
  const theirs = encodePreamble({ role: peerRole, publicKey: peerKey, pipeId });
  return {
    stream,
    proof: identity.sign(proofText(stream.exporter, own, theirs)),
    verify: (proof) => verifySignature(peerKey, proofText(stream.exporter, theirs, own), proof),
  };
}

/** What is signed: this TLS connection, then the signer's whole preamble (role, key, pipe id), then the other's. */
function proofText(exporter: Uint8Array, signer: Uint8Array, other: Uint8Array): Uint8Array {
  return new Writer().bytes(PROOF_DOMAIN).bytes(exporter).bytes(signer).bytes(other).finish();
}
