import { describe, expect, test } from 'vitest';
import {
  footerHints,
  helpSections,
  type Intent,
  intentOf,
  KEYMAP,
  type KeyContext,
  keymapMarkdown,
} from '../../src/ui/keymap.ts';
import type { Key } from '../../src/ui/keys.ts';

const CONTEXTS = Object.keys(KEYMAP) as KeyContext[];
const PLACES = CONTEXTS.filter((context) => context !== 'global');

function key(name: string): Key {
  return [...name].length === 1 ? { name: 'text', text: name } : { name, text: '' };
}

describe('keymap', () => {
  test.each<readonly [KeyContext, string, Intent | null]>([
    ['home', '0', 'go-connect'],
    ['home', '1', 'go-accept'],
    ['home', '2', 'start-node'],
    ['home', '3', 'go-nickname'],
    ['home', '4', 'leave'],
    ['home', 'i', 'go-interfaces'],
    ['home', 'l', 'go-log'],
    ['home', 'enter', 'confirm'],
    ['accept', 'q', 'show-qr'],
    ['connect', 'q', null],
    ['connect', '?', null],
    ['connect', 'f1', 'help'],
    ['chat', '?', null],
    ['chat', 'f1', 'help'],
    ['chat', 'tab', 'next-pipe'],
    ['chat', 'ctrl-n', 'next-pipe'],
    ['chat', 'ctrl-p', 'previous-pipe'],
    ['chat', 'ctrl-d', 'close-pipe'],
    ['chat', 'up', 'up'],
    ['chat', 'pageup', 'page-up'],
    ['chat', 'ctrl-w', 'erase-word'],
    ['log', 'pagedown', 'page-down'],
    ['log', 'x', null],
  ])('in %s %s means %s', (context, name, intent) => {
    expect(intentOf(context, key(name))).toBe(intent);
  });

  test.each(PLACES)('in %s Esc goes back, Ctrl+C leaves and F1 helps', (context) => {
    expect(intentOf(context, key('escape'))).toBe('back');
    expect(intentOf(context, key('ctrl-c'))).toBe('leave');
    expect(intentOf(context, key('f1'))).toBe('help');
  });

  test.each(CONTEXTS)('in %s no key means two things', (context) => {
    const keys = [...KEYMAP[context], ...(context === 'global' ? [] : KEYMAP.global)].flatMap((b) => b.keys);
    expect(keys).toEqual([...new Set(keys)]);
  });

  test('a pasted word is no key of the menu, even if its letters are', () => {
    expect(intentOf('home', { name: 'text', text: '4q' })).toBe(null);
  });

  test.each(PLACES)('the footer of %s names the keys that work everywhere', (context) => {
    const back = context === 'home' ? [] : ['Esc'];
    const help = ['connect', 'chat', 'trial-form'].includes(context) ? 'F1' : '?';
    expect(footerHints(context).map(({ keys }) => keys)).toEqual(
      expect.arrayContaining(['Ctrl+C', ...back, help]),
    );
  });

  test('in the demo the footer names its keys instead of those that they replace', () => {
    const hints = footerHints('chat', true).map(({ keys, does }) => `${keys} ${does}`);
    expect(hints.filter((hint) => hint.startsWith('Tab '))).toEqual(['Tab other side']);
    expect(footerHints('chat').map(({ does }) => does)).toContain('next');
  });

  test('the help and the table for the README name every binding', () => {
    const hints = helpSections().flatMap((section) => section.hints);
    for (const { shown, does } of CONTEXTS.flatMap((context) => KEYMAP[context])) {
      expect(hints).toContainEqual({ keys: shown, does });
    }
    for (const { keys, does } of hints) expect(keymapMarkdown()).toContain(`\`${keys}\` ${does}`);
  });
});
