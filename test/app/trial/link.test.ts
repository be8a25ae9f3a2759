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
});
