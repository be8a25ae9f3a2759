/** The built program in a real terminal, where services do not answer. Asks nobody outside of this machine. */
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { describeNeeding } from '../helpers/needs.ts';
import { type OpenTerminal, openServer } from './terminal.ts';

describeNeeding({ commands: ['tmux'] }, 'TUI without services', () => {
  const server = openServer();
  afterAll(() => server.close());

  async function leave(tui: OpenTerminal): Promise<void> {
    tui.press('C-c');
    expect(await tui.exit()).toBe(0);
  }

  test('where no service answers: says so and offers to serve, and the node is ready all the same', async () => {
    const dead = server.path('dead-servers.json');
    const stun = [{ host: '127.0.0.1', port: 9, tcp: true }];
    writeFileSync(dead, JSON.stringify({ stun, mqtt: ['mqtt://127.0.0.1:9'], ntp: ['127.0.0.1:9'] }));
    const tui = server.open({ args: ['--servers', dead] });
    await tui.until(
      'offline: no public service answers',
      's serves here',
      '✔ listen',
      '✖ stun',
      '✖ mqtt',
      '✖ ntp',
    );
    tui.type('i');
    await tui.until('clock  not compared with any server');
    await leave(tui);
  });

  test('a servers file that is missing: says so, and what to try', async () => {
    const tui = server.open({ args: ['--servers', server.path('missing.json')] });
    await tui.until('(4) Exit', '✖ servers', /there is no such\s+file/, 'try:');
    await leave(tui);
  });
});
