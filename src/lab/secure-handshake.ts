/**
 * The handshake of the stand-in for TLS 1.3 with a pre-shared key: the same flights, and both sides
 * prove the key. Machine: records in, effects out; no stream, no clock.
 *
 *   client: hello-sent ──server's flight──► done (sends finished)
 *   server: waiting ──client hello──► flight-sent ──client's finished──► done
 *
 * The client's hello carries a binder, so the server is the first to see a wrong key (RFC 8446
 * §4.2.11.2); it says so in an alert.
 */
import { ALERT, digest, HANDSHAKE, type SecureRecord } from './secure-record.ts';

export interface SecureKeys {
  readonly exporter: Uint8Array;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export type HandshakeEffect =
  | { readonly kind: 'send'; readonly record: SecureRecord }
  | { readonly kind: 'done'; readonly keys: SecureKeys }
  | { readonly kind: 'alert'; readonly description: number }
  | { readonly kind: 'fail'; readonly message: string };

type Role = 'client' | 'server';

const CLIENT_HELLO = 1;
const SERVER_FLIGHT = 2;
const FINISHED = 20;
const NONCE_LENGTH = 32;
/** RFC 8446 §6: unexpected_message, illegal_parameter, decrypt_error. */
const UNEXPECTED_MESSAGE = 10;
const DECRYPT_ERROR = 51;

export class SecureHandshake {
  readonly #role: Role;
  readonly #psk: Uint8Array;
  readonly #nonce: Uint8Array;
  #clientNonce: Uint8Array | null = null;
  #keys: SecureKeys | null = null;

  /** @param nonce 32 random bytes */
  constructor(role: Role, psk: Uint8Array, nonce: Uint8Array) {
    this.#role = role;
    this.#psk = psk;
    this.#nonce = nonce;
  }

  start(): HandshakeEffect[] {
    if (this.#role === 'server') return [];
    this.#clientNonce = this.#nonce;
    return [this.#message(CLIENT_HELLO, this.#nonce, digest(this.#psk, 'binder', this.#nonce))];
  }

  receive({ type, body }: SecureRecord): HandshakeEffect[] {
    if (type === ALERT) return [{ kind: 'alert', description: body[1] ?? 0 }];
    const expected =
      this.#role === 'client' ? SERVER_FLIGHT : this.#clientNonce === null ? CLIENT_HELLO : FINISHED;
    if (type !== HANDSHAKE || body[0] !== expected) return refusal(UNEXPECTED_MESSAGE, 'unexpected message');
    const nonce = body.slice(1, 1 + NONCE_LENGTH);
    const proof = body.slice(1 + NONCE_LENGTH);
    if (expected === CLIENT_HELLO) return this.#onHello(nonce, proof);
    return expected === SERVER_FLIGHT ? this.#onFlight(nonce, proof) : this.#onFinished(proof);
  }

  #onHello(nonce: Uint8Array, binder: Uint8Array): HandshakeEffect[] {
    if (!isEqual(binder, digest(this.#psk, 'binder', nonce)))
      return refusal(DECRYPT_ERROR, 'binder does not verify');
    this.#clientNonce = nonce;
    this.#keys = keysOf(this.#psk, nonce, this.#nonce);
    return [this.#message(SERVER_FLIGHT, this.#nonce, digest(this.#psk, 'server', nonce, this.#nonce))];
  }

  #onFlight(nonce: Uint8Array, proof: Uint8Array): HandshakeEffect[] {
    if (!isEqual(proof, digest(this.#psk, 'server', this.#nonce, nonce)))
      return refusal(DECRYPT_ERROR, 'digest check failed');
    const finished = this.#message(
      FINISHED,
      new Uint8Array(NONCE_LENGTH),
      digest(this.#psk, 'client', this.#nonce, nonce),
    );
    return [finished, { kind: 'done', keys: keysOf(this.#psk, this.#nonce, nonce) }];
  }

  #onFinished(proof: Uint8Array): HandshakeEffect[] {
    const { exporter } = this.#keys ?? { exporter: null };
    const expected = digest(this.#psk, 'client', this.#clientNonce ?? '', this.#nonce);
    if (exporter === null || this.#keys === null || !isEqual(proof, expected))
      return refusal(DECRYPT_ERROR, 'digest check failed');
    return [{ kind: 'done', keys: this.#keys }];
  }

  #message(kind: number, nonce: Uint8Array, proof: Uint8Array): HandshakeEffect {
    return { kind: 'send', record: { type: HANDSHAKE, body: Uint8Array.of(kind, ...nonce, ...proof) } };
  }
}

function keysOf(psk: Uint8Array, clientNonce: Uint8Array, serverNonce: Uint8Array): SecureKeys {
  const derive = (label: string) => digest(psk, label, clientNonce, serverNonce);
  return { exporter: derive('exporter'), clientKey: derive('client key'), serverKey: derive('server key') };
}

function refusal(description: number, message: string): HandshakeEffect[] {
  const fatal = Uint8Array.of(2, description);
  return [
    { kind: 'send', record: { type: ALERT, body: fatal } },
    { kind: 'fail', message },
  ];
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}
