/**
 * Signalling's decoders: envelopes as strangers and hostile brokers may send them, and what a hostile
 * peer with a key of its own may seal.
 */
import { createCipheriv, hkdfSync } from 'node:crypto';
import { identityOf } from '../../src/net/identity.ts';
import { type Inner, openEnvelope, readHead, seal } from '../../src/net/signal/envelope.ts';
import type { LaneReport } from '../../src/net/signal/lane-report.ts';
import { decodeMessage, encodeMessage, type SignalMessage } from '../../src/net/signal/message.ts';
import { Secrets } from '../../src/net/signal/secrets.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import { Writer } from '../../src/net/wire/writer.ts';
import { sampleIdentity } from '../helpers/sample-address.ts';
import type { Target } from './targets.ts';

const node = new Secrets(sampleIdentity);
const peer = new Secrets(identityOf(new Uint8Array(32).fill(8)));
const id = (value: number) => new Uint8Array(16).fill(value);
const at = 1_795_000_000_123;

const sampleLane: LaneReport = {
  method: 'udp-punch',
  path: 'external',
  family: 4,
  sent: 60,
  received: 0,
  refused: 2,
  guesses: 0,
  opened: false,
  refusedAfter: 21,
  foreseen: [40_010, 40_030],
  heardFrom: null,
  seen: 40_013,
  reason: 'no binary',
  marks: [
    { kind: 'sent', at: 0, count: 1 },
    { kind: 'refused', at: 21, count: 2 },
  ],
};

const messages: readonly SignalMessage[] = [
  {
    type: 'relayed',
    pipeId: id(1),
    relayed: [
      { ip: '198.51.100.20', port: 50_000, transport: 'udp' },
      { ip: '2001:db8::20', port: 50_001, transport: 'tcp' },
    ],
  },
  {
    type: 'connect',
    pipeId: id(1),
    methods: ['direct', 'reverse', 'tcp-punch'],
    paths: ['external', 'local'],
    families: [4, 6],
    knownSequence: 1_795_000_000,
    address: new Uint8Array(300).fill(7),
    punch: null,
  },
  {
    type: 'answer',
    pipeId: id(1),
    result: 'accepted',
    address: new Uint8Array(0),
    punch: {
      round: 1,
      meetAt: 1_700_000_000_000,
      wish: 5_000,
      offers: [
        { method: 'tcp-punch', path: 'external', ip: '203.0.113.9', ports: [5_000] },
        { method: 'udp-punch', path: 'local', ip: 'fd00::1', ports: [7_000, 7_002, 7_004] },
      ],
    },
  },
  { type: 'answer', pipeId: id(1), result: 'accepted', address: new Uint8Array(40).fill(7), punch: null },
  { type: 'answer', pipeId: id(1), result: 'busy', address: new Uint8Array(0), punch: null },
  { type: 'outcome', pipeId: id(1), reasons: ['refused', 'no answer within 6 s', 'ö'] },
  { type: 'ack', of: id(2), receivedAt: at },
  { type: 'challenge', of: id(2), nonce: id(3), now: at },
  { type: 'ping' },
  { type: 'report', pipeId: id(1), from: at, lanes: [sampleLane, { ...sampleLane, reason: '', marks: [] }] },
];
const payloads = messages.map(encodeMessage);

function sealed(secrets: Secrets, to: Secrets, inner: Inner, messageId: Uint8Array): Uint8Array {
  return seal({ secrets, peerKey: to.identity.publicKey, messageId, inner });
}

const inners: readonly Inner[] = payloads.flatMap((payload) => [
  { sentAt: at, lifetime: 12_000, answered: null, payload },
  { sentAt: at, lifetime: 12_000, answered: id(4), payload },
]);
const envelopes = inners.map((inner, i) => sealed(peer, node, inner, id(i)));

const domain = new TextEncoder().encode('p2pd-demo signal 1\0');
const head = new Writer().u8(1).bytes(peer.identity.publicKey).bytes(id(9)).finish();
const secret = peer.identity.sharedSecret(node.identity.publicKey);
const info = Buffer.concat([domain, peer.identity.publicKey, node.identity.publicKey]);
const keys = new Uint8Array(hkdfSync('sha256', secret, id(9), info, 44));

/** Any text, signed and sealed as the peer with its key can (docs/wire.md, "Signalling"). */
function forged(text: Uint8Array): Uint8Array {
  const signature = peer.identity.sign(Buffer.concat([domain, head, node.identity.publicKey, text]));
  const cipher = createCipheriv('aes-256-gcm', keys.subarray(0, 32), keys.subarray(32)).setAAD(head);
  const parts = [cipher.update(text), cipher.update(signature), cipher.final(), cipher.getAuthTag()];
  return new Uint8Array(Buffer.concat([head, ...parts]));
}

/** The text within an envelope. */
function textOf({ sentAt, lifetime, answered, payload }: Inner): Uint8Array {
  const writer = new Writer().u8(answered === null ? 0 : 1);
  writer.u16(Math.floor(sentAt / 2 ** 32)).u32(sentAt % 2 ** 32);
  return writer
    .u16(lifetime)
    .bytes(answered ?? new Uint8Array(0))
    .bytes(payload)
    .finish();
}

function unless<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** Opens and decodes. @returns the text within, as it would be written */
function open(bytes: Uint8Array): Uint8Array {
  const opened = openEnvelope(node, readHead(bytes), bytes);
  const message = decodeMessage(opened.payload);
  const payload = message.type === 'unknown' ? opened.payload : encodeMessage(message);
  return textOf({ ...opened, payload });
}

export const SIGNAL_TARGETS: readonly Target[] = [
  {
    name: 'signal heads',
    samples: envelopes,
    decode(input) {
      const head = unless(() => readHead(input));
      return head && new Writer().u8(1).bytes(head.sender).bytes(head.messageId).finish();
    },
    accepted: (input, output) => input.subarray(0, output.length),
  },
  {
    name: 'signal envelopes',
    few: 5_000,
    samples: envelopes,
    decode: (input) => unless(() => open(input)) && input,
  },
  {
    name: 'signal messages',
    samples: payloads,
    decode(input) {
      const message = unless(() => decodeMessage(input));
      if (message === null) return null;
      return message.type === 'unknown' ? input : encodeMessage(message);
    },
  },
  {
    name: 'signal messages sealed again',
    few: 1_000,
    samples: inners.map(textOf),
    decode: (input) => unless(() => open(forged(input))),
  },
];
