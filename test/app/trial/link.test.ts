<<<<<<< HEAD
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
=======
import { expect, test } from 'vitest';
import { TrialLink } from '../../../src/app/trial/link.ts';
import { createLab } from '../../../src/lab/index.ts';
import type { Pipe } from '../../../src/net/index.ts';

test('link: a question that cannot even be sent is given up after its time, and nothing else fails', async () => {
  const lab = createLab({ seed: 'link' });
  const { io } = lab.host({ name: 'a', on: lab.lan() });
  const never = new Promise<never>(() => undefined);
  // All that a link asks of a pipe: here the other side is away.
  const pipe = { closed: never, sendKind: () => never } as unknown as Pipe;
  const link = new TrialLink(io, pipe);
  const asked = link.ask({ type: 'finish' }, () => undefined, 4_000);
  await expect(lab.run(asked)).rejects.toMatchObject({
    code: 'PEER_SILENT',
    message: 'no answer to "finish" within 4 s',
  });
  expect(lab.now()).toBe(4_000);
>>>>>>> 1a079e747890db7c502b9eee68111821d41810a8
});
