/**
 * A foreign party: a client and a server of the Peer Name Protocol written to its description alone, as P2PD's
 * behave, with nothing of ours. Slow and silent on errors, as they are.
 */
import {
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

const MASK = 0xffffffffn;
const rotl = (x: bigint, by: bigint) => ((x << (by % 32n)) | (x >> (32n - (by % 32n)))) & MASK;
const rotr = (x: bigint, by: bigint) => ((x >> (by % 32n)) | (x << (32n - (by % 32n)))) & MASK;

function schedule(key: Buffer): bigint[] {
  const words = Array.from({ length: key.length / 4 }, (_, i) => BigInt(key.readUInt32LE(4 * i)));
  const s = Array.from({ length: 44 }, (_, i) => (0xb7e15163n + BigInt(i) * 0x9e3779b9n) & MASK);
  let [a, b] = [0n, 0n];
  for (let k = 0; k < 132; k++) {
    a = s[k % 44] = rotl(((s[k % 44] ?? 0n) + a + b) & MASK, 3n);
    b = words[k % words.length] = rotl(((words[k % words.length] ?? 0n) + a + b) & MASK, (a + b) & 31n);
  }
  return s;
}

function block(s: readonly bigint[], bytes: Buffer, decrypt: boolean): Buffer {
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => BigInt(bytes.readUInt32LE(at))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const at = (i: number) => s[i] ?? 0n;
  const f = (x: bigint) => rotl((x * (2n * x + 1n)) & MASK, 5n);
  if (decrypt) {
    [a, c] = [(a - at(42)) & MASK, (c - at(43)) & MASK];
    for (let i = 20; i >= 1; i--) {
      [a, b, c, d] = [d, a, b, c];
      const [u, t] = [f(d), f(b)];
      c = rotr((c - at(2 * i + 1)) & MASK, t & 31n) ^ u;
      a = rotr((a - at(2 * i)) & MASK, u & 31n) ^ t;
    }
    [b, d] = [(b - at(0)) & MASK, (d - at(1)) & MASK];
  } else {
    [b, d] = [(b + at(0)) & MASK, (d + at(1)) & MASK];
    for (let i = 1; i <= 20; i++) {
      const [t, u] = [f(b), f(d)];
      a = (rotl(a ^ t, u & 31n) + at(2 * i)) & MASK;
      c = (rotl(c ^ u, t & 31n) + at(2 * i + 1)) & MASK;
      [a, b, c, d] = [b, c, d, a];
    }
    [a, c] = [(a + at(42)) & MASK, (c + at(43)) & MASK];
  }
  const out = Buffer.alloc(16);
  for (const [i, word] of [a, b, c, d].entries()) out.writeUInt32LE(Number(word), 4 * i);
  return out;
}

const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

function cbc(key: Buffer, iv: Buffer, bytes: Buffer, decrypt: boolean): Buffer {
  const s = schedule(key);
  const out: Buffer[] = [];
  let chain = iv;
  for (let at = 0; at < bytes.length; at += 16) {
    const own = bytes.subarray(at, at + 16);
    const done: Buffer = decrypt ? xor(block(s, own, true), chain) : block(s, xor(own, chain), false);
    chain = decrypt ? own : done;
    out.push(done);
  }
  return Buffer.concat(out);
}

export class Keys {
  readonly #ecdh = createECDH('secp256k1');
  readonly publicKey: Buffer;
  readonly #secret: Buffer;

  constructor(secret: Uint8Array = randomBytes(32)) {
    this.#secret = Buffer.from(secret);
    this.#ecdh.setPrivateKey(this.#secret);
    this.publicKey = this.#ecdh.getPublicKey(null, 'compressed');
  }

  agree(other: Uint8Array): Buffer {
    return this.#ecdh.computeSecret(other);
  }

  sign(bytes: Buffer): Buffer {
    const prefix = Buffer.from('303e020100301006072a8648ce3d020106052b8104000a042730250201010420', 'hex');
    const key = createPrivateKey({
      key: Buffer.concat([prefix, this.#secret]),
      format: 'der',
      type: 'pkcs8',
    });
    return sign('sha1', bytes, { key, dsaEncoding: 'ieee-p1363' });
  }
}

function isSigned(owner: Buffer, bytes: Buffer, signature: Buffer): boolean {
  const prefix = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex');
  const key = createPublicKey({ key: Buffer.concat([prefix, owner]), format: 'der', type: 'spki' });
  return verify('sha1', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

export function seal(plain: Buffer, to: Uint8Array): Buffer {
  const [own, iv] = [new Keys(), randomBytes(16)];
  const key = own.agree(to);
  const padding = 16 - (plain.length % 16);
  const cipher = cbc(key, iv, Buffer.concat([plain, Buffer.alloc(padding, padding)]), false);
  const tag = createHmac('sha256', Buffer.concat([iv, key]))
    .update(cipher)
    .digest();
  return Buffer.concat([own.publicKey, iv, tag, cipher]);
}

export function open(message: Buffer, keys: Keys): Buffer {
  const key = keys.agree(message.subarray(0, 33));
  const [iv, tag, cipher] = [message.subarray(33, 49), message.subarray(49, 81), message.subarray(81)];
  if (
    !createHmac('sha256', Buffer.concat([iv, key]))
      .update(cipher)
      .digest()
      .equals(tag)
  )
    throw new Error('tag');
  const plain = cbc(key, iv, cipher, true);
  return plain.subarray(0, plain.length - (plain.at(-1) ?? 0));
}

export interface Fields {
  readonly id: number;
  readonly reply: Buffer;
  readonly updated: number;
  readonly name: Buffer;
  readonly value: Buffer;
  readonly owner: Buffer;
}

export function pack({ id, reply, updated, name, value, owner }: Fields): Buffer {
  const fixed = Buffer.alloc(50);
  fixed.writeUInt32LE(id, 0);
  reply.copy(fixed, 4);
  fixed.writeUInt8(1, 37);
  fixed.writeBigUInt64LE(BigInt(updated), 38);
  fixed.writeUInt16LE(name.length, 46);
  fixed.writeUInt16LE(value.length, 48);
  return Buffer.concat([fixed, name, value, owner]);
}

export function unpack(plain: Buffer): Fields & { readonly signature: Buffer } {
  const [names, values] = [plain.readUInt16LE(46), plain.readUInt16LE(48)];
  const end = 50 + names + values;
  if (plain.length < end + 33) throw new Error('short');
  return {
    id: plain.readUInt32LE(0),
    reply: plain.subarray(4, 37),
    updated: Number(plain.readBigUInt64LE(38)),
    name: plain.subarray(50, 50 + names),
    value: plain.subarray(50 + names, end),
    owner: plain.subarray(end, end + 33),
    signature: plain.subarray(end + 33),
  };
}

/** As P2PD's client: one connection, one read, nothing after two seconds; null for what cannot be read, and for no value. @throws Error 'timeout' */
export async function ask(
  port: number,
  server: Uint8Array,
  owner: Keys,
  name: string,
  value: string | null,
  updated = Math.floor(Date.now() / 1000),
) {
  const reply = new Keys();
  const packet = pack({
    id: randomBytes(4).readUInt32LE(),
    reply: reply.publicKey,
    updated,
    name: Buffer.from(name),
    value: Buffer.from(value ?? ''),
    owner: owner.publicKey,
  });
  const request = value === null ? packet : Buffer.concat([packet, owner.sign(packet)]);
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    socket.write(seal(request, server));
    const [answer] = (await Promise.race([
      once(socket, 'data'),
      new Promise((_, reject) => setTimeout(() => reject(new Error('timeout')), 2_000)),
    ])) as [Buffer];
    const fields = unpack(open(answer, reply));
    return fields.updated === 0 ? null : fields;
  } catch (error) {
    if (error instanceof Error && error.message === 'timeout') throw error;
    return null;
  } finally {
    socket.destroy();
  }
}

/** As P2PD's server over TCP: one read is one message; whatever is wrong is answered by silence. */
export async function startForeignServer(
  keys: Keys,
): Promise<{ readonly port: number; readonly server: Server }> {
  const names = new Map<string, Fields>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (message: Buffer) => {
      try {
        const answer = answerTo(message, keys, names);
        if (answer !== null) socket.write(answer);
      } catch {
        // Silence.
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

/** null for silence. */
function answerTo(message: Buffer, keys: Keys, names: Map<string, Fields>): Buffer | null {
  const plain = open(message, keys);
  const request = unpack(plain);
  const key = request.name.toString('hex');
  const known = names.get(key);
  const answer = (fields: Fields) =>
    seal(pack({ ...fields, id: request.id, reply: keys.publicKey }), request.reply);
  if (request.signature.length === 0)
    return answer(known ?? { ...request, value: Buffer.alloc(0), updated: 0 });
  const isOwner =
    known === undefined || (known.owner.equals(request.owner) && known.updated < request.updated);
  if (!isOwner || !isSigned(request.owner, plain.subarray(0, -64), request.signature)) return null;
  names.set(key, request);
  return answer(request);
}
