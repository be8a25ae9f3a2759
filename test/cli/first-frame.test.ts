/** What is loaded before the menu is drawn: neither the network nor what journeys need. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');
/** Imports and re-exports of values; those of types alone vanish. */
const STATIC = /^(?:import|export)\s+(?!type\b)(?:[^;'"]*?\sfrom\s+)?'(\.[^']+)'/gm;

/** Every file of ours that is loaded with these. */
function loadedWith(entries: readonly string[]): string[] {
  const waiting = entries.map((entry) => join(SRC, entry));
  const loaded = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(STATIC))
      waiting.push(join(dirname(file), path));
  }
  return [...loaded].map((file) => relative(SRC, file));
}

test('first frame: nothing of the network is loaded before it, nor a journey', () => {
  const loaded = loadedWith(['cli/main.ts', 'cli/tui.ts', 'ui/index.ts']);
  expect(loaded).toContain('ui/screens/home.tsx');
  expect(loaded).toContain('app/config.ts');
  expect(loaded.filter((file) => /^(net|app\/journeys)/.test(file))).toEqual([]);
});

test('first frame: the same look finds what journeys load', () => {
  expect(loadedWith(['cli/open-session.ts'])).toContain('net/node.ts');
});
