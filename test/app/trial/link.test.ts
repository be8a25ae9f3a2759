/** A trial's link: what bounds a question. */
import { expect, test } from 'vitest';
import { TrialLink } from '../../../src/app/trial/link.ts';
import { encodeTrialMessage } from '../../../src/app/trial/messages.ts';
import { createLab } from '../../../src/lab/index.ts';
import type { Pipe } from '../../../src/net/index.ts';

function linkThatSendsNothing() {
  const lab = createLab({ seed: 1 });
  const { io } = lab.host({ name: 'a', on: lab.lan() });
  const pipe: Pick<Pipe, 'closed' | 'sendKind'> = {
    closed: new Promise(() => undefined),
    sendKind: () => new Promise(() => undefined),
  };
  return { lab, link: new TrialLink(io, pipe as Pipe) };
}

test('trial link: a question has its limit although the other side does not even take it', async () => {
  const { lab, link } = linkThatSendsNothing();
  const asked = expect(link.ask({ type: 'finish' }, () => undefined, 4_000)).rejects.toMatchObject({
    code: 'PEER_SILENT',
  });
  await lab.advance(4_001);
  await asked;
});

test('trial link: what ended it is told to whoever goes on with it', () => {
  const { link } = linkThatSendsNothing();
  link.throwIfOver();
  link.take(encodeTrialMessage({ type: 'stop', reason: 'its person left' }));
  expect(() => link.throwIfOver()).toThrow('the other side stopped it: its person left');
});
