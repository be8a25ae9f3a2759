/** TURN's codec: RFC 5769's long-term sample, integrity, and that whatever is read was written so. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentialsOf, limitedCredentials, longTermKey } from '../../../src/net/turn/credentials.ts';
import {
  ATTRIBUTES,
  encodeTurn,
  endpointAttribute,
  errorAttribute,
  isTurn,
  numberAttribute,
  TurnMessage,
  textAttribute,
} from '../../../src/net/turn/message.ts';
import { isFresh, nonceFor } from '../../../src/net/turn/nonce.ts';
import { turnPlaces } from '../../../src/net/turn/url.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';

/** RFC 5769 §2.4: a Binding request with long-term authentication. */
const LONG_TERM = Buffer.from(
  '000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c' +
    '662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014' +
    'f67024656dd64a3e02b8e0712e85c9a28ca89666',
  'hex',
);
const KEY = longTermKey({ username: 'マトリックス', credential: 'TheMatrIX' }, 'example.org');
const id = Uint8Array.from({ length: 12 }, (_, i) => i + 1);

test('turn: RFC 5769 §2.4, long-term credentials', () => {
  const message = new TurnMessage(Uint8Array.from(LONG_TERM));
  expect(message.text(ATTRIBUTES.username)).toBe('マトリックス');
  expect(message.text(ATTRIBUTES.realm)).toBe('example.org');
  expect(message.text(ATTRIBUTES.nonce)).toBe('f//499k954d6OL34oL9FSTvy64sA');
  expect(message.isSignedBy(KEY)).toBe(true);
  expect(
    message.isSignedBy(longTermKey({ username: 'マトリックス', credential: 'TheMatrix' }, 'example.org')),
  ).toBe(false);
});

test('turn: any bit of a signed message changed, and it is refused or not signed any more', () => {
  const attributes = [textAttribute(ATTRIBUTES.username, 'alice'), numberAttribute(ATTRIBUTES.lifetime, 600)];
  const bytes = encodeTurn({ method: 'refresh', kind: 'request', transactionId: id, attributes }, KEY);
  expect(new TurnMessage(bytes).isSignedBy(KEY)).toBe(true);
  // The FINGERPRINT is behind the integrity.
  for (let bit = 0; bit < (bytes.length - 8) * 8; bit++) {
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(accepts(changed), `bit ${bit}`).toBe(false);
  }
});

/** What was changed so that its FINGERPRINT is not seen as one must at least not be signed. */
function accepts(bytes: Uint8Array): boolean {
  try {
    return new TurnMessage(bytes).isSignedBy(KEY);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

const endpoint = fc.record({
  ip: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::1', 'fe80::1')),
  port: fc.integer({ min: 1, max: 65_535 }),
});

test('turn: addresses, numbers, texts and errors are read as they were written', () => {
  fc.assert(
    fc.property(
      endpoint,
      endpoint,
      fc.nat(0xffffffff),
      fc.string({ maxLength: 60 }),
      fc.integer({ min: 300, max: 699 }),
      (relayed, peer, number, text, code) => {
        const attributes = [
          endpointAttribute(ATTRIBUTES.relayed, relayed, id),
          endpointAttribute(ATTRIBUTES.peer, { ...peer, port: 0 }, id),
          numberAttribute(ATTRIBUTES.connectionId, number),
          textAttribute(ATTRIBUTES.software, text),
          errorAttribute(code, 'why'),
        ];
        const bytes = encodeTurn({ method: 'allocate', kind: 'error', transactionId: id, attributes }, KEY);
        const message = new TurnMessage(bytes);
        expect([message.method, message.kind, isTurn(bytes)]).toEqual(['allocate', 'error', true]);
        expect(message.endpoint(ATTRIBUTES.relayed)).toEqual(relayed);
        expect(message.peerIps()).toEqual([peer.ip]);
        expect(message.number(ATTRIBUTES.connectionId)).toBe(number);
        expect(message.text(ATTRIBUTES.software)).toBe(text);
        expect(message.error()).toEqual({ code, reason: 'why' });
        expect(message.isSignedBy(KEY)).toBe(true);
      },
    ),
  );
});

test('turn: credentials hold until their time, and only those that were handed out', () => {
  const secret = new Uint8Array(32).fill(3);
  const given = limitedCredentials(secret, 2_000, 'ab12');
  expect(credentialsOf(secret, given.username, 1_999)).toEqual(given);
  expect(credentialsOf(secret, given.username, 2_001)).toBeNull();
  expect(credentialsOf(new Uint8Array(32), given.username, 1_999)).not.toEqual(given);
  for (const name of ['', 'alice', '1:A', `2000:${'a'.repeat(33)}`, '2000:a\n'])
    expect(credentialsOf(secret, name, 0), name).toBeNull();
});

test('turn: nonces are ours, of one address, and grow stale', () => {
  const secret = new Uint8Array(32).fill(3);
  const nonce = nonceFor(secret, '192.0.2.1', 10_000);
  expect(isFresh(nonce, secret, '192.0.2.1', 10_100)).toBe(true);
  expect(isFresh(nonce, secret, '192.0.2.1', 20_000)).toBe(false);
  expect(isFresh(nonce, secret, '192.0.2.2', 10_100)).toBe(false);
  expect(isFresh('', secret, '192.0.2.1', 10_100)).toBe(false);
});

test('turn: URLs as WebRTC has them', () => {
  const tcp = { host: '192.0.2.1', port: 3478, transport: 'tcp' };
  expect(turnPlaces('turn:192.0.2.1?transport=tcp')).toEqual([tcp]);
  expect(turnPlaces('turn:192.0.2.1')).toEqual([tcp, { ...tcp, transport: 'udp' }]);
  expect(turnPlaces('turn:[2001:db8::1]:80?transport=UDP')).toEqual([
    { host: '2001:db8::1', port: 80, transport: 'udp' },
  ]);
  expect(turnPlaces('turns:relay.example.org')).toEqual([
    { host: 'relay.example.org', port: 5349, transport: 'tls' },
  ]);
  for (const url of ['stun:a', 'turn:', 'turn:a:0', 'turn:a:70000', 'turn:a b', 'turn:a?transport=sctp'])
    expect(turnPlaces(url), url).toEqual([]);
});
