/** The built program in a real terminal, as a person meets it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { EARLIER, type OpenTerminal, openServer } from './terminal.ts';

const MENU = ['(0) Connect to a node', '(1) Accept connections', '(2) Start an additional node', '(4) Exit'];
/** SGR sequences that set a colour (ECMA-48 §8.3.117); 39 and 49 take it back. */
const COLOUR = new RegExp(String.raw`${'\u001b'}\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m`);
const READY = /port \d+/;

describeNeeding({ commands: ['tmux'] }, 'TUI in a terminal', () => {
  const server = openServer();
  afterAll(() => server.close());

  /** Home, with a node that is ready. */
  async function started(...args: Parameters<typeof server.open>): Promise<OpenTerminal> {
    const tui = server.open(...args);
    await tui.until(...MENU, READY);
    return tui;
  }

  /** The own address as the accept screen shows it, copied row by row; ends at home. */
  async function addressOf(tui: OpenTerminal): Promise<string> {
    tui.type('1');
    const frame = await tui.until("This node's address", 'The other person runs');
    const [, rows = ''] = /address:\n(.*?)\n\n/s.exec(frame) ?? [];
    tui.press('Escape');
    await tui.until(...MENU);
    return rows.replaceAll('\n', '');
  }

  async function connectTo(tui: OpenTerminal, address: string): Promise<void> {
    tui.type('0');
    await tui.until('families');
    tui.press('C-u');
    tui.paste(address);
    await tui.until(address.slice(-20));
    tui.press('Enter');
  }

  async function leave(tui: OpenTerminal): Promise<void> {
    tui.press('C-c');
    expect(await tui.exit()).toBe(0);
  }

  test('every screen is one key away, and Esc goes back', async () => {
    const tui = await started();
    const screens: readonly (readonly [string, readonly string[]])[] = [
      ['0', ['connect', 'peer', 'methods', 'pathways', 'families']],
      ['1', ['accept', 'p2pd1', 'npx p2pd-demo connect', 'Waiting for pipes']],
      ['i', ['interface', 'kind', 'family', 'gateway']],
      ['n', ['nodes', 'slot 0', 'p2pd1']],
      ['l', ['log']],
      ['?', ['help', 'Everywhere', 'Ctrl+W erase a word']],
    ];
    for (const [key, words] of screens) {
      tui.type(key);
      await tui.until(...words);
      tui.press('Escape');
      await tui.until(...MENU);
    }
    await leave(tui);
  });

  test('start-up steps tick off beside the menu', async () => {
    const tui = await started();
    await tui.until(/✔ interfaces +[\d.]+ m?s/, /✔ identity +[\d.]+ m?s/, /✔ listen +[\d.]+ m?s/);
    await leave(tui);
  });

  test('two people chat: both ways, several pipes, switching, closing, leaving', async () => {
    const [alice, bob] = await Promise.all([started(), started({ columns: 120, rows: 40 })]);
    const address = await addressOf(bob);
    expect(address).toMatch(/^p2pd1[a-z0-9]{100,}$/);

    await connectTo(alice, address);
    await alice.until('encrypted', 'rtt', 'direct', '→');
    alice.type('hello Bob');
    alice.press('Enter');
    await alice.until('you: hello Bob');

    bob.type('1');
    await bob.until('Pipes that came in', 'from peer', '1 new');
    bob.press('Enter');
    await bob.until(/[0-9a-f]{8}: hello Bob/, 'encrypted');
    bob.paste('hello Alice, über 日本\n');
    bob.press('Enter');
    await alice.until('hello Alice, über 日本');

    alice.press('Escape');
    await alice.until(...MENU);
    await connectTo(alice, address);
    await alice.until('1 more: Tab');
    alice.type('over the second');
    alice.press('Enter');
    await alice.until('you: over the second');
    await bob.until('1 more: Tab', '1 new');
    bob.press('Tab');
    await bob.until('over the second');
    expect(bob.frame()).not.toContain('hello Bob');
    bob.press('BTab');
    await bob.until('hello Bob');

    bob.press('C-d');
    await bob.until('closed:');
    alice.press('Tab');
    await alice.until('hello Bob', 'closed by the peer');
    await leave(bob);
    alice.press('Tab');
    await alice.until('over the second', 'the other side left');

    alice.press('Escape');
    await alice.until(...MENU);
    await connectTo(alice, address);
    await alice.until('no path to the peer', 'check that the other', 'nothing listens there');
    await leave(alice);
    expect(alice.frame()).toContain('2 pipe(s) with');
  });

  test('a peer writes escape sequences: they are shown, not obeyed', async () => {
    const [alice, bob] = await Promise.all([started(), started()]);
    await connectTo(alice, await addressOf(bob));
    await alice.until('encrypted');
    alice.paste('\x1b]0;owned\x07\x1b[2J\u202etxt.exe');
    alice.press('Enter');
    bob.type('1');
    await bob.until('1 new');
    bob.press('Enter');
    await bob.until('\\x1b]0;owned\\x07\\x1b[2J\\u{202e}txt.exe', 'encrypted');
    await Promise.all([leave(alice), leave(bob)]);
  });

  test('a second node of the same program: the first one connects to it', async () => {
    const tui = await started({ columns: 120, rows: 40 });
    tui.type('2');
    await tui.until('slot 0', 'slot 1');
    tui.press('Down');
    const frame = await tui.until('address of slot 1');
    const [, rows = ''] = /address of slot 1\n(.*?)\n\n/s.exec(frame) ?? [];
    tui.press('Escape');
    await tui.until(...MENU);
    await connectTo(tui, rows.replaceAll('\n', ''));
    await tui.until('encrypted');
    tui.type('to myself');
    tui.press('Enter');
    await tui.until('you: to myself');
    tui.press('Tab');
    await tui.until(/[0-9a-f]{8}: to myself/);
    await leave(tui);
  });

  test('the QR code is shown where it fits; elsewhere the size that it needs', async () => {
    const tui = await started({ columns: 120, rows: 50 });
    tui.type('1');
    await tui.until('QR code');
    tui.type('q');
    await tui.until('▀', '█', 'any key goes back');
    tui.press('Escape');
    await tui.until('Waiting for pipes');
    tui.resize(80, 24);
    await tui.until('Waiting for pipes');
    tui.type('q');
    await tui.until(/(The QR code needs a terminal of \d+×\d+|█)/);
    tui.press('Escape');
    await tui.until('Waiting for pipes');
    await leave(tui);
  });

  test('a resize, down to too small and up again, leaves no rubbish', async () => {
    const tui = await started({ columns: 120, rows: 40 });
    tui.type('1');
    await tui.until('Waiting for pipes');
    const before = frameWithoutLoad(tui);
    tui.resize(50, 12);
    await tui.until('terminal too small: needs 60x15');
    expect(tui.frame().trim().split('\n')).toHaveLength(1);
    tui.resize(80, 24);
    await tui.until('Waiting for pipes');
    tui.resize(120, 40);
    await expect.poll(() => frameWithoutLoad(tui)).toBe(before);
    await leave(tui);
  });

  test.each<readonly [string, (tui: OpenTerminal) => void]>([
    ['Ctrl+C', (tui) => tui.press('C-c')],
    ['4', (tui) => tui.type('4')],
    ['SIGTERM', (tui) => tui.signal('SIGTERM')],
    ['SIGHUP', (tui) => tui.signal('SIGHUP')],
    ['SIGINT', (tui) => tui.signal('SIGINT')],
  ])('%s restores the terminal and ends with exit code 0', async (_, end) => {
    const tui = await started();
    expect(tui.isAlternate()).toBe(true);
    expect(tui.frame()).not.toContain(EARLIER);
    end(tui);
    expect(await tui.exit()).toBe(0);
    expect(tui.isAlternate()).toBe(false);
    const lines = tui.frame().trimEnd().split('\n');
    expect(lines[0]).toBe(EARLIER);
    expect(lines.at(-1)).toBe('exit code 0');
    expect(tui.frame()).toContain('no pipe was opened');
    expect(tui.frame()).toMatch(/this node: [0-9a-f]{32}, port \d+/);
  });

  test('Ctrl+C before the node is ready leaves too', async () => {
    const tui = server.open();
    await tui.until(...MENU);
    tui.press('C-c');
    expect(await tui.exit()).toBe(0);
    expect(tui.isAlternate()).toBe(false);
  });

  test('NO_COLOR: no colour goes out; without it there is some', async () => {
    const [plain, coloured] = await Promise.all([started({ env: { NO_COLOR: '1' } }), started()]);
    expect(coloured.coloured()).toMatch(COLOUR);
    expect(plain.coloured()).not.toMatch(COLOUR);
    plain.type('0');
    await plain.until('families');
    expect(plain.coloured()).not.toMatch(COLOUR);
    expect(plain.coloured(), 'the cursor is no colour').toContain('\u001b[7m');
    await Promise.all([leave(plain), leave(coloured)]);
  });

  test('a locale without UTF-8 gets ASCII marks on every screen', async () => {
    const tui = await started({ env: { LANG: 'C' } });
    await tui.until('+ interfaces', '> (0)');
    for (const key of ['0', '1', 'i', 'n', 'l']) {
      expect(tui.frame()).toMatch(/^[\n -~]*$/);
      tui.type(key);
      await tui.untilGone('(4) Exit');
      expect(tui.frame()).toMatch(/^[\n -~]*$/);
      tui.press('Escape');
      await tui.until('(4) Exit');
    }
    await leave(tui);
  });

  test('a damaged address gets one clear line, and the form keeps it', async () => {
    const tui = await started();
    const address = await addressOf(tui);
    const damaged = `${address.slice(0, 40)}${address[40] === 'a' ? 'b' : 'a'}${address.slice(41)}`;
    await connectTo(tui, damaged);
    const frame = await tui.until('✖', 'damaged', 'try:');
    expect(frame).toContain(damaged.slice(-20));
    tui.press('C-u');
    tui.type('http://example.com');
    tui.press('Enter');
    await tui.until('p2pd1', 'http://example.com', '✖');
    await leave(tui);
  });

  test("the node's own address is refused with what to do instead", async () => {
    const tui = await started();
    await connectTo(tui, await addressOf(tui));
    await tui.until('own address', 'start a second node');
    await leave(tui);
  });

  test('a state directory that is a file: says so, and the program can still be looked at', async () => {
    const file = server.path('a-file');
    writeFileSync(file, 'precious');
    const tui = server.open({ state: file });
    await tui.until(...MENU, '✖', 'a-file', 'try:', '--state');
    tui.type('i');
    await tui.until('gateway');
    tui.press('Escape');
    await tui.until(...MENU);
    await leave(tui);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test('a damaged key: says so, and keeps the file as it is', async () => {
    const first = await started();
    await leave(first);
    const key = join(first.state, 'slot-0.key');
    expect(existsSync(key)).toBe(true);
    writeFileSync(key, 'damaged');
    const tui = server.open({ state: first.state });
    await tui.until('✖', 'slot-0.key', 'move the file away');
    await leave(tui);
    expect(readFileSync(key, 'utf8')).toBe('damaged');
  });
});

/** The machine's load changes by itself. */
function frameWithoutLoad(tui: OpenTerminal): string {
  return tui
    .frame()
    .replace(/cpu +\d+% mem +\d+% load +[\d.]+/, '')
    .trimEnd();
}
