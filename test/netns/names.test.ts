/** Nicknames between machines, by the name server of a third one's `serve`. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab, type Lab, type Program } from './lab.ts';
import { lan } from './plans.ts';

const SERVER = '10.1.0.3';
const SERVER_IPV6 = 'fd01::3';
const DEAF_TO_UDP =
  'table inet deaf { chain in { type filter hook input priority 0; udp dport 5300 drop; }; }';

/** @returns the file for --servers, and how to end the server that it names */
async function startNames(
  lab: Lab,
  home = lab.home(),
  host = SERVER,
): Promise<{ servers: string; serve: Program }> {
  const args = ['serve', '--json', '--host', host];
  const serve = lab.start('c', args, { input: null, home });
  const ready = await serve.event('ready');
  return { servers: lab.file('names.json', JSON.stringify(ready.servers)), serve };
}

async function holdName(lab: Lab, name: string, servers: string, home = lab.home()): Promise<Program> {
  const args = ['nickname', name, '--json', '--echo', '--servers', servers];
  const program = lab.start('b', args, { input: null, home });
  await program.event('ready');
  return program;
}

describeNeeding({ namespaces: true, commands: ['ip', 'nft'] }, 'names', () => {
  test(
    'a nickname that is registered on one machine connects from another',
    { timeout: 40_000 },
    inLab(lan, async (lab) => {
      const { servers } = await startNames(lab);
      const holder = await holdName(lab, 'alice', servers);
      expect(holder.all('ready')).toMatchObject([{ nickname: 'alice.p2p' }]);
      for (const name of ['alice', 'alice.p2p']) {
        const command = ['connect', name, '--json', '--send', 'by name', '--servers', servers];
        const dialler = await lab.start('a', command).exits(0);
        expectContract(dialler.events);
        expect(dialler.all('step').filter((step) => step.name === 'nickname')).toMatchObject([
          { state: 'start' },
          { state: 'ok' },
        ]);
        expect(dialler.all('message').map(({ text }) => text)).toEqual(['by name', 'by name']);
      }
      const resolved = await lab.start('a', ['resolve', 'alice', '--json', '--servers', servers]).exits(0);
      const document = JSON.parse(resolved.stdout) as Record<string, unknown>;
      expect(document).toMatchObject({
        schemaVersion: 1,
        name: 'alice',
        key: 'new',
        servers: [{ host: SERVER, state: 'found' }],
      });
      expect(Number(document.expires) - Number(document.updated)).toBe(604_800);
      await lab.start('a', ['connect', 'nobody', '--send', '.', '--servers', servers]).exits(12);
      await lab.start('a', ['nickname', 'alice', '--once', '--servers', servers]).exits(14);
    }),
  );

  test(
    'a name that shows another key is warned of, and connects only when that is accepted',
    { timeout: 40_000 },
    inLab(lan, async (lab) => {
      const [serverHome, caller] = [lab.home(), lab.home()];
      const first = await startNames(lab, serverHome);
      const holder = await holdName(lab, 'alice', first.servers);
      await lab
        .start('a', ['connect', 'alice', '--send', '.', '--servers', first.servers], { home: caller })
        .exits(0);
      holder.signal('SIGTERM');
      await holder.exits(0);
      first.serve.signal('SIGTERM');
      await first.serve.exits(0);
      // Another name server, where somebody else was first.
      const second = await startNames(lab);
      await holdName(lab, 'alice', second.servers);
      const command = ['connect', 'alice', '--send', '.', '--servers', second.servers];
      const warned = await lab.start('a', command, { home: caller }).exits(14);
      expect(warned.stderr).toContain('another key than before');
      expect(warned.stderr).toContain('--accept-new-key');
      await lab.start('a', [...command, '--accept-new-key'], { home: caller }).exits(0);
      await lab.start('a', command, { home: caller }).exits(0);
    }),
  );

  test(
    'over IPv6 alone: registered, looked up, connected; UDP blocked as well',
    { timeout: 40_000 },
    inLab(lan, async (lab) => {
      const { servers } = await startNames(lab, lab.home(), SERVER_IPV6);
      const holder = await holdName(lab, 'alice', servers);
      expect(holder.all('ready')).toMatchObject([{ nickname: 'alice.p2p' }]);
      const command = [
        'connect',
        'alice',
        '--json',
        '--send',
        'six',
        '--families',
        '6',
        '--servers',
        servers,
      ];
      const dialler = await lab.start('a', command).exits(0);
      expect(dialler.all('open')).toMatchObject([{ family: 6 }]);
      lab.net.filter('c', DEAF_TO_UDP);
      const resolved = await lab.start('a', ['resolve', 'alice', '--servers', servers]).exits(0);
      expect(resolved.stdout).toContain('found');
    }),
  );

  test(
    'what a server has acknowledged is there after it was killed',
    { timeout: 40_000 },
    inLab(lan, async (lab) => {
      const home = lab.home();
      const first = await startNames(lab, home);
      const holder = await holdName(lab, 'alice', first.servers);
      first.serve.signal('SIGKILL');
      await first.serve.exits('SIGKILL');
      const again = await startNames(lab, home);
      const resolved = await lab.start('a', ['resolve', 'alice', '--servers', again.servers]).exits(0);
      expect(resolved.stdout).toContain(`${SERVER}: found`);
      holder.signal('SIGTERM');
      await holder.exits(0);
    }),
  );
});
