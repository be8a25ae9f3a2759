import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { MqttPackets } from '../../../src/net/wire/mqtt-packets.ts';

const packets = [
  [0x20, 2, 0, 0],
  [0x90, 3, 0, 1, 1],
  [0x40, 2, 0, 9],
  [0xd0, 0],
  [0x30, 4, 0, 1, 0x61, 0x62],
  [0x32, 6, 0, 1, 0x61, 0, 7, 0x62],
];

test('mqtt packets: come out whole, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...packets), { maxLength: 10 }),
      fc.integer({ min: 1, max: 9 }),
      (sent, cut) => {
        const cutter = new MqttPackets(100);
        const bytes = sent.flat();
        const out: number[] = [];
        for (let at = 0; at < bytes.length; at += cut)
          out.push(...cutter.push(Uint8Array.from(bytes.slice(at, at + cut))));
        expect(out).toEqual(bytes);
      },
    ),
  );
});

test('mqtt packets: whatever comes, only DecodeErrors are thrown, and little is kept', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (chunks) => {
      const cutter = new MqttPackets(50);
      try {
        for (const chunk of chunks) cutter.push(chunk);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
  );
});
