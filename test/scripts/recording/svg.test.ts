import { expect, test } from 'vitest';
import { PLAIN, parseScreen } from '../../../scripts/recording/ansi.ts';
import { type Frame, recordingSvg } from '../../../scripts/recording/svg.ts';

const ESC = '\u001b';
const options = { columns: 10, rows: 2, length: 4_000, label: 'two <people>' };
const frame = (at: number, screen: string, cursor: Frame['cursor'] = null): Frame => ({ at, screen, cursor });
const svgOf = (...frames: Frame[]) => recordingSvg([{ title: 'A & B', frames }], options);
/** The class of the group that shows a text. */
const classOf = (svg: string, text: string) =>
  new RegExp(`<g class="([^"]*)"><text[^>]*><tspan[^>]*>${text}<`).exec(svg)?.[1];
const ruleOf = (svg: string, name: string) => new RegExp(`@keyframes ${name}\\{(.*?\\})\\}`).exec(svg)?.[1];

test('screen: letters of one look are one piece, with the column that it begins at', () => {
  const [row = []] = parseScreen(`a${ESC}[1;32mbc${ESC}[0m d`);
  expect(row).toEqual([
    { text: 'a', column: 0, width: 1, look: PLAIN },
    { text: 'bc', column: 1, width: 2, look: { ...PLAIN, bold: true, colour: 2 } },
    { text: ' d', column: 3, width: 2, look: PLAIN },
  ]);
});

test('screen: marks stand apart from letters, and those of a kind together', () => {
  const [row = []] = parseScreen('──✔ ok');
  expect(row.map(({ text, column }) => [text, column])).toEqual([
    ['──', 0],
    ['✔', 2],
    [' ok', 3],
  ]);
});

test('screen: what is two columns wide moves the rest by two', () => {
  const [row = []] = parseScreen('日x');
  expect(row.map(({ column, width }) => [column, width])).toEqual([
    [0, 2],
    [2, 1],
  ]);
});

test('screen: a look goes on in the next row, until it is taken back', () => {
  const [, second = [], third = []] = parseScreen(`${ESC}[2ma\nb${ESC}[22m\nc`);
  expect(second[0]?.look.dim).toBe(true);
  expect(third[0]?.look.dim).toBe(false);
});

test('screen: bright colours, grounds and the first sixteen of 256 are the terminal’s own', () => {
  const [row = []] = parseScreen(`${ESC}[91mr${ESC}[39;44mb${ESC}[49;38;5;3my${ESC}[38;2;1;2;3mt`);
  expect(row.map(({ look }) => [look.colour, look.behind])).toEqual([
    [9, null],
    [null, 4],
    [3, null],
    [null, null],
  ]);
});

test('screen: spaces at the end are left out unless something is seen of them', () => {
  expect(parseScreen('a  ')[0]?.map(({ text }) => text)).toEqual(['a  ']);
  expect(parseScreen(`   ${ESC}[1m  `)[0]).toEqual([]);
  expect(parseScreen(`${ESC}[7m  `)[0]?.map(({ text }) => text)).toEqual(['  ']);
});

test('svg: a row that never changes is always shown', () => {
  const svg = svgOf(frame(0, 'same\nfirst'), frame(1_000, 'same\nthen'));
  expect(classOf(svg, 'same')).toBe('');
});

test('svg: a row is shown while it says so, and again when it comes back', () => {
  const svg = svgOf(frame(0, 'one'), frame(1_000, 'two'), frame(2_000, 'one'), frame(3_000, 'end'));
  const [, name = ''] = /play (p\d+)/.exec(classOf(svg, 'one') ?? '') ?? [];
  expect(ruleOf(svg, name)).toBe(
    '0%{visibility:visible}25%{visibility:hidden}50%{visibility:visible}75%{visibility:hidden}',
  );
  const [, other = ''] = /play (p\d+)/.exec(classOf(svg, 'two') ?? '') ?? [];
  expect(ruleOf(svg, other)).toBe('0%{visibility:hidden}25%{visibility:visible}50%{visibility:hidden}');
});

test('svg: without motion the last screen is seen, and nothing else', () => {
  const svg = svgOf(frame(0, 'one'), frame(1_000, 'end'));
  expect(classOf(svg, 'end')).toMatch(/ last$/);
  expect(classOf(svg, 'one')).not.toContain('last');
  expect(svg).toContain('prefers-reduced-motion:reduce){.play.play{animation:none}}');
  expect(svg).toMatch(/\.play\{visibility:hidden;[^}]*\}\.last\{visibility:visible\}/);
});

test('svg: text is escaped, its columns kept whatever the font', () => {
  const svg = svgOf(frame(0, ' <a> & "b"'));
  expect(svg).toContain('<tspan x="7.2" textLength="64.8">&lt;a&gt; &amp; &quot;b&quot;</tspan>');
  expect(svg).toContain('aria-label="two &lt;people&gt;"');
  expect(svg).toContain('>A &amp; B</text>');
});

test('svg: it has both palettes, and neither script nor anything from elsewhere', () => {
  const svg = svgOf(frame(0, `${ESC}[36mx`));
  expect(svg).toContain('@media (prefers-color-scheme:dark)');
  expect(svg).toContain('class="c6"');
  expect(svg).not.toMatch(/<script|href|url\(|@import|on\w+=/);
});

test('svg: inverse text stands on the colour that it had', () => {
  expect(svgOf(frame(0, `${ESC}[7;31mx`))).toContain(
    '<rect class="c1" x="0" y="0" width="7.2" height="16"/>',
  );
  expect(svgOf(frame(0, `${ESC}[7mx`))).toContain('<rect class="ink"');
});

test('svg: the cursor is drawn where it is, and not where it is hidden', () => {
  const svg = svgOf(frame(0, 'x', { column: 2, row: 1 }), frame(2_000, 'x'));
  expect(svg).toContain('<rect class="cursor" x="14.4" y="16"');
  expect(svgOf(frame(0, 'x'))).not.toContain('class="cursor"');
});

test('svg: a frame after the end is refused', () => {
  expect(() => svgOf(frame(0, 'x'), frame(5_000, 'y'))).toThrow('later than the end');
});

test('svg: every colour can be read on what is behind it, by day and by night', () => {
  const [, day = '', night = ''] =
    /<style>([\s\S]*?)@media \(prefers-color-scheme:dark\)\{(.*)\}\n/.exec(svgOf(frame(0, 'x'))) ?? [];
  for (const sheet of [day, night]) {
    const [, page = ''] = /\.page,\.out\{fill:(#\w+)\}/.exec(sheet) ?? [];
    const colours = [...sheet.matchAll(/\.c\d+\{fill:(#\w+)\}/g)].map(([, colour = '']) => colour);
    expect(colours).toHaveLength(16);
    expect(colours.filter((colour) => contrast(colour, page) < 4.5)).toEqual([]);
  }
});

/** WCAG 2.2, contrast ratio. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
