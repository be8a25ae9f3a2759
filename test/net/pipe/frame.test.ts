import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeFrame,
  FRAME_HEAD,
  type Frame,
  FrameDecoder,
  isMessage,
  isNumbered,
  joined,
  type ReceivedFrame,
} from '../../../src/net/pipe/frame.ts';
import { decodePreamble, encodePreamble } from '../../../src/net/pipe/preamble.ts';
import { MAX_FRAME_PAYLOAD } from '../../../src/net/timing.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { sampleIdentity } from '../../helpers/sample-address.ts';

const types = ['text', 'binary', 'control', 'bulk', 'end', 'close', 'ping', 'pong', 'ack', 'proof'] as const;
const frame: fc.Arbitrary<Frame> = fc.constantFrom(...types).chain((type) =>
  fc.record({
    type: fc.constant(type),
    more: isMessage(type) ? fc.boolean() : fc.constant(false),
    sequence: isNumbered(type) ? fc.nat({ max: 2 ** 32 - 1 }) : fc.constant(0),
    acknowledged: fc.nat({ max: 2 ** 32 - 1 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
);

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** Frames with payloads copied out of the shared memory of chunks. */
function plain(frames: readonly ReceivedFrame[]): Frame[] {
  return frames.map((f) => {
    const { parts, length, ...rest } = f;
    expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(length);
    return { ...rest, payload: Uint8Array.from(joined(f)) };
  });
}

test('frame: any frames come back, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (frames, cuts) => {
        let stream = join(frames.flatMap(encodeFrame));
        const decoder = new FrameDecoder();
        const seen: Frame[] = [];
        for (const cut of cuts) {
          seen.push(...plain(decoder.push(stream.subarray(0, cut))));
          stream = stream.subarray(cut);
        }
        seen.push(...plain(decoder.push(stream)));
        expect(seen).toEqual(frames);
      },
    ),
  );
});

test('frame: a payload that comes byte by byte is held in few pieces', () => {
  const payload = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  const stream = join(encodeFrame({ type: 'bulk', more: false, sequence: 1, acknowledged: 0, payload }));
  const decoder = new FrameDecoder();
  const seen = Array.from(stream, (_, i) => decoder.push(stream.subarray(i, i + 1))).flat();
  expect(plain(seen).map((f) => f.payload)).toEqual([payload]);
  expect(seen[0]?.parts.length).toBeLessThanOrEqual(16);
});

test('frame: cut off at every byte nothing comes out, and the rest completes it', () => {
  const [one] = fc.sample(frame, { numRuns: 1, seed: 5 });
  if (one === undefined) throw new Error('no sample');
  const stream = join(encodeFrame(one));
  for (let cut = 0; cut < stream.length; cut++) {
    const decoder = new FrameDecoder();
    expect(decoder.push(stream.subarray(0, cut))).toEqual([]);
    expect(plain(decoder.push(stream.subarray(cut)))).toEqual([one]);
  }
});

test('frame: rule breakers are named', () => {
  const raw = (head: number, length: number, sequence = 0) => {
    const bytes = new Uint8Array(FRAME_HEAD);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, length);
    view.setUint32(4, sequence);
    bytes[0] = head;
    return bytes;
  };
  expect(() => new FrameDecoder().push(raw(0, MAX_FRAME_PAYLOAD + 1))).toThrow('65537 bytes, at most 65536');
  expect(() => new FrameDecoder().push(raw(99, 0))).toThrow('type 99 is unknown');
  expect(() => new FrameDecoder().push(raw(0x80 | types.indexOf('ping'), 0))).toThrow(
    'ping cannot be continued',
  );
  expect(() => new FrameDecoder().push(raw(types.indexOf('pong'), 0, 1))).toThrow('pong is not numbered');
});

const preamble = {
  role: 'dialler',
  publicKey: sampleIdentity.publicKey,
  pipeId: new Uint8Array(16).fill(3),
} as const;

test('preamble: comes back; cut off at every byte it asks for more', () => {
  const bytes = encodePreamble(preamble);
  expect(decodePreamble(bytes)).toEqual({ kind: 'preamble', preamble, length: bytes.length });
  for (let length = 0; length < bytes.length; length++) {
    expect(decodePreamble(bytes.subarray(0, length))).toEqual({ kind: 'more' });
  }
});

test('preamble: strangers, other versions, lengths and roles are told apart', () => {
  const bytes = encodePreamble(preamble);
  const changed = (at: number, value: number) =>
    Uint8Array.from(bytes, (byte, i) => (i === at ? value : byte));
  expect(() => decodePreamble(new TextEncoder().encode('GET / HTTP/1.1'))).toThrow(
    'does not begin with p2pd',
  );
  expect(() => decodePreamble(Uint8Array.of(0x16))).toThrow(DecodeError);
  expect(decodePreamble(changed(4, 2))).toEqual({ kind: 'other-version', version: 2 });
  expect(() => decodePreamble(changed(5, 255))).toThrow('255 bytes instead of 50');
  expect(() => decodePreamble(changed(6, 2))).toThrow('role: is not the dialling side');
});
