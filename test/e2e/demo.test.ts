/** The demo as it is built: in a real terminal, and told to scripts. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { openServer } from './terminal.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/p2pd-demo.js');

function demo(...args: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [PROGRAM, 'demo', ...args], {
    encoding: 'utf8',
    input: '',
  });
  return { stdout, stderr, status };
}

describe('demo without a terminal', () => {
  test('tells as connect does: data on stdout, narration on stderr, exit code 0', () => {
    const { stdout, stderr, status } = demo('--speed', '20');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Hello Alice! .*\n$/);
    expect(stderr).toContain(
      'simulated: alice behind restrict port, equal, bob behind symmetric, independent',
    );
    expect(stderr).toMatch(/^open after \d+ ms: (TCP|UDP) punch · external/m);
  });

  test('with --json: one event a line, and nothing of the narration', () => {
    const { stdout, stderr, status } = demo('--speed', '20', '--json');
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { schemaVersion: number; event: string });
    expect(new Set(events.map(({ schemaVersion }) => schemaVersion))).toEqual(new Set([1]));
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['step', 'ready', 'attempt', 'open', 'message', 'closed']),
    );
  });

  test('where nothing connects the exit code is that of connect, and why is told once', () => {
    const random = ['--nat-a', 'symmetric,random', '--nat-b', 'symmetric,random', '--no-turn'];
    const { stderr, status } = demo('--speed', '50', ...random);
    expect(status).toBe(10);
    expect(stderr.match(/^p2pd-demo: no path/gm)).toHaveLength(1);
  });

  test.each([
    [['--port', '3'], '--port has no meaning in the demo'],
    [['--via', 'x', '--no-upnp'], '--via and --no-upnp have no meaning in the demo'],
    [['--nat-a', 'conical'], '"conical" names no NAT'],
    [['--speed', '0'], 'Give a factor'],
    [['--rtt', 'x'], 'Give milliseconds'],
  ])('%s is refused in one line', (args, why) => {
    const { stdout, stderr, status } = demo(...args);
    expect([stdout, status]).toEqual(['', 2]);
    expect(stderr).toContain(why);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describeNeeding({ commands: ['tmux'] }, 'demo in a terminal', () => {
  const server = openServer();
  afterAll(() => server.close());

  test('a punch is seen, then told, then there is a chat in which the other side echoes', async () => {
    const tui = server.open({ args: ['demo'] });
    await tui.until('● alice', 'restrict port, equal', 'symmetric, independent', 'bob ○');
    await tui.until('p2pd-demo timeline', /(TCP|UDP) punch/, 'each router took the other');
    await tui.until('p2pd-demo chat', 'you: Hello Bob', 'Hello Alice!', 'the other side echoes');
    tui.type('are you there');
    tui.press('Enter');
    await tui.until('you: are you there', /[0-9a-f]{8}: are you there/);
    tui.press('Tab');
    await tui.until('bob ●', 'you: Hello Alice!', 'you: are you there');
    tui.press('C-c');
    expect(await tui.exit()).toBe(0);
  });

  test('the NAT report and the matrix tell of the simulated NAT', async () => {
    const tui = server.open({ args: ['demo', '--nat-a', 'full cone,preserving', '--speed', '1'] });
    await tui.until('p2pd-demo chat');
    tui.press('Escape');
    await tui.until('(0) Connect to a node');
    tui.type('r');
    await tui.until('3 full cone', 'preserving', '203.0.113.6');
    tui.type('m');
    await tui.until('Your NAT: full cone, preserving');
    tui.press('C-c');
    expect(await tui.exit()).toBe(0);
  });

  test('at a fiftieth of the time a packet is seen on its way', async () => {
    const tui = server.open({ args: ['demo', '--speed', '0.02'], columns: 120, rows: 40 });
    await tui.until('time × 0.02');
    await tui.until(/┃ +[▶●] +┃ symmetric/);
    await tui.until(/(dropped|let in) by (alice|bob)'s NAT/);
    tui.press('C-c');
    expect(await tui.exit()).toBe(0);
  });
});
