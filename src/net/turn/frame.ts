/**
 * What goes between a TURN client and its server: STUN messages, and channel data (RFC 8656 §12.4, §12.5), told apart by
 * their first two bits (RFC 7983); over a stream one behind the other. Codec only.
 */
import { HEADER_LENGTH } from '../stun/guard.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

/** Numbers of channels (RFC 8656 §12). */
export const CHANNELS = { first: 0x4000, last: 0x4fff } as const;

const CHANNEL_HEADER = 4;

export interface ChannelData {
  readonly channel: number;
  readonly data: Uint8Array;
}

/** @param isPadded over a stream, where each frame has a multiple of 4 bytes. @throws RangeError for what is none */
export function encodeChannelData({ channel, data }: ChannelData, isPadded: boolean): Uint8Array {
  if (channel < CHANNELS.first || channel > CHANNELS.last) throw new RangeError(`channel ${channel}`);
  const padding = isPadded ? (4 - (data.length % 4)) % 4 : 0;
  const writer = new Writer(CHANNEL_HEADER + data.length + padding).u16(channel).u16(data.length).bytes(data);
  return writer.bytes(new Uint8Array(padding)).finish();
}

/** Whatever stands behind the data is padding (RFC 8656 §12.5). @throws DecodeError for anything else */
export function decodeChannelData(frame: Uint8Array): ChannelData {
  const reader = new Reader(frame);
  const channel = reader.u16('channel');
  if (channel < CHANNELS.first || channel > CHANNELS.last)
    throw new DecodeError('channel', `${channel} is none`);
  return { channel, data: reader.bytes(reader.u16('length of channel data'), 'channel data') };
}

/** Whether a frame is channel data, by its first byte. */
export function isChannelData(frame: Uint8Array): boolean {
  return (frame[0] ?? 0) >> 6 === 1;
}

/**
 * How long the frame is that begins a stream's bytes, its padding included; null while that has not come in.
 *
 * @throws DecodeError as soon as it can be none
 */
export function frameLength(bytes: Uint8Array): number | null {
  const kind = (bytes[0] ?? 0) >> 6;
  if (kind > 1) throw new DecodeError('frame', 'is neither a STUN message nor channel data');
  if (bytes.length < 4) return null;
  const length = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (kind === 1) return CHANNEL_HEADER + Math.ceil(length / 4) * 4;
  if (length % 4 !== 0) throw new DecodeError('STUN length', 'no multiple of 4');
  return HEADER_LENGTH + length;
}
