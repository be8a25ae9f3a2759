/** What a person meets when something is wrong: one clear line, the contract's code, nothing lost. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab, type Program } from './lab.ts';
import { isolatedLan } from './plans.ts';

/** Exactly one line on stderr that begins with the program's name and says what to try. */
function expectOneErrorLine(program: Program, message: RegExp): void {
  const lines = program.stderr.split('\n').filter((line) => line.startsWith('p2pd-demo: '));
  expect(lines, program.said()).toHaveLength(1);
  expect(lines[0]).toMatch(message);
  expect(lines[0]).toMatch(/\(try: .+\)$/);
}

/** The one error event that --json carries. */
function expectErrorEvent(program: Program, code: string): void {
  expectContract(program.events);
  expect(program.all('error'), program.said()).toMatchObject([{ code }]);
}

describeNeeding({ namespaces: true, commands: ['ip', 'nft'] }, 'faults between two machines', () => {
  test.concurrent(
    'connect: a peer that has left is exit 10 at once',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b');
      peer.program.signal('SIGTERM');
      await peer.program.exits(0);
      const dialler = await lab.start('a', ['connect', peer.address, '--json']).exits(10);
      expectErrorEvent(dialler, 'NO_PATH');
      expectOneErrorLine(dialler, /refused/);
      const [ready] = dialler.all('ready');
      const [error] = dialler.all('error');
      expect(Number(error?.at) - Number(ready?.at)).toBeLessThan(1_500);
      for (const attempt of dialler.all('attempt')) {
        if (attempt.state === 'failed') expect(attempt.reason).toBe('refused: nothing listens there');
      }
    }),
  );

  test.concurrent(
    'connect: a machine that is switched off is exit 10 within --timeout',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b');
      lab.net.filter('b', 'table inet lab { chain in { type filter hook input priority 0; policy drop; }; }');
      const dialler = await lab.start('a', ['connect', peer.address, '--json', '--timeout', '1.5']).exits(10);
      expectErrorEvent(dialler, 'NO_PATH');
      const started = dialler.all('attempt').filter(({ state }) => state === 'start');
      const failed = dialler.all('attempt').filter(({ state }) => state === 'failed');
      expect(failed).toHaveLength(started.length);
      const waited = Number(dialler.all('error')[0]?.at) - Number(dialler.all('ready')[0]?.at);
      expect(waited).toBeGreaterThanOrEqual(1_490);
      expect(waited).toBeLessThan(3_000);
    }),
  );

  test.concurrent(
    'accept --allow: lets the named node in and turns another away with exit 14',
    inLab(isolatedLan, async (lab) => {
      const friend = lab.home();
      const probe = await lab.accept('a', [], { home: friend });
      probe.program.signal('SIGTERM');
      await probe.program.exits(0);
      const peer = await lab.accept('b', ['--echo', '--allow', String(probe.ready.nodeId)]);
      const stranger = await lab.start('a', ['connect', peer.address, '--json']).exits(14);
      expectErrorEvent(stranger, 'NOT_ALLOWED');
      expectOneErrorLine(stranger, /does not allow this node/);
      await lab.start('a', ['connect', peer.address, '--send', 'hi'], { home: friend }).exits(0);
      await peer.program.event('closed');
      expect(peer.program.all('open').map((open) => open.peer)).toEqual([probe.ready.nodeId]);
    }),
  );

  test.concurrent(
    'connect: a foreign, damaged, truncated or own address is exit 2 and says which',
    inLab(isolatedLan, async (lab) => {
      const home = lab.home();
      const peer = await lab.accept('b', ['--echo'], { home });
      const { address } = peer;
      const middle = address.length >> 1;
      const flipped = address[middle] === 'a' ? 'b' : 'a';
      const cases = [
        { given: 'alice in wonderland', code: 'ADDRESS_FOREIGN' },
        { given: '/ip4/192.0.2.1/tcp/4001/p2p/16Uiu2HAm6Zx', code: 'ADDRESS_FOREIGN' },
        { given: address.slice(0, middle) + flipped + address.slice(middle + 1), code: 'ADDRESS_DAMAGED' },
        { given: address.slice(0, -4), code: 'ADDRESS_DAMAGED' },
      ];
      const diallers = cases.map(({ given }) => lab.start('a', ['connect', given, '--json']));
      for (const [i, dialler] of diallers.entries()) {
        await dialler.exits(2);
        expectErrorEvent(dialler, cases[i]?.code ?? '');
        expectOneErrorLine(dialler, /./);
      }
      peer.program.signal('SIGTERM');
      await peer.program.exits(0);
      const own = await lab.start('b', ['connect', address, '--json'], { home }).exits(2);
      expectErrorEvent(own, 'OWN_ADDRESS');
    }),
  );

  test.concurrent(
    'options: nonsense is exit 2 and one line',
    inLab(isolatedLan, async (lab) => {
      const nonsense = [
        ['connect'],
        ['connect', 'p2pd1', '--families', '5'],
        ['accept', '--port', '99999'],
        ['accept', '--nonsense'],
        ['dance'],
      ];
      const programs = nonsense.map((args) => lab.start('a', args));
      for (const program of programs) {
        await program.exits(2);
        expectOneErrorLine(program, /./);
        expect(program.stdout).toBe('');
      }
    }),
  );

  test.concurrent(
    'accept --port: a taken port is exit 15; without --port the next free one is used',
    inLab(isolatedLan, async (lab) => {
      const { ready } = await lab.accept('b', ['--port', '20000']);
      expect(ready.port).toBe(20000);
      const second = await lab.start('b', ['accept', '--json', '--port', '20000']).exits(15);
      expectErrorEvent(second, 'PORT_TAKEN');
      expectOneErrorLine(second, /port 20000 is taken/);
      const [third, fourth] = [await lab.accept('b'), await lab.accept('b')];
      expect(Number(fourth.ready.port)).toBe(Number(third.ready.port) + 1);
    }),
  );

  test.concurrent(
    'state: a directory that cannot be written is exit 15',
    inLab(isolatedLan, async (lab) => {
      const [readOnly, file, fresh] = [lab.home(), lab.home(), lab.home()];
      mkdirSync(readOnly);
      writeFileSync(file, 'not a directory');
      const cases = [
        lab.start('a', ['accept', '--json'], { home: readOnly, readOnly }),
        lab.start('a', ['accept', '--json'], { home: file }),
        lab.start('a', ['accept', '--json', '--state', join(file, 'below')], { home: fresh }),
      ];
      const systems = [/EROFS/, /EEXIST|ENOTDIR/, /ENOTDIR/];
      for (const [i, program] of cases.entries()) {
        await program.exits(15);
        expectErrorEvent(program, 'STATE_UNUSABLE');
        expectOneErrorLine(program, systems[i] ?? /never/);
      }
      expect(readFileSync(file, 'utf8')).toBe('not a directory');
    }),
  );

  test.concurrent(
    'state: a damaged key file is exit 15, and is left as it is',
    inLab(isolatedLan, async (lab) => {
      const contents = ['', 'no key\n', 'ab'.repeat(31), '0'.repeat(64), 'f'.repeat(64)];
      const programs = contents.map((text) => {
        const home = lab.home();
        mkdirSync(home);
        const path = join(home, 'slot-0.key');
        writeFileSync(path, text);
        return { program: lab.start('a', ['accept', '--json'], { home }), path, text };
      });
      for (const { program, path, text } of programs) {
        await program.exits(15);
        expectErrorEvent(program, 'KEY_DAMAGED');
        expectOneErrorLine(program, /slot-0\.key is damaged/);
        expect(readFileSync(path, 'utf8')).toBe(text);
        if (text.length > 8) expect(program.said()).not.toContain(text.trim());
      }
    }),
  );

  test.concurrent(
    'program alone: without a terminal prints the help and exits 2',
    inLab(isolatedLan, async (lab) => {
      const program = await lab.start('a', []).exits(2);
      expect(program.stdout).toMatch(/^Usage: p2pd-demo/);
    }),
  );
});
