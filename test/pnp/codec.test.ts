/** Bytes of the Peer Name Protocol: every vector of the reference, and what is not accepted. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { type Curve, nativeCurve, nodeCurve, wasmCurve } from '../../src/pnp/curve.ts';
import { envelopeKey, isEnvelopeLength, openEnvelope, sealEnvelope } from '../../src/pnp/envelope.ts';
import { decodePacket, encodePacket, type PnpPacket } from '../../src/pnp/packet.ts';
import { decryptBlock, decryptCbc, encryptBlock, encryptCbc, expandKey } from '../../src/pnp/rc6.ts';
import { type Exchange, hex, VECTORS } from './vectors.ts';

const CURVES: readonly Curve[] = [nodeCurve, await wasmCurve(), await nativeCurve()];
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const wordsOf = (bytes: Uint8Array) => new Uint32Array(bytes.buffer.slice(0, 16));
const { server, client_reply: client } = VECTORS.keys;

function packetOf({ fields }: Exchange): PnpPacket {
  return {
    id: fields.pkid,
    replyKey: hex(fields.reply_pk),
    behavior: fields.behavior,
    updated: fields.updated,
    name: hex(fields.name),
    value: hex(fields.value),
    owner: hex(fields.vkc),
  };
}

describe('rc6', () => {
  test.each(VECTORS.rc6_32_20_block)('block of $key', ({ key, plain, cipher }) => {
    const block = wordsOf(hex(plain));
    encryptBlock(expandKey(hex(key)), block);
    expect(text(new Uint8Array(block.buffer))).toBe(cipher);
    decryptBlock(expandKey(hex(key)), block);
    expect(text(new Uint8Array(block.buffer))).toBe(plain);
  });

  test.each(VECTORS.sym)('cbc of $plain', ({ key, iv, plain, cipher }) => {
    expect(text(encryptCbc(hex(key), hex(iv), hex(plain)))).toBe(cipher);
    expect(text(decryptCbc(hex(key), hex(iv), hex(cipher)) ?? hex(''))).toBe(plain);
  });

  test('cbc: whatever goes in comes out; no other padding is accepted', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(bytes(32), bytes(16), fc.uint8Array({ maxLength: 100 }), (key, iv, plain) => {
        const cipher = encryptCbc(key, iv, plain);
        expect(decryptCbc(key, iv, cipher)).toEqual(plain);
        // A byte of the iv changed is that byte of the first block changed: here, of its padding.
        if (cipher.length > 16) return;
        const other = Uint8Array.from(iv);
        other[15] = (other[15] ?? 0) ^ 0x80;
        expect(decryptCbc(key, other, cipher)).toBeNull();
      }),
    );
  });
});

describe.each(CURVES)('curve: $name', (curve) => {
  test.each(VECTORS.signatures)('signature: $note', ({ pk, message, signature, valid }) => {
    expect(curve.verifySha1(hex(pk), hex(message), hex(signature))).toBe(valid);
  });

  test.each(VECTORS.ecies)('envelope of $plain', (vector) => {
    const ephemeralKey = hex(vector.ephemeral_sk);
    const sender = curve.publicKeyOf(ephemeralKey);
    const [receiver, message] = [hex(vector.receiver_sk), hex(vector.message)];
    expect(text(curve.agree(receiver, sender))).toBe(vector.shared_secret);
    const key = curve.agree(ephemeralKey, hex(vector.receiver_pk));
    const sealed = sealEnvelope(hex(vector.plain), key, sender, hex(vector.iv));
    expect(text(sealed)).toBe(vector.message);
    const plain = openEnvelope(message, envelopeKey(curve, message, receiver));
    expect(text(plain ?? hex(''))).toBe(vector.plain);
  });

  test.each(VECTORS.exchanges)('exchange: $label', (exchange) => {
    const packet = packetOf(exchange);
    const signature = exchange.signature ? hex(exchange.signature) : null;
    const plain = encodePacket(packet, signature);
    expect(text(plain)).toBe(exchange.plain);
    const decoded = decodePacket(plain);
    expect(decoded).toMatchObject({ ...packet, signature });
    expect(text(decoded.signedBytes)).toBe(exchange.signed_bytes);
    if (signature !== null) expect(curve.verifySha1(packet.owner, decoded.signedBytes, signature)).toBe(true);
    const sides = [
      { ...exchange.request, plain: exchange.plain, to: server },
      { ...exchange.reply, to: client },
    ];
    for (const { ephemeral_sk, iv, wire, plain: inner, to } of sides) {
      const secretKey = hex(ephemeral_sk);
      const shared = curve.agree(secretKey, hex(to.pk));
      expect(text(sealEnvelope(hex(inner), shared, curve.publicKeyOf(secretKey), hex(iv)))).toBe(wire);
      const message = hex(wire);
      expect(text(openEnvelope(message, envelopeKey(curve, message, hex(to.sk))) ?? hex(''))).toBe(inner);
    }
  });

  test('what was heard between a real client and a real server', () => {
    for (const { server_sk, client_reply_sk, messages } of VECTORS.transcripts)
      for (const { dir, bytes, plain } of messages) {
        const message = hex(bytes);
        const key = envelopeKey(curve, message, hex(dir === 'c>s' ? server_sk : client_reply_sk));
        const opened = openEnvelope(message, key);
        expect(text(opened ?? hex(''))).toBe(plain);
        expect(() => decodePacket(hex(plain))).not.toThrow();
      }
  });

  test('points that are none are refused, signatures never throw', () => {
    const junk = new Uint8Array(33).fill(5);
    expect(() => curve.agree(hex(server.sk), junk)).toThrow();
    expect(curve.verifySha1(junk, junk, new Uint8Array(64))).toBe(false);
    expect(curve.verifySha1(hex(server.pk), junk, new Uint8Array(63))).toBe(false);
    expect(curve.verifySha1(hex(server.pk), junk, new Uint8Array(64).fill(255))).toBe(false);
  });
});

test('envelope: any bit changed, and any other length, is refused', () => {
  const [, curve = nodeCurve] = CURVES;
  const [exchange] = VECTORS.exchanges;
  const message = hex(exchange?.request.wire ?? '');
  const open = (bytes: Uint8Array) => openEnvelope(bytes, envelopeKey(curve, bytes, hex(server.sk)));
  fc.assert(
    fc.property(fc.nat(message.length * 8 - 1), (bit) => {
      const changed = Uint8Array.from(message);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      let opened: Uint8Array | null = null;
      try {
        opened = open(changed);
      } catch {
        // No point of the curve.
      }
      // The sign of the ephemeral point alone does not show in X.
      if (bit !== 0) expect(opened).toBeNull();
    }),
  );
  expect([80, 81, 96, 98, 786, 801].map(isEnvelopeLength)).toEqual(Array(6).fill(false));
  expect([97, 113, 785].map(isEnvelopeLength)).toEqual([true, true, true]);
});

test('packet: lengths are enforced before anything else', () => {
  const [exchange] = VECTORS.exchanges;
  const plain = hex(exchange?.plain ?? '');
  for (const length of [0, 49, 82, plain.length - 1, plain.length + 1])
    expect(() => decodePacket(Uint8Array.from({ length }, (_, i) => plain[i] ?? 0))).toThrow('PNP packet');
  const changed = (offset: number, value: number) => {
    const bytes = Uint8Array.from(plain);
    new DataView(bytes.buffer).setUint16(offset, value, true);
    return () => decodePacket(bytes);
  };
  expect(changed(46, 51)).toThrow('PNP name');
  expect(changed(48, 501)).toThrow('PNP value');
  expect(changed(46, 14)).toThrow('PNP packet');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 800 }), (bytes) => {
      try {
        const packet = decodePacket(bytes);
        expect(encodePacket(packet, packet.signature)).toEqual(bytes);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
  );
});
