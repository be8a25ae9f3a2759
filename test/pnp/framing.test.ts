/** Messages out of a stream: what a message costs is spent when it is asked for, and not on who may ask no more. */
import { expect, test } from 'vitest';
import { MessageSplitter } from '../../src/pnp/framing.ts';
import { TooManyRequests } from '../../src/pnp/server-tcp.ts';
import { curve, requestFor, serverKey } from './loopback.ts';

const request = requestFor('alice', null);
const many = new Uint8Array(Buffer.concat(Array.from({ length: 50 }, () => request)));

/** @param mayOpen messages until its owner refuses */
function splitterThat(mayOpen: number) {
  let lent = 0;
  const splitter = new MessageSplitter(curve, (use) => {
    if (lent >= mayOpen) throw new TooManyRequests('too many requests');
    lent++;
    return use(serverKey);
  });
  return { splitter, lent: () => lent };
}

test('messages that nobody takes are not opened', () => {
  const { splitter, lent } = splitterThat(50);
  let taken = 0;
  for (const _plain of splitter.push(many)) if (++taken === 3) break;
  expect(lent()).toBe(3);
});

test('the key is lent once a message, and a refusal to lend it ends the stream', () => {
  const { splitter, lent } = splitterThat(7);
  let taken = 0;
  const take = () => {
    for (const _plain of splitter.push(many)) taken++;
  };
  expect(take).toThrow(TooManyRequests);
  expect([taken, lent()]).toEqual([7, 7]);
});

test('a message in pieces borrows the key once', () => {
  const { splitter, lent } = splitterThat(1);
  const plains = Array.from(request, (_, i) => [...splitter.push(request.subarray(i, i + 1))].length);
  expect(plains.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(lent()).toBe(1);
});
