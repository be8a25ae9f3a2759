/** Our own `serve` alone: two people meet through it, on a LAN without Internet and from behind a NAT. */
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab, type Lab } from './lab.ts';
import { lan, meeting, meetingSide, SERVICES } from './plans.ts';
import { outcomes, serversFile, startServe } from './services.ts';

const homes = { a: 'nat', b: 'public' } as const;
const HI = [
  ['out', 'hi'],
  ['in', 'hi'],
];

/** One message from b to a and back, both with these options. @returns b's `open` event */
async function chat(lab: Lab, options: readonly string[], outer: string) {
  const peer = await lab.accept('a', ['--echo', ...options]);
  const said = await outcomes(peer.program);
  expect(said).toMatchObject({
    stun: expect.stringContaining(outer),
    mqtt: expect.stringMatching(/^ok: .*:1883/),
    ntp: expect.stringMatching(/^ok: /),
  });
  // Without its relay, which may be ready sooner.
  const command = ['connect', peer.address, '--json', '--send', 'hi', '--methods', 'drpu', ...options];
  const dialler = await lab.start('b', command).exits(0);
  expect(dialler.all('message').map(({ direction, text }) => [direction, text])).toEqual(HI);
  for (const program of [peer.program, dialler]) expectContract(program.events);
  return dialler.all('open')[0];
}

describeNeeding({ namespaces: true, commands: ['ip', 'nft'] }, 'meeting through serve', () => {
  test.for([
    { family: 4, ip: 'ipv4' },
    { family: 6, ip: 'ipv6' },
  ] as const)(
    'serve: --via HOST#KEY is all that two people need, one behind a NAT, over IPv$family',
    ({ family, ip }) =>
      inLab(meeting(homes), async (lab) => {
        const { program, ready } = await startServe(lab, SERVICES.machine, ['--families', String(family)]);
        const hosts = SERVICES[ip].map((host) => host.replaceAll('.', '[.]')).join('|');
        expect(ready.address).toMatch(new RegExp(`^(${hosts})#[0-9a-f]{16}$`));
        const via = ['--via', String(ready.address), '--families', String(family)];
        const opened = await chat(lab, via, meetingSide('a', homes.a).outer[ip]);
        expect(opened).toMatchObject({ method: 'reverse', path: 'external', family });

        expectContract(program.events);
        program.signal('SIGTERM');
        await program.exits(0);
      })(),
  );

  test('serve: --via without a key works; a wrong key is exit 14, nobody there exit 13', () =>
    inLab(meeting(homes), async (lab) => {
      const { ready } = await startServe(lab, SERVICES.machine);
      const [host = '', key = ''] = String(ready.address).split('#');
      const outer = meetingSide('a', homes.a).outer.ipv4;
      expect(await chat(lab, ['--via', host], outer)).toMatchObject({ method: 'reverse' });

      const wrong = `${host}#${key.startsWith('02') ? '03' : '02'}${key.slice(2)}`;
      const refused = lab.start('b', ['accept', '--json', '--via', wrong]);
      const absent = lab.start('b', ['accept', '--json', '--via', `${host}:5381`]);
      expect((await refused.exits(14)).all('error')).toMatchObject([
        { code: 'VIA_KEY', message: expect.stringContaining(key) },
      ]);
      expect((await absent.exits(13)).all('error')).toMatchObject([{ code: 'NO_SERVICE' }]);
      expect([...refused.all('ready'), ...absent.all('ready')]).toEqual([]);
    })());

  test('serve: the object that its ready event prints works as a --servers file', () =>
    inLab(meeting(homes), async (lab) => {
      const { ready } = await startServe(lab, SERVICES.machine);
      const file = serversFile(lab, ready.servers ?? {});
      const outer = meetingSide('a', homes.a).outer.ipv4;
      expect(await chat(lab, ['--servers', file], outer)).toMatchObject({ method: 'reverse' });
    })());

  test('serve: processes on its machine find it by themselves, other machines only when it is named', () =>
    inLab(lan, async (lab) => {
      const { ready } = await startServe(lab, 'c');
      const [near, far] = await Promise.all([lab.accept('c', ['--echo']), lab.accept('a', ['--echo'])]);
      const found = await outcomes(near.program);
      expect(found).toMatchObject({ mqtt: expect.stringMatching(/^ok: 10\.1\.0\.3:1883/) });
      expect(await outcomes(far.program)).toMatchObject({ mqtt: expect.stringMatching(/^failed/) });

      const beside = await lab.start('c', ['connect', near.address, '--json', '--send', 'hi']).exits(0);
      expect(beside.all('message').map(({ direction, text }) => [direction, text])).toEqual(HI);
      // What a found serve is good for: a process of another machine that names it is asked over its broker.
      const command = ['connect', near.address, '--json', '--send', 'hi', '--methods', 'r'];
      const named = await lab.start('b', [...command, '--via', String(ready.address)]).exits(0);
      expect(named.all('open')).toMatchObject([{ method: 'reverse', path: 'local' }]);
    })());

  test('serve: without --json it prints one command for other machines, and that command works', () =>
    inLab(lan, async (lab) => {
      const program = lab.start('c', ['serve'], { input: null });
      // Other addresses are on stderr, for people.
      const via = await program.until(
        'command',
        () => /^npx p2pd-demo --via (\S+)\n$/.exec(program.stdout)?.[1],
      );
      expect(via).toMatch(/^10\.1\.0\.3#[0-9a-f]{16}$/);
      const opened = await chat(lab, ['--via', via], '10.1.0.1');
      expect(opened).toMatchObject({ family: 4, remote: expect.stringMatching(/^10\.1\.0\.1:/) });
      program.signal('SIGINT');
      await program.exits(0);
    })());
});
