import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageLength } from '../../../src/net/stun/guard.ts';
import {
  decodeStun,
  encodeBindingRequest,
  encodeBindingResponse,
  encodeErrorResponse,
  type StunMessage,
} from '../../../src/net/stun/message.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import type { Endpoint } from '../../../src/net/wire/endpoint.ts';
import { bytesToIp } from '../../../src/net/wire/ip.ts';
import { Writer } from '../../../src/net/wire/writer.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const ID = hex('b7e7a701bc34d686fa87dfae');

/** RFC 5769 §2.1 to §2.3. */
const SAMPLE_REQUEST = hex(`
  00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74
  00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659 202020
  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf`);
const SAMPLE_IPV4 = hex(`
  0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f72 20
  00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96`);
const SAMPLE_IPV6 = hex(`
  01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f72 20
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c`);

/** null where it is refused as it should be. */
function attempt(bytes: Uint8Array): StunMessage | null {
  try {
    return decodeStun(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** A message of these attributes, right in all that the guard looks at. */
function message(type: number, ...attributes: readonly (readonly [number, string])[]): Uint8Array {
  const body = new Writer();
  for (const [kind, text] of attributes) {
    const value = hex(text);
    body
      .u16(kind)
      .u16(value.length)
      .bytes(value)
      .bytes(new Uint8Array((4 - (value.length % 4)) % 4));
  }
  const bytes = body.finish();
  return new Writer().u16(type).u16(bytes.length).u32(0x2112a442).bytes(ID).bytes(bytes).finish();
}

const ip4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytesToIp);
const ip6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToIp);
const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  ip: fc.oneof(ip4, ip6, fc.constantFrom('::', '::1', '::ffff:1.2.3.4', '2001:db8::', '1::2:0:0:3')),
  port: fc.integer({ min: 1, max: 65_535 }),
});
const id = fc.uint8Array({ minLength: 12, maxLength: 12 });

describe('STUN message: RFC 5769', () => {
  test('sample request: its attributes are walked, PRIORITY of ICE is not understood', () => {
    expect(decodeStun(SAMPLE_REQUEST)).toEqual({
      kind: 'request',
      transactionId: ID,
      mapped: null,
      otherAddress: null,
      responseOrigin: null,
      change: { ip: false, port: false },
      errorCode: null,
      unknownRequired: [0x0024],
      fingerprint: true,
    });
  });

  test.each([
    ['IPv4', SAMPLE_IPV4, '192.0.2.1'],
    ['IPv6', SAMPLE_IPV6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('sample %s response: the mapped address comes out, the fingerprint fits', (_, bytes, ip) => {
    expect(decodeStun(bytes)).toMatchObject({
      kind: 'response',
      transactionId: ID,
      mapped: { ip, port: 32853 },
      unknownRequired: [],
      fingerprint: true,
    });
  });

  test('a sample with any bit of it turned does not pass for one with a fingerprint that fits', () => {
    for (let bit = 0; bit < SAMPLE_IPV6.length * 8; bit++) {
      const damaged = Uint8Array.from(SAMPLE_IPV6);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      // Where the fingerprint's type or a length before it is hit, the fingerprint is seen no more.
      expect(attempt(damaged)?.fingerprint ?? false, `bit ${bit}`).toBe(false);
    }
  });
});

describe('STUN message: what we write', () => {
  test('a plain request is a header and nothing else', () => {
    expect(encodeBindingRequest(ID)).toEqual(hex('00010000 2112a442 b7e7a701bc34d686fa87dfae'));
  });

  test('CHANGE-REQUEST has the flags of RFC 5780 §7.2', () => {
    const flags = (options: { changeIp?: boolean; changePort?: boolean }) =>
      Buffer.from(encodeBindingRequest(ID, options).subarray(20)).toString('hex');
    expect(flags({ changeIp: true })).toBe('0003000400000004');
    expect(flags({ changePort: true })).toBe('0003000400000002');
    expect(flags({ changeIp: true, changePort: true })).toBe('0003000400000006');
  });

  test('requests are read as they were written', () => {
    fc.assert(
      fc.property(id, fc.boolean(), fc.boolean(), (transactionId, changeIp, changePort) => {
        const read = decodeStun(encodeBindingRequest(transactionId, { changeIp, changePort }));
        expect(read).toMatchObject({ kind: 'request', transactionId, unknownRequired: [] });
        expect(read.change).toEqual({ ip: changeIp, port: changePort });
      }),
    );
  });

  test('responses are read as they were written, whatever the addresses', () => {
    const fields = fc.record({
      mapped: endpoint,
      otherAddress: fc.option(endpoint),
      responseOrigin: fc.option(endpoint),
      fingerprint: fc.boolean(),
    });
    fc.assert(
      fc.property(id, fields, (transactionId, written) => {
        const bytes = encodeBindingResponse(transactionId, { ...written, software: 'p2pd-demo' });
        expect(decodeStun(bytes)).toEqual({
          ...written,
          kind: 'response',
          transactionId,
          change: { ip: false, port: false },
          errorCode: null,
          unknownRequired: [],
        });
      }),
    );
  });

  test('errors carry their code, and 420 what was not understood', () => {
    for (const code of [300, 400, 401, 420, 438, 500, 508, 699])
      expect(decodeStun(encodeErrorResponse(ID, { code }))).toMatchObject({ kind: 'error', errorCode: code });
    const refused = encodeErrorResponse(ID, { code: 420, unknown: [0x0024, 0x7fff], fingerprint: true });
    expect(decodeStun(refused)).toMatchObject({ kind: 'error', errorCode: 420, fingerprint: true });
    expect(Buffer.from(refused).toString('hex')).toContain('000a000400247fff');
  });

  test('scopes stay at home', () => {
    const bytes = encodeBindingResponse(ID, { mapped: { ip: 'fe80::1%eth0', port: 7 } });
    expect(decodeStun(bytes).mapped).toEqual({ ip: 'fe80::1', port: 7 });
  });
});

describe('STUN message: what others write', () => {
  const XOR = [0x0020, '0001a147e112a643'] as const;
  const MAPPED = [0x0001, '00011234cb007109'] as const;

  test('MAPPED-ADDRESS counts where there is no other', () => {
    expect(decodeStun(message(0x0101, MAPPED)).mapped).toEqual({ ip: '203.0.113.9', port: 0x1234 });
    expect(decodeStun(message(0x0101, MAPPED, XOR)).mapped?.ip).toBe('192.0.2.1');
    expect(decodeStun(message(0x0101)).mapped).toBeNull();
  });

  test('the first of several counts, and none after an integrity', () => {
    const second = [0x0020, '0001a147ffffffff'] as const;
    expect(decodeStun(message(0x0101, XOR, second)).mapped?.ip).toBe('192.0.2.1');
    const integrity = [0x0008, '00'.repeat(20)] as const;
    expect(decodeStun(message(0x0101, integrity, XOR)).mapped).toBeNull();
    expect(decodeStun(message(0x0101, [0x001c, '00'.repeat(32)], XOR)).mapped).toBeNull();
  });

  test('one odd attribute that nobody asked about does not spoil the answer', () => {
    for (const odd of [
      [0x802c, '0001000000000000'], // OTHER-ADDRESS with port 0
      [0x802c, '00'],
      [0x802b, '0003123401020304'],
      [0x8023, '0001'],
      [0x0024, '00'],
      [0xff00, ''],
      [0x000a, '01'],
      [0x8022, 'ff'.repeat(900)],
    ] as const) {
      const read = decodeStun(message(0x0101, odd, XOR));
      expect(read).toMatchObject({ mapped: { ip: '192.0.2.1' }, otherAddress: null, responseOrigin: null });
    }
  });

  test.each([
    ['a mapped address of no family', message(0x0101, [0x0020, '0003a147e112a643'])],
    ['a mapped address that is cut off', message(0x0101, [0x0020, '0001a147e112'])],
    ['an IPv4 address with the length of IPv6', message(0x0101, [0x0001, `0001a147${'00'.repeat(16)}`])],
    ['CHANGE-REQUEST of 3 bytes', message(0x0001, [0x0003, '000006'])],
    ['ERROR-CODE 704', message(0x0111, [0x0009, '00000704'])],
    ['ERROR-CODE 4 and 100', message(0x0111, [0x0009, '00000464'])],
    ['ERROR-CODE without code', message(0x0111, [0x0009, '0000'])],
    ['a fingerprint that does not fit', message(0x0101, XOR, [0x8028, '00000000'])],
    ['a fingerprint of 2 bytes', message(0x0101, XOR, [0x8028, '0000'])],
    ['a fingerprint before the end', message(0x0101, [0x8028, 'c07d4c96'], XOR)],
    ['33 attributes', message(0x0101, ...Array.from({ length: 33 }, () => [0x8022, ''] as const))],
    ['Allocate', message(0x0003)],
    ['top bits that are not 0', message(0x8101, XOR)],
    ['more than 2048 bytes', message(0x0101, [0x8022, '00'.repeat(2100)])],
    ['another cookie', hex('01010000 2112a443 b7e7a701bc34d686fa87dfae')],
    ['a length of 2', hex('01010002 2112a442 b7e7a701bc34d686fa87dfae 0000')],
    ['bytes after the end', hex('01010000 2112a442 b7e7a701bc34d686fa87dfae 00000000')],
    ['nothing', new Uint8Array(0)],
    ['three bytes', hex('000102')],
  ])('%s is refused', (_, bytes) => {
    expect(() => decodeStun(bytes)).toThrow(DecodeError);
  });

  test('32 attributes are read', () => {
    const many = Array.from({ length: 31 }, () => [0x8022, ''] as const);
    expect(decodeStun(message(0x0101, ...many, XOR)).mapped).not.toBeNull();
  });

  test('what must be understood and is not is named once each', () => {
    const odd = [
      [0x0024, '6e0001ff'],
      [0x7fff, ''],
      [0x0024, ''],
      [0x8888, ''],
    ] as const;
    expect(decodeStun(message(0x0001, ...odd)).unknownRequired).toEqual([0x0024, 0x7fff]);
  });

  test('cut off at any byte it is refused', () => {
    const whole = [SAMPLE_REQUEST, SAMPLE_IPV4, SAMPLE_IPV6, encodeErrorResponse(ID, { code: 420 })];
    for (const bytes of whole)
      for (let length = 0; length < bytes.length; length++)
        expect(() => decodeStun(bytes.subarray(0, length)), `${length} bytes`).toThrow(DecodeError);
  });

  test('whatever the bytes, there is a message or a DecodeError', () => {
    const body = fc.array(
      fc.tuple(
        fc.oneof(fc.constantFrom(1, 3, 8, 9, 0x0a, 0x20, 0x802b, 0x802c), fc.nat(0xffff)),
        fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      ),
      { maxLength: 6 },
    );
    const type = fc.constantFrom(0x0001, 0x0011, 0x0101, 0x0111);
    fc.assert(
      fc.property(type, body, (kind, attributes) => {
        const read = attempt(message(kind, ...attributes));
        expect(read === null || read.transactionId.length === 12).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('STUN message: its length in a stream', () => {
  test('is known after four bytes', () => {
    for (let length = 0; length < 4; length++)
      expect(messageLength(SAMPLE_IPV4.subarray(0, length))).toBeNull();
    expect(messageLength(SAMPLE_IPV4.subarray(0, 4))).toBe(SAMPLE_IPV4.length);
    expect(messageLength(SAMPLE_IPV4)).toBe(SAMPLE_IPV4.length);
  });

  test.each([
    ['ff', 'top bits'],
    ['0001ffff', 'too long'],
    ['00010003', 'no multiple of 4'],
  ])('bytes %s can be none: %s', (text) => {
    expect(() => messageLength(hex(text))).toThrow(DecodeError);
  });
});
