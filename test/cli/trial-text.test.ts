import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { wrapped } from '../../src/cli/tables.ts';
import { textOf } from '../../src/cli/trial-text.ts';
import { easyTrial, hostileTrial, sampleTrial } from '../helpers/sample-trial.ts';

test.each([
  ['sample', sampleTrial()],
  ['easy', easyTrial()],
  ['hostile', hostileTrial()],
  ['empty', { ...sampleTrial(), cells: [] }],
])('trial text: the %s trial fits 80 columns, and nothing in it moves the cursor', (_, document) => {
  const text = textOf(document);
  for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThan(80);
  expect(text).not.toMatch(/[^\P{C}\n]/u);
});

test('trial text: verdict, sides, figures, advice, reasons and lanes', () => {
  const text = textOf(sampleTrial());
  expect(text).toContain(
    'A 6f1c2a9be04d7735c1a8f2d94be36c01, p2pd-demo 0.1.0, linux x64\n  IPv4 symmetric, random ports',
  );
  expect(text).toContain('  TCP punch  B > A  no !      1 of 1  21-100 %  2.60 s  2.60 s   40 ms  87 / 39');
  expect(text).toContain('  26 tries of 10 ways in 148 s: 18 opened');
  expect(text).toContain('  1. Port mapping on side B');
  expect(text).toMatch(
    / {2}as expected: kept out by the NAT[^\n]*\n(.*\n)? {4}direct, Internet, IPv4, A > B \(1 of 1\)/,
  );
  expect(text).toMatch(/ {2}A \|[. xvO]{64}\|\n {4}8 sent\n {2}B \|/);
});

test('wrapped: breaks at spaces, cuts what is longer than a line, wide letters count twice', () => {
  expect(wrapped('one two three', 9, ' ')).toEqual([' one two', ' three']);
  expect(wrapped('abcdefgh ij', 4)).toEqual(['abcd', 'efgh', 'ij']);
  expect(wrapped('以太网 x', 5)).toEqual(['以太', '网 x']);
  expect(wrapped('', 5)).toEqual(['']);
});
