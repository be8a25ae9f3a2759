/** What goes through a pipe between two machines, and how it ends. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { expectContract } from './contract.ts';
import { inLab } from './lab.ts';
import { isolatedLan, lan } from './plans.ts';

const LIBRARY = pathToFileURL(join(import.meta.dirname, '../../dist/lib/library.js')).href;
/** A node that takes pipes and never closes one. */
const SILENT_NODE = `import { P2PNode } from '${LIBRARY}';
const node = await P2PNode.start();
console.log(node.address);`;

describeNeeding({ namespaces: true, commands: ['ip'] }, 'conversations between two machines', () => {
  test.concurrent(
    'connect: in text, prints only what came back, and ends long before the linger time',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b');
      const began = Date.now();
      const dialler = await lab.start('a', ['connect', peer.address], { input: 'hi\n' }).exits(0);
      expect(dialler.stdout).toBe('hi\n');
      expect(dialler.stderr).toMatch(
        /open after [\d.]+ ms: direct · local · IPv4 · tcp · 10\.1\.0\.1:\d+ → 10\.1\.0\.2/,
      );
      expect(Date.now() - began).toBeLessThan(10_000);
      const [opened] = peer.program.all('open');
      const closed = await peer.program.event('closed');
      expect(Number(closed.at) - Number(opened?.at)).toBeLessThan(1_500);
    }),
  );

  test.concurrent(
    'connect --send: sends one message, prints one answer, leaves',
    inLab(isolatedLan, async (lab) => {
      const { address } = await lab.accept('b');
      const dialler = await lab.start('a', ['connect', address, '--send', 'ping'], { input: null }).exits(0);
      expect(dialler.stdout).toBe('ping\n');
    }),
  );

  test.concurrent(
    'connect --send: exits 11 when no answer comes within --timeout',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b', []);
      const args = ['connect', peer.address, '--send', 'ping', '--timeout', '0.5', '--json'];
      const dialler = await lab.start('a', args).exits(11);
      expectContract(dialler.events);
      expect(dialler.all('error')).toMatchObject([{ code: 'NO_ANSWER' }]);
      expect(peer.program.all('message')).toMatchObject([{ direction: 'in', text: 'ping' }]);
    }),
  );

  test.concurrent(
    'connect --bench: tells both directions and the round trip',
    inLab(isolatedLan, async (lab) => {
      const { address } = await lab.accept('b');
      const dialler = await lab.start('a', ['connect', address, '--bench', '2M', '--json']).exits(0);
      expectContract(dialler.events);
      const [bench] = dialler.all('bench');
      expect(bench).toMatchObject({ bytes: 2_000_000 });
      expect(bench?.sendMbps).toBeGreaterThan(1);
      expect(bench?.receiveMbps).toBeGreaterThan(1);
    }),
  );

  test.concurrent(
    'connect --raw: carries 5 MB of random bytes there and back unchanged',
    inLab(isolatedLan, async (lab) => {
      const bytes = randomBytes(5_000_000);
      const { address } = await lab.accept('b');
      const dialler = await lab.start('a', ['connect', address, '--raw'], { input: bytes }).exits(0);
      expect(dialler.bytes.equals(bytes), `${dialler.bytes.length} bytes came back`).toBe(true);
    }),
  );

  test.concurrent(
    'connect: carries a line of a megabyte, and an empty one',
    inLab(isolatedLan, async (lab) => {
      const long = 'x'.repeat(1_000_000);
      const { address } = await lab.accept('b');
      const dialler = await lab.start('a', ['connect', address], { input: `${long}\n\nlast\n` }).exits(0);
      expect(dialler.stdout.split('\n').map((line) => line.length)).toEqual([1_000_000, 0, 4, 0]);
    }),
  );

  test.concurrent(
    'connect: what a peer sends cannot steer the terminal',
    inLab(isolatedLan, async (lab) => {
      const { address } = await lab.accept('b');
      const evil = 'a\u001b[2Jb\u202ec\u0007';
      const dialler = await lab.start('a', ['connect', address, '--send', evil]).exits(0);
      expect(dialler.stdout).toMatch(/^a.+b.+c.+\n$/);
      for (const character of ['\u001b', '\u202e', '\u0007']) expect(dialler.stdout).not.toContain(character);
    }),
  );

  test.concurrent(
    'connect --linger: leaves a peer that never closes after the seconds given',
    inLab(isolatedLan, async (lab) => {
      const home = lab.home();
      const silent = lab.run('b', [process.execPath, '--input-type=module', '-e', SILENT_NODE], {
        home,
        input: null,
      });
      const address = await silent.until('address', () => /^p2pd1\S+\n/.exec(silent.stdout)?.[0]?.trim());
      const args = ['connect', address, '--linger', '0.4', '--json'];
      const dialler = await lab.start('a', args, { input: 'one\n' }).exits(0);
      const sent = dialler.all('message')[0];
      const waited = Number(dialler.all('closed')[0]?.at) - Number(sent?.at);
      expect(waited).toBeGreaterThanOrEqual(400);
      expect(waited).toBeLessThan(1_900);
    }),
  );

  test.concurrent(
    'connect: half-close loses nothing that was sent before it',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b', []);
      const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
      await lab.start('a', ['connect', peer.address], { input: `${lines.join('\n')}\n` }).exits(0);
      await peer.program.event('closed');
      expect(peer.program.all('message').map(({ text }) => text)).toEqual(lines);
    }),
  );

  test.concurrent(
    'accept: SIGTERM ends it with 0, and the connecting side is told why',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b');
      const dialler = lab.start('a', ['connect', peer.address, '--json'], { input: null });
      await dialler.event('open');
      peer.program.signal('SIGTERM');
      await peer.program.exits(0);
      await dialler.exits(0);
      expectContract(dialler.events);
      expect(dialler.all('closed')).toMatchObject([
        { reason: 'closed by the peer: the accepting side left' },
      ]);
      expect(peer.program.all('closed')).toHaveLength(1);
    }),
  );

  test.concurrent(
    'connect: SIGINT ends it with 130, and the accepting side is told why and stays',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b');
      const dialler = lab.start('a', ['connect', peer.address, '--json'], { input: null });
      await dialler.event('open');
      dialler.signal('SIGINT');
      await dialler.exits(130);
      const closed = await peer.program.event('closed');
      expect(closed.reason).toMatch(/^closed by the peer: .*interrupted/);
      await lab.start('a', ['connect', peer.address, '--send', 'still there?']).exits(0);
    }),
  );

  test.concurrent(
    'accept --once: leaves with 0 when its first pipe has closed',
    inLab(isolatedLan, async (lab) => {
      const peer = await lab.accept('b', ['--echo', '--once']);
      await lab.start('a', ['connect', peer.address, '--send', 'once']).exits(0);
      await peer.program.exits(0);
      expectContract(peer.program.events);
      expect(peer.program.all('closed')).toHaveLength(1);
    }),
  );

  test.concurrent(
    'accept: two machines talk to it at once, each gets its own answers',
    inLab(lan, async (lab) => {
      const peer = await lab.accept('b');
      const diallers = ['a', 'c'].map((machine) =>
        lab.start(machine, ['connect', peer.address], { input: `from ${machine}\n` }),
      );
      for (const dialler of diallers) await dialler.exits(0);
      expect(diallers.map(({ stdout }) => stdout)).toEqual(['from a\n', 'from c\n']);
      await peer.program.event('closed', 1);
      expect(new Set(peer.program.all('open').map((open) => open.peer)).size).toBe(2);
    }),
  );

  test.concurrent(
    'same machine: two processes with one state directory are slots 0 and 1, and keep their keys',
    inLab(isolatedLan, async (lab) => {
      const home = lab.home();
      const peer = await lab.accept('a', ['--echo'], { home });
      const dialler = await lab
        .start('a', ['connect', peer.address, '--json'], { home, input: 'hi\n' })
        .exits(0);
      expect([0, 1, 2].map((slot) => existsSync(join(home, `slot-${slot}.key`)))).toEqual([
        true,
        true,
        false,
      ]);
      expect(dialler.all('open')).toMatchObject([{ path: 'local', peer: peer.ready.nodeId }]);
      const [second] = dialler.all('ready');
      expect(second?.nodeId).not.toBe(peer.ready.nodeId);
      expect(Number(second?.port)).toBe(Number(peer.ready.port) + 1);

      peer.program.signal('SIGINT');
      await peer.program.exits(0);
      const again = await lab.accept('a', [], { home });
      expect(again.ready).toMatchObject({ nodeId: peer.ready.nodeId, port: peer.ready.port });
    }),
  );
});
