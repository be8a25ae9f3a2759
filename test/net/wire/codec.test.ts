import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase16, encodeBase16 } from '../../../src/net/wire/base16.ts';
import { decodeBase32, encodeBase32 } from '../../../src/net/wire/base32.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { Reader } from '../../../src/net/wire/reader.ts';
import { Writer } from '../../../src/net/wire/writer.ts';

// RFC 4648 §10, lower case, without padding.
test.each([
  ['', ''],
  ['f', 'my'],
  ['fo', 'mzxq'],
  ['foo', 'mzxw6'],
  ['foob', 'mzxw6yq'],
  ['fooba', 'mzxw6ytb'],
  ['foobar', 'mzxw6ytboi'],
])('base32: RFC 4648 vector %j', (bytes, text) => {
  expect(encodeBase32(new TextEncoder().encode(bytes))).toBe(text);
  expect(decodeBase32(text)).toEqual(new TextEncoder().encode(bytes));
});

test('base32: bytes come back, in any case of letters', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes);
      expect(decodeBase32(encodeBase32(bytes).toUpperCase())).toEqual(bytes);
    }),
  );
});

test('base32: two texts never mean the same bytes', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z2-7]{0,20}$/), (text) => {
      let bytes: Uint8Array;
      try {
        bytes = decodeBase32(text);
      } catch (error) {
        if (error instanceof DecodeError) return;
        throw error;
      }
      expect(encodeBase32(bytes)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test('base32: a letter that does not belong is named with its place', () => {
  expect(() => decodeBase32('mz0w6', 6)).toThrow('letter 8: "0" is not used in addresses');
});

test('base16: bytes come back; odd or foreign text is null', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeBase16(encodeBase16(bytes))).toEqual(bytes);
    }),
  );
  expect(decodeBase16('abc')).toBeNull();
  expect(decodeBase16('zz')).toBeNull();
});

test('reader: gives back what the writer wrote', () => {
  const bytes = new Writer(1).u8(1).u16(0xfffe).i16(-2).u32(0xfffffffd).bytes(Uint8Array.of(9, 8)).finish();
  const reader = new Reader(bytes);
  expect([reader.u8('a'), reader.u16('b'), reader.i16('c'), reader.u32('d')]).toEqual([
    1, 0xfffe, -2, 0xfffffffd,
  ]);
  expect(reader.bytes(2, 'e')).toEqual(Uint8Array.of(9, 8));
  reader.end('f');
});

test('reader: names the part that is cut off, and what is too much', () => {
  expect(() => new Reader(Uint8Array.of(1)).u16('port')).toThrow('port: cut off: needs 2 bytes, 1 are left');
  expect(() => new Reader(Uint8Array.of(1)).end('message')).toThrow('message: 1 bytes too many');
});

test('writer: a value that does not fit is our own fault', () => {
  expect(() => new Writer().u8(256)).toThrow(RangeError);
  expect(() => new Writer().i16(-32769)).toThrow(RangeError);
  expect(() => new Writer().u32(1.5)).toThrow(RangeError);
});

test('reader: bytes are a copy, even of a Buffer, whose own slice would share its memory', () => {
  const source = Buffer.from([1, 2, 3, 4]);
  const copy = new Reader(source).bytes(2, 'test');
  source.fill(9);
  expect([...copy]).toEqual([1, 2]);
});
