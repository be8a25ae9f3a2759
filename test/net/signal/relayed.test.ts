/** Relayed addresses in signals: over TCP as they always were written, over UDP by a family of another number. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage, type SignalMessage } from '../../../src/net/signal/message.ts';
import { type RelayedAddress, readRelayed, writeRelayed } from '../../../src/net/signal/relayed.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { Reader } from '../../../src/net/wire/reader.ts';
import { Writer } from '../../../src/net/wire/writer.ts';

const V4 = { ip: '198.51.100.20', port: 50_000 } as const;
const V6 = { ip: '2001:db8::20', port: 49_152 } as const;

const written = (...relayed: RelayedAddress[]) => {
  const writer = new Writer();
  writeRelayed(writer, relayed);
  return writer.finish();
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const address = fc.record({
  ip: fc.constantFrom('203.0.113.7', '192.168.1.2', '2001:db8::7'),
  port: fc.integer({ min: 1, max: 65_535 }),
  transport: fc.constantFrom('tcp', 'udp'),
});

test('relayed addresses: as documented, those of TCP as before there were others', () => {
  expect(hex(written({ ...V4, transport: 'tcp' }))).toBe('0104c6336414c350');
  expect(hex(written({ ...V4, transport: 'udp' }))).toBe('0114c6336414c350');
  expect(hex(written({ ...V6, transport: 'tcp' }))).toBe('010620010db8000000000000000000000020c000');
  expect(hex(written({ ...V6, transport: 'udp' }))).toBe('011620010db8000000000000000000000020c000');
  const old = new Reader(new Uint8Array(Buffer.from('0104c6336414c350', 'hex')));
  expect(readRelayed(old)).toEqual([{ ...V4, transport: 'tcp' }]);
});

test('relayed addresses: in both messages that tell them they come back whole', () => {
  const pipeId = new Uint8Array(16).fill(1);
  const connect: SignalMessage = {
    type: 'connect',
    pipeId,
    methods: ['relay'],
    paths: ['external'],
    families: [4],
    knownSequence: 1,
    address: Uint8Array.of(1),
    punch: null,
  };
  fc.assert(
    fc.property(fc.array(address, { minLength: 1, maxLength: 2 }), (list) => {
      const relayed = list as RelayedAddress[];
      for (const message of [
        { ...connect, relayed },
        { type: 'relayed', pipeId, relayed },
      ] as const)
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }),
  );
});

test('relayed addresses: cut off at any byte, or of another family, none is read', () => {
  const bytes = written({ ...V6, transport: 'udp' }, { ...V4, transport: 'tcp' });
  for (let length = 0; length < bytes.length; length++)
    expect(() => readRelayed(new Reader(bytes.subarray(0, length)))).toThrow(DecodeError);
  for (const family of [0, 5, 0x10, 0x15, 0x24, 0x34, 0x94]) {
    const changed = Uint8Array.from(bytes).fill(family, 1, 2);
    expect(() => readRelayed(new Reader(changed)), String(family)).toThrow('is not known');
  }
});
