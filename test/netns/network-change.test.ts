/** The network changes under a running node, with real packets: another address, another router, a sleeping machine. */
import { expect, test } from 'vitest';
import { natPreset } from '../../src/lab/index.ts';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS } from './two-nats.ts';

const NAT = natPreset('restrict port', 'random');

/** ms. */
const ECHO_LIMIT = 40_000;

describeNeeding(TWO_NATS_NEEDS, 'network change', () => {
  test(
    'another address: noticed within 5 s, published, and the pipe goes on',
    { timeout: 60_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, NAT, NAT);
      const { address, program: peer } = await lab.accept('b', ['--echo', '--servers', nats.servers]);
      const command = ['connect', address, '--json', '--servers', nats.servers, '--methods', 'pu'];
      const dialler = lab.start('a', command, { input: null });
      await Promise.all([dialler.event('open'), peer.event('open')]);
      const ip = (...args: string[]) => lab.net.run('a', 'ip', ...args);
      ip('addr', 'del', '192.168.1.2/24', 'dev', 'eth0');
      ip('addr', 'add', '192.168.1.77/24', 'dev', 'eth0');
      ip('route', 'replace', 'default', 'via', '192.168.1.1');
      const changedAt = Date.now();
      dialler.type('from another address\n');
      const { detail } = await dialler.event('network');
      expect(detail).toBe('eth0 has 192.168.1.77, lost 192.168.1.2');
      expect(Date.now() - changedAt).toBeLessThan(5_000);
      const heard = () => (dialler.all('message').length === 2 ? true : undefined);
      // A first look may come to nothing; how long it takes as a rule is measured by bench/relay.
      await dialler.until('an echo', heard, ECHO_LIMIT);
      expect(dialler.all('path')).toHaveLength(1);
      expect([dialler.all('closed'), peer.all('closed')]).toEqual([[], []]);
      expectContract(dialler.events);
    }),
  );

  test(
    'a machine that sleeps while its router forgets it: told when it wakes, and the pipe goes on',
    { timeout: 90_000 },
    behindTwoNats(async (lab, nats) => {
      await become(nats, NAT, NAT);
      const { address, program } = await lab.accept('b', ['--echo', '--servers', nats.servers]);
      const command = ['connect', address, '--json', '--servers', nats.servers, '--methods', 'pu'];
      const dialler = lab.start('a', command, { input: null });
      await dialler.event('open');
      await program.event('open');
      dialler.signal('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      await nats.a.become(NAT, 0);
      dialler.signal('SIGCONT');
      dialler.type('good morning\n');
      expect((await dialler.event('network')).detail).toMatch(/^the machine slept for \d+ s$/);
      const heard = () => (dialler.all('message').length === 2 ? true : undefined);
      // A first look may come to nothing; how long it takes as a rule is measured by bench/relay.
      await dialler.until('an echo', heard, ECHO_LIMIT);
      expect(dialler.all('closed')).toEqual([]);
    }),
  );
});
