/** What the brokers of a world have seen: who writes to whom, and nothing else. */
import { expect } from 'vitest';
import type { LabWorld } from '../../src/lab/world.ts';
import type { Identity } from '../../src/net/identity.ts';
import { topicOf } from '../../src/net/signal/envelope.ts';

/** Of a message to oneself, by which a node tries its brokers: a zero and 16 random bytes. */
const PROBE_LENGTH = 17;

/**
 * Each payload is a probe or an envelope from one of the two to the other, without the plain words.
 *
 * @param words besides addresses and names of the world: latin1, one character a byte
 */
export function expectSealed(
  { brokers, a, b, servers }: LabWorld,
  [one, two]: readonly [Identity, Identity],
  words: readonly string[],
): void {
  const keys = [one, two].map(({ publicKey }) => Buffer.from(publicKey).toString('latin1'));
  const topics = [one, two].map(({ nodeId }) => topicOf(nodeId));
  const plain = [...words, ...servers.mqtt, a.ip(), b.ip(), 'p2pd1'];
  for (const { topic, payload } of brokers.flatMap(({ published }) => published)) {
    const to = topics.indexOf(topic);
    expect(to, 'one of the two topics').not.toBe(-1);
    if (payload[0] === 0) expect(payload).toHaveLength(PROBE_LENGTH);
    else {
      const text = Buffer.from(payload).toString('latin1');
      expect([text[0], text.slice(1, 34)]).toEqual(['\x01', keys[1 - to]]);
      for (const word of plain) expect(text.includes(word), `${word} in the clear`).toBe(false);
    }
  }
}
