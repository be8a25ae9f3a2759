import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { MqttGuard } from '../../../src/net/wire/mqtt-guard.ts';

const LIMIT = 300;

function packet(length: number): number[] {
  const size = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return [0x30, ...size, ...new Array<number>(length).fill(0xff)];
}

test('mqtt guard: lets packets of any allowed length pass, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: LIMIT }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 50 }),
      (lengths, cut) => {
        const guard = new MqttGuard(LIMIT);
        const bytes = lengths.flatMap(packet);
        for (let at = 0; at < bytes.length; at += cut) guard.push(Uint8Array.from(bytes.slice(at, at + cut)));
      },
    ),
  );
});

test('mqtt guard: refuses a longer packet at its header, after packets that were allowed', () => {
  const guard = new MqttGuard(LIMIT);
  guard.push(Uint8Array.from(packet(LIMIT)));
  guard.push(Uint8Array.from([0x30, 0xad]));
  expect(() => guard.push(Uint8Array.from([0x02]))).toThrow(DecodeError);
});

test('mqtt guard: refuses a length that does not end', () => {
  expect(() => new MqttGuard(2 ** 40).push(Uint8Array.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toThrow(
    DecodeError,
  );
});
