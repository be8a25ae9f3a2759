/** The decoders of TURN messages and of the frames around them: they throw nothing but their own error, also where parts are asked for. */

import {
  decodeChannelData,
  encodeChannelData,
  frameLength,
  isChannelData,
} from '../../src/net/turn/frame.ts';
import { ATTRIBUTES, TurnMessage } from '../../src/net/turn/message.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { RELAYED_SAMPLES } from '../helpers/turn-samples.ts';
import type { Target } from './targets.ts';

const KEY = new Uint8Array(16).fill(4);

const FRAMES = [
  encodeChannelData({ channel: 0x4000, data: new Uint8Array(5).fill(1) }, true),
  ...RELAYED_SAMPLES(KEY),
  encodeChannelData({ channel: 0x4fff, data: new Uint8Array(0) }, true),
];

/** Frames of a stream, one behind the other, as long as they are whole. */
function framesIn(stream: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let rest = stream; ; ) {
    const length = frameLength(rest);
    if (length === null || length > rest.length) return frames;
    frames.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
}

/** null where the decoder refuses it. */
function orNull<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

export const TURN_TARGETS: readonly Target[] = [
  {
    name: 'turn message',
    samples: RELAYED_SAMPLES(KEY),
    decode: (input) =>
      orNull(() => {
        const message = new TurnMessage(input);
        message.isSignedBy(KEY);
        message.error();
        message.peerIps();
        for (const type of Object.values(ATTRIBUTES)) message.has(type);
        message.text(ATTRIBUTES.nonce);
        message.number(ATTRIBUTES.lifetime);
        message.bytes(ATTRIBUTES.data);
        message.endpoint(ATTRIBUTES.relayed);
        return input;
      }),
  },
  {
    name: 'turn frames of a stream',
    samples: [new Uint8Array(Buffer.concat(FRAMES)), ...FRAMES],
    decode: (input) => orNull(() => new Uint8Array(Buffer.concat(framesIn(input)))),
    accepted: (input, output) => input.subarray(0, output.length),
  },
  {
    name: 'turn channel data',
    samples: FRAMES.filter(isChannelData),
    decode: (input) => orNull(() => encodeChannelData(decodeChannelData(input), false)),
    // Behind it there is padding.
    accepted: (input, output) => input.subarray(0, output.length),
  },
];
