/** Decoders of what time servers and lists of servers say, and the guard of MQTT streams. */
import { isDeepStrictEqual } from 'node:util';
import { P2pdError } from '../../src/net/errors.ts';
import {
  decodeNtpAnswer,
  decodeNtpRequest,
  encodeNtpAnswer,
  encodeNtpRequest,
} from '../../src/net/ntp/packet.ts';
import { PUBLIC_SERVERS } from '../../src/net/public-servers.ts';
import { formatServers, parseServers, parseServersText } from '../../src/net/servers-file.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { MqttGuard } from '../../src/net/wire/mqtt-guard.ts';
import { decodePacket, encodePacket } from '../../src/pnp/packet.ts';
import { decodeRefusal, encodeRefusal } from '../../src/pnp/refusal.ts';
import type { Target } from './targets.ts';

const NOW = 1_795_000_000_000;
const cookie = new Uint8Array(8).fill(7);
const clock = { stratum: 10, reference: 'LOCL', rootDispersion: 10 };
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** What `decode` makes of the input; null for what it refuses in its own words. */
function unless<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError || (error instanceof P2pdError && error.code === 'USAGE')) return null;
    throw error;
  }
}

const NAME = {
  id: 7,
  replyKey: new Uint8Array(33).fill(2),
  behavior: 1,
  updated: 1_795_000_000,
  name: bytesOf('alice'),
  value: new Uint8Array(300).fill(9),
  owner: new Uint8Array(33).fill(3),
};

export const SERVICE_TARGETS: readonly Target[] = [
  {
    name: 'pnp packet',
    samples: [
      encodePacket(NAME, new Uint8Array(64).fill(5)),
      encodePacket({ ...NAME, value: new Uint8Array(0) }),
      encodePacket({ ...NAME, name: new Uint8Array(50), value: new Uint8Array(500) }, new Uint8Array(64)),
    ],
    decode(input) {
      const packet = unless(() => decodePacket(input));
      if (packet === null) return null;
      // What no clock says is the largest number there is.
      if (packet.updated === Number.MAX_SAFE_INTEGER) return input;
      return encodePacket(packet, packet.signature);
    },
  },
  {
    name: 'pnp refusal',
    samples: [encodeRefusal({ id: 7, why: 'taken' })],
    decode(input) {
      const refusal = decodeRefusal(input);
      return refusal === null ? null : encodeRefusal(refusal);
    },
  },
  {
    name: 'ntp answer',
    samples: [
      encodeNtpAnswer({ version: 4, cookie }, clock, NOW, NOW + 1),
      encodeNtpAnswer({ version: 3, cookie }, { ...clock, stratum: 0, reference: 'RATE' }, NOW, NOW),
    ],
    decode(input) {
      const answer = unless(() => decodeNtpAnswer(input, NOW));
      if (answer === null) return null;
      if (answer.synchronised && (answer.refusal !== null || !(answer.sentAt >= answer.receivedAt)))
        throw new Error('a time that is none');
      return input;
    },
  },
  {
    name: 'ntp request',
    samples: [encodeNtpRequest(cookie)],
    decode(input) {
      const request = unless(() => decodeNtpRequest(input));
      if (request === null) return null;
      const answer = encodeNtpAnswer(request, clock, NOW, NOW);
      if (answer.length > input.length) throw new Error('the answer is longer than the request');
      return input;
    },
  },
  {
    name: 'servers file',
    few: 2_000,
    samples: [
      bytesOf(formatServers(PUBLIC_SERVERS)),
      bytesOf({
        stun: [{ host: '2001:db8::1', tcp: true }],
        mqtt: ['mqtts://[2001:db8::1]:8883'],
        ntp: ['[2001:db8::1]:1123'],
        turn: [{ url: 'turn:a:3478', username: 'u', credential: 'c' }],
        pnp: [{ host: 'a', port: 5300, publicKey: `02${'ab'.repeat(32)}` }],
      }),
    ],
    decode(input) {
      const list = unless(() => parseServersText(new TextDecoder().decode(input)));
      if (list === null) return null;
      if (!isDeepStrictEqual(parseServers(formatServers(list)), list))
        throw new Error('it is read otherwise again');
      return input;
    },
  },
  {
    name: 'mqtt stream',
    samples: [
      Uint8Array.of(0x20, 2, 0, 0, 0x30, 4, 0, 1, 97, 98, 0xd0, 0),
      Uint8Array.of(0x30, 0x80, 1, ...new Uint8Array(128)),
    ],
    decode(input) {
      return unless(() => {
        new MqttGuard(300).push(input);
        return input;
      });
    },
  },
];
