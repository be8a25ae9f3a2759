/** Trials with real packets: what the report says is what the routers were set to. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS } from './two-nats.ts';

describeNeeding(TWO_NATS_NEEDS, 'trial', () => {
  test(
    'trial: first look',
    { timeout: 180_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, natPreset('restrict port', 'equal'), natPreset('symmetric', 'random'));
      const b = lab.start('b', ['trial', '--accept', '--json', '--servers', nats.servers, '--no-upnp'], {
        input: null,
      });
      const address = await b.until('address', () => /p2pd1\w+/.exec(b.stderr)?.[0]);
      const a = lab.start('a', [
        'trial',
        address,
        '--json',
        '--servers',
        nats.servers,
        '--no-upnp',
        '--repeat',
        '2',
      ]);
      const started = Date.now();
      await new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (a.stdout.includes('\n') || Date.now() - started > 150_000) {
            clearInterval(timer);
            resolve();
          }
        }, 100);
      });
      writeFileSync('/tmp/trial-a.json', a.stdout);
      writeFileSync('/tmp/trial.txt', `${Date.now() - started} ms\n${a.said()}\n${b.said()}`);
      writeFileSync('/tmp/trial-b.json', b.stdout);
      expect(a.stdout).toContain('cells');
    }, 10),
  );
});
