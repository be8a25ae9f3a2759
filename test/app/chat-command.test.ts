/** What is typed in a chat: words or commands. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ChatLine, commandsMarkdown, parseChatLine } from '../../src/app/chat-command.ts';

test.each<readonly [string, ChatLine]>([
  ['hello /send x', { kind: 'say', text: 'hello /send x' }],
  ['//send x', { kind: 'say', text: '/send x' }],
  ['/send a b.txt ', { kind: 'send', path: 'a b.txt' }],
  ["/send '/tmp/my film.mkv'", { kind: 'send', path: '/tmp/my film.mkv' }],
  ['/send "~/it\'s"', { kind: 'send', path: "~/it's" }],
  ['/send /tmp/my\\ film\\ \\(1\\).mkv', { kind: 'send', path: '/tmp/my film (1).mkv' }],
  ['/send C:\\films\\one.mkv', { kind: 'send', path: 'C:\\films\\one.mkv' }],
  ['/save', { kind: 'save', directory: null }],
  ['/save ~/in', { kind: 'save', directory: '~/in' }],
  ['/save off', { kind: 'save-off' }],
  ['/cancel', { kind: 'cancel' }],
  ['/help', { kind: 'help' }],
  ['/send', { kind: 'wrong', why: 'which file? /send PATH' }],
  ['/sned x', { kind: 'wrong', why: '/sned is no command (/help lists them); to say it: //sned x' }],
  ['/', { kind: 'wrong', why: '/ is no command (/help lists them); to say it: //' }],
])('chat line: %s', (line, meaning) => {
  expect(parseChatLine(line)).toEqual(meaning);
});

test('chat line: whatever is typed means something, and nothing that begins with one slash is said', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (rest) => {
      expect(parseChatLine(`//${rest}`)).toEqual({ kind: 'say', text: `/${rest}` });
      if (!rest.startsWith('/')) expect(parseChatLine(`/${rest}`).kind).not.toBe('say');
    }),
  );
});

test("chat commands: the README's table is theirs", () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  expect(readme).toContain(`checked by a test -->\n${commandsMarkdown()}\n<!-- /commands -->`);
});
