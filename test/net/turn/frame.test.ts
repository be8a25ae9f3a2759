/** Frames between a TURN client and its server: channel data and STUN messages, told apart, one behind the other. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Channels } from '../../../src/net/turn/channels.ts';
import {
  CHANNELS,
  decodeChannelData,
  encodeChannelData,
  frameLength,
  isChannelData,
} from '../../../src/net/turn/frame.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import { RELAYED_SAMPLES } from '../../helpers/turn-samples.ts';

const channel = fc.integer({ min: CHANNELS.first, max: CHANNELS.last });
const data = fc.uint8Array({ maxLength: 1_500 });

test('channel data: RFC 8656 §12.4, padded over a stream, not over UDP', () => {
  const frame = { channel: 0x4001, data: Uint8Array.of(1, 2, 3, 4, 5) };
  expect([...encodeChannelData(frame, false)]).toEqual([0x40, 1, 0, 5, 1, 2, 3, 4, 5]);
  expect([...encodeChannelData(frame, true)]).toEqual([0x40, 1, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0]);
  expect([...encodeChannelData({ channel: 0x4000, data: new Uint8Array(0) }, true)]).toEqual([0x40, 0, 0, 0]);
});

test('channel data: whatever is sent comes back, with its padding or without', () => {
  fc.assert(
    fc.property(channel, data, fc.boolean(), (number, bytes, isPadded) => {
      const frame = encodeChannelData({ channel: number, data: bytes }, isPadded);
      const decoded = decodeChannelData(frame);
      expect([decoded.channel, Buffer.from(decoded.data)]).toEqual([number, Buffer.from(bytes)]);
      expect(isChannelData(frame)).toBe(true);
      if (isPadded) expect(frameLength(frame)).toBe(frame.length);
    }),
  );
});

test('channel data: cut off at any byte, or of a number that is no channel, is refused', () => {
  const frame = encodeChannelData({ channel: 0x4000, data: new Uint8Array(9) }, false);
  for (let length = 0; length < frame.length; length++)
    expect(() => decodeChannelData(frame.subarray(0, length))).toThrow(DecodeError);
  expect(() => decodeChannelData(Uint8Array.of(0x50, 0, 0, 0))).toThrow('channel: 20480 is none');
  expect(() => encodeChannelData({ channel: 0x5000, data: frame }, false)).toThrow(RangeError);
});

test('frames: of a stream each is found whole, wherever it is cut', () => {
  const messages = RELAYED_SAMPLES(new Uint8Array(16));
  fc.assert(
    fc.property(channel, data, fc.nat(), (number, bytes, at) => {
      const frames = [...messages, encodeChannelData({ channel: number, data: bytes }, true), ...messages];
      const stream = Buffer.concat(frames);
      let from = 0;
      for (const frame of frames) {
        const rest = stream.subarray(from);
        expect(frameLength(rest)).toBe(frame.length);
        const cut = frameLength(rest.subarray(0, at % frame.length));
        expect(cut === null || cut === frame.length).toBe(true);
        from += frame.length;
      }
    }),
  );
});

test('frames: what is neither is refused by its first bits, a STUN message by its length', () => {
  expect(() => frameLength(Uint8Array.of(0x80))).toThrow('neither a STUN message nor channel data');
  expect(() => frameLength(Uint8Array.of(0, 1, 0, 3))).toThrow('no multiple of 4');
  expect(frameLength(Uint8Array.of(0, 1, 0xff, 0xfc))).toBe(20 + 0xfffc);
});

test('channels: each peer has one of its own, used once it is granted, and eight are enough', () => {
  const channels = new Channels();
  const peer = (port: number) => ({ ip: '203.0.113.1', port });
  expect([channels.take(peer(1)), channels.take(peer(2)), channels.take(peer(1))]).toEqual([
    0x4000, 0x4001, 0x4000,
  ]);
  expect(channels.boundTo(peer(1))).toBe(null);
  channels.bound(peer(1));
  expect([channels.boundTo(peer(1)), channels.peers]).toEqual([0x4000, [peer(1)]]);
  expect([channels.peerOf(0x4001), channels.peerOf(0x4002)]).toEqual([peer(2), null]);
  for (let port = 3; port <= 8; port++) channels.take(peer(port));
  expect(channels.take(peer(9))).toBe(null);
});
