/** Files in the chat of two real terminals: refused, allowed, on their way in one line that changes, kept. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { type OpenTerminal, openServer } from './terminal.ts';

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describeNeeding({ commands: ['tmux'] }, 'files in a chat', () => {
  const server = openServer();
  afterAll(() => server.close());

  async function twoInChat(): Promise<{ alice: OpenTerminal; bob: OpenTerminal; home: string }> {
    const home = server.path('home');
    mkdirSync(`${home}/Downloads`, { recursive: true });
    const env = { HOME: home };
    const [alice, bob] = [server.open({ env }), server.open({ env, columns: 130, rows: 40 })];
    await Promise.all([alice.until(/port \d+/), bob.until(/port \d+/)]);
    bob.type('1');
    const frame = await bob.until("This node's address", 'The other person runs');
    const address = (/address:\n(.*?)\n\n/s.exec(frame)?.[1] ?? '').replaceAll('\n', '');
    alice.type('0');
    await alice.until('families');
    alice.press('C-u');
    alice.paste(address);
    await alice.until(address.slice(-20));
    alice.press('Enter');
    await alice.until('encrypted');
    await bob.until(/peer [0-9a-f]{8}/);
    bob.press('Enter');
    await bob.until('encrypted');
    return { alice, bob, home };
  }

  function say(terminal: OpenTerminal, line: string): void {
    terminal.type(line);
    terminal.press('Enter');
  }

  test('commands, a refusal that says what to do, and a file that arrives', { timeout: 60_000 }, async () => {
    const { alice, bob, home } = await twoInChat();
    writeFileSync(`${home}/my film.mkv`, randomBytes(50_000_000));
    say(alice, '/help');
    await alice.until('/send PATH', '/save [DIR]', '/cancel', '/help', '//TEXT');
    say(alice, '/sned x');
    await alice.until('! /sned is no command');
    say(alice, '//shrug');
    await bob.until(': /shrug');
    expect(bob.frame()).not.toContain('sned');
    say(alice, '/send ~/nothing.txt');
    await alice.until('! ~/nothing.txt cannot be sent: there is nothing of this name');
    say(alice, '/send ~/my film.mkv');
    await alice.until('! file my film.mkv: the file was refused: the other side takes no files');
    await bob.until('my film.mkv (50.0 MB) was refused', '/save ~/Downloads');
    say(bob, '/save /nowhere');
    await bob.until('! files cannot be kept in /nowhere: there is nothing of this name');
    say(bob, '/save');
    await bob.until(`files of all peers are kept in ${home}/Downloads from now on`);
    say(alice, `/send '${home}/my film.mkv'`);
    await alice.until('+ file my film.mkv: 50.0 MB in', 'its hash is right');
    await bob.until(`+ file from the peer: ${home}/Downloads/my film.mkv: 50.0 MB in`);
    expect(hashOf(`${home}/Downloads/my film.mkv`)).toBe(hashOf(`${home}/my film.mkv`));
    // One line each: what changed is not there any longer.
    expect(alice.frame()).not.toMatch(/\[=*>/);
    say(bob, '/save off');
    await bob.until('no files are taken from now on');
    for (const terminal of [alice, bob]) {
      terminal.press('C-c');
      expect(await terminal.exit()).toBe(0);
    }
  });
});
