import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareTrials } from '../../../src/app/trial/compare.ts';
import { comparisonMarkdown, comparisonText } from '../../../src/app/trial/compare-text.ts';
import { escapeMarkdown, markdownOf } from '../../../src/app/trial/markdown.ts';
import { HOSTILE, hostileTrial, sampleTrial } from '../../helpers/sample-trial.ts';

test('markdown: what people write is shown as they wrote it', () => {
  expect(escapeMarkdown('no answer: 3.5 ms, (--methods u)')).toBe('no answer: 3.5 ms, (--methods u)');
});

test('markdown: links, images, HTML, emphasis, code, tables, mentions and references are only text', () => {
  expect(escapeMarkdown('![x](y) [a](b) **c** _d_ `e` ~f~ $g$ \\h')).toBe(
    '!\\[x\\](y) \\[a\\](b) \\*\\*c\\*\\* \\_d\\_ \\`e\\` \\~f\\~ \\$g\\$ \\\\h',
  );
  expect(escapeMarkdown('<b> &lt; a | b')).toBe('&lt;b&gt; &amp;lt; a &#124; b');
  expect(escapeMarkdown('@who #1 GH-2 https://x www.y')).toBe(
    '@<!-- -->who #<!-- -->1 GH-<!-- -->2 https:/<!-- -->/x www<!-- -->.y',
  );
  expect(escapeMarkdown('# no heading')).toBe('#<!-- --> no heading');
  expect([escapeMarkdown('- x'), escapeMarkdown('12. x'), escapeMarkdown('+ x')]).toEqual([
    '\\- x',
    '12\\. x',
    '\\+ x',
  ]);
  expect(escapeMarkdown('a\r\nb\u202ec\u001b')).toBe('a\\\\r\\\\nb\\\\u{202e}c\\\\x1b');
});

/** What is left when escapes, entities and our own comments are taken away. */
const bare = (text: string) =>
  text
    .replaceAll('<!-- -->', '')
    .replace(/\\[\\`*_[\]~$\-+=.)]/g, '')
    .replace(/&(amp|lt|gt|#124);/g, '');

test('markdown: of no text anything is left that Markdown or GitHub obeys', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...HOSTILE)), (text) => {
      const escaped = escapeMarkdown(text);
      expect(bare(escaped)).not.toMatch(/[`*_[\]<>~$|\\\n\r]/);
      expect(escaped).not.toMatch(/[@#](?!<!-- -->|124;)|\/\/|www\./i);
    }),
  );
});

test('markdown: the report of a hostile side has no HTML but ours, and whole tables', () => {
  const text = markdownOf(hostileTrial());
  expect(text.match(/<(?!!-- -->)[^>]*>/g)?.filter((tag) => !/^<\/?(details|summary)>$/.test(tag))).toEqual(
    [],
  );
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  expect(rows).toHaveLength(12);
  for (const line of rows) expect(line.match(/(?<!\\)\|/g)).toHaveLength(10);
});

test('markdown: tells verdict, figures, advice, reasons, and folds the timelines', () => {
  const text = markdownOf(sampleTrial());
  expect(text).toMatch(/^## Two-machine trial of 2026-11-29 18:04 UTC\n\n\*\*These two machines sometimes/);
  expect(text).toContain('| TCP punch | B → A | no ⚠ surprise | 1 of 1 | 21–100 % | 2.60 s |');
  expect(text).toContain('1. Port mapping on side B would make direct connects to it work');
  expect(text).toContain('What would help: try it over UDP (--methods u)');
  expect(text).toContain(
    '<details><summary>UDP punch, Internet, IPv4, A → B, try 3: failed</summary>\n\n```text\nA |',
  );
  expect(text).toContain("B's clock is 3.2 ms ahead of A's, ± 1.1 ms.");
});

test('comparison: as text and as Markdown, foreign words escaped', () => {
  const before = sampleTrial();
  const after = {
    ...before,
    startedAt: before.startedAt + 86_400_000,
    sides: { ...before.sides, b: { ...before.sides.b, version: '0.2.0 [x](y)\u001b' } },
    cells: before.cells
      .slice(1)
      .map((cell) => (cell.method === 'relay' ? { ...cell, runs: cell.runs.map(slow) } : cell)),
  };
  const changes = compareTrials(before, after);
  expect(comparisonText(changes).split('\n')).toEqual([
    'What changed from 2026-11-29 18:04 UTC to 2026-11-30 18:04 UTC',
    '',
    '  relay, Internet, IPv4, A > B takes longer: 244 ms, now 2.44 s.',
    '  relay, Internet, IPv4, B > A takes longer: 242 ms, now 2.42 s.',
    '  Side B, version: 0.1.0, now 0.2.0 [x](y)\\x1b.',
    '  direct, Internet, IPv4, A > B: was tried only the first time.',
    '  7 ways as before.',
  ]);
  expect(comparisonMarkdown(changes)).toContain('- Side B, version: 0.1.0, now 0.2.0 \\[x\\](y)\\\\x1b.');
  expect(comparisonText(compareTrials(before, before))).toContain('Nothing changed beyond what chance does.');
});

const slow = <T extends { readonly elapsed: number }>(run: T): T => ({ ...run, elapsed: run.elapsed * 10 });
