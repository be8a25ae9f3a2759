/** The decoder of TURN messages: it throws nothing but its own error, also where its parts are asked for. */

import { ATTRIBUTES, TurnMessage } from '../../src/net/turn/message.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { RELAYED_SAMPLES } from '../helpers/turn-samples.ts';
import type { Target } from './targets.ts';

const KEY = new Uint8Array(16).fill(4);

export const TURN_TARGETS: readonly Target[] = [
  {
    name: 'turn message',
    samples: RELAYED_SAMPLES(KEY),
    decode(input) {
      try {
        const message = new TurnMessage(input);
        message.isSignedBy(KEY);
        message.error();
        message.peerIps();
        for (const type of Object.values(ATTRIBUTES)) message.has(type);
        message.text(ATTRIBUTES.nonce);
        message.number(ATTRIBUTES.lifetime);
        message.endpoint(ATTRIBUTES.relayed);
        return input;
      } catch (error) {
        if (error instanceof DecodeError) return null;
        throw error;
      }
    },
  },
];
