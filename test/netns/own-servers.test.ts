/** The configurations of docs/own-servers.md, each in its real server: pipes open through them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { inLab, type Lab } from './lab.ts';
import { answering } from './services.ts';
import type { Plan } from './topology.ts';

const SERVER = ['198.51.100.10', '198.51.100.11'] as const;
const PLAN: Plan = {
  families: [4],
  links: [
    [
      { machine: 'a', interface: 'eth0', addresses: ['198.51.100.1/24'] },
      { machine: 'b', interface: 'eth0', addresses: ['198.51.100.2/24'] },
      { machine: 'server', interface: 'eth0', addresses: SERVER.map((ip) => `${ip}/24`) },
    ],
  ],
  routes: { a: ['default via 198.51.100.254'], b: ['default via 198.51.100.254'] },
};

const page = readFileSync(join(import.meta.dirname, '../../docs/own-servers.md'), 'utf8');

/** What stands in the page under a file's name. */
function documented(name: string): string {
  const [, text] =
    new RegExp(`^\`\`\`\\w+ ${name.replace('.', '\\.')}$\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/own-servers.md has no ${name}`);
  return text;
}

/** The servers as the page sets them up; files lie in the lab instead of /etc. @returns the list for users */
async function startDocumented(lab: Lab): Promise<string> {
  const acl = lab.file('p2pd-demo.acl', documented('p2pd-demo.acl'));
  const mosquitto = documented('mosquitto.conf').replace('/etc/mosquitto/p2pd-demo.acl', acl);
  const own = [
    `userdb=${lab.file('turndb')}`,
    `pidfile=${lab.file('turn.pid')}`,
    'log-file=stdout',
    'simple-log',
  ];
  const turn = lab.file('turnserver.conf', [documented('turnserver.conf'), ...own].join('\n'));
  const time = ['cmdport 0', 'bindcmdaddress /', `pidfile ${lab.file('chrony.pid')}`];
  const chrony = lab.file('chrony.conf', [documented('chrony.conf'), ...time].join('\n'));
  const start = (...command: readonly string[]) => lab.run('server', command);
  // As on Debian, where the main file says so; -x: the clock is left alone.
  const broker = start(
    'mosquitto',
    '-c',
    lab.file('mosquitto.conf', `user root\npersistence false\n${mosquitto}`),
  );
  const relay = start('turnserver', '-c', turn);
  const clock = start('chronyd', '-x', '-d', '-u', 'root', '-f', chrony);
  await Promise.all([
    answering(lab, 'server', broker, ['mqtt'], { addresses: [SERVER[0]], port: 1883 }),
    answering(lab, 'server', relay, ['stun', 'stun-tcp'], { addresses: SERVER, port: 3478 }),
    answering(lab, 'server', clock, ['ntp'], { addresses: [SERVER[0]], port: 123 }),
  ]);
  return lab.file('ours.json', documented('ours.json'));
}

const NEEDS = {
  namespaces: true,
  commands: ['ip', 'python3', 'mosquitto', 'turnserver', 'chronyd'],
} as const;

describeNeeding(NEEDS, 'own servers: as the page sets them up', () => {
  test(
    'a node uses each of them, filtering is found out, and a pipe opens directly and by the relay',
    { timeout: 60_000 },
    inLab(PLAN, async (lab) => {
      const servers = await startDocumented(lab);
      const { address, program } = await lab.accept('b', ['--echo', '--servers', servers]);
      const steps = program.all('step').filter(({ state }) => state === 'failed');
      expect(steps).toEqual([]);
      for (const [methods, expected] of [
        ['d', 'direct'],
        ['r', 'reverse'],
        ['t', 'relay'],
      ] as const) {
        const command = [
          'connect',
          address,
          '--json',
          '--send',
          'hi',
          '--methods',
          methods,
          '--servers',
          servers,
        ];
        const dialler = await lab.start('a', command).exits(0);
        expect(dialler.all('open')).toMatchObject([{ method: expected }]);
        expect(dialler.all('message').map(({ text }) => text)).toEqual(['hi', 'hi']);
      }
      const report = await lab.start('a', ['nat', '--json', '--servers', servers]).exits(0);
      const { reports } = JSON.parse(report.stdout) as {
        reports: readonly { udp: Record<string, unknown> }[];
      };
      expect(reports[0]?.udp).toMatchObject({ type: 1, filtering: 'endpoint-independent' });
    }),
  );
});
