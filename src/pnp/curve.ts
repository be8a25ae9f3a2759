/**
 * secp256k1 as the Peer Name Protocol uses it: agreement on the bare X coordinate, and ECDSA with SHA-1. Three
 * implementations, checked against the same vectors: Node's own, libsecp256k1 as WebAssembly (three times as
 * fast) and as native code (a dozen times).
 */
import { createECDH, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

export interface Curve {
  readonly name: string;
  /** X of secret × point: 32 bytes. @throws Error where the point is none of the curve */
  agree(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
  /** 33 bytes, compressed. */
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
  /** ECDSA over SHA-1, r ‖ s of either form. Never throws. */
  verifySha1(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Bytes. */
export const POINT_LENGTH = 33;
export const SIGNATURE_LENGTH = 64;
/** DER up to the point of a compressed secp256k1 public key (RFC 5480). */
const SPKI_PREFIX = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex');

export const nodeCurve: Curve = {
  name: 'node:crypto',
  agree(secretKey, publicKey) {
    const agreement = createECDH('secp256k1');
    agreement.setPrivateKey(secretKey);
    return new Uint8Array(agreement.computeSecret(publicKey));
  },
  publicKeyOf(secretKey) {
    const agreement = createECDH('secp256k1');
    agreement.setPrivateKey(secretKey);
    return new Uint8Array(agreement.getPublicKey(null, 'compressed'));
  },
  verifySha1(publicKey, message, signature) {
    const key = signature.length === SIGNATURE_LENGTH ? keyObject(publicKey) : null;
    return key !== null && verify('sha1', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  },
};

/** What is installed and runs here, the fastest first. */
export async function fastestCurve(): Promise<Curve> {
  for (const load of [nativeCurve, wasmCurve]) {
    try {
      return await load();
    } catch {
      // Not installed, or no binary for this system.
    }
  }
  return nodeCurve;
}

/** libsecp256k1 by `secp256k1`, which whoever serves many may install. @throws where it is missing */
export async function nativeCurve(): Promise<Curve> {
  const { default: native } = await import('secp256k1/bindings.js');
  const itself = (x: Uint8Array) => x;
  return {
    name: 'libsecp256k1',
    agree: (secretKey, publicKey) =>
      native.ecdh(publicKey, secretKey, { hashfn: itself }, new Uint8Array(32)),
    publicKeyOf: (secretKey) => native.publicKeyCreate(secretKey),
    verifySha1: (publicKey, message, signature) =>
      isWellFormed(publicKey, signature) &&
      // The library knows one form alone.
      neverThrows(() =>
        native.ecdsaVerify(
          native.signatureNormalize(Uint8Array.from(signature)),
          digestOf(message),
          publicKey,
        ),
      ),
  };
}

/** The same library compiled to WebAssembly, by `tiny-secp256k1`. @throws where it does not run */
export async function wasmCurve(): Promise<Curve> {
  const wasm = await import('tiny-secp256k1');
  return {
    name: 'libsecp256k1 (WebAssembly)',
    agree(secretKey, publicKey) {
      const point = wasm.pointMultiply(publicKey, secretKey, true);
      if (point === null) throw new RangeError('the point at infinity');
      return point.slice(1);
    },
    publicKeyOf(secretKey) {
      const point = wasm.pointFromScalar(secretKey, true);
      if (point === null) throw new RangeError('no valid secret key');
      return point;
    },
    verifySha1: (publicKey, message, signature) =>
      isWellFormed(publicKey, signature) &&
      neverThrows(() => wasm.verify(digestOf(message), publicKey, signature)),
  };
}

function isWellFormed(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return publicKey.length === POINT_LENGTH && signature.length === SIGNATURE_LENGTH;
}

/** SHA-1 as the number that is signed (SEC 1 §4.1.4), which stands at the end of 32 bytes. */
function digestOf(message: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  digest.set(createHash('sha1').update(message).digest(), 12);
  return digest;
}

function neverThrows(verifies: () => boolean): boolean {
  try {
    return verifies();
  } catch {
    return false;
  }
}

function keyObject(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.length !== POINT_LENGTH) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
