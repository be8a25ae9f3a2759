/** NAT reports as text for a terminal and as Markdown to paste into an issue report. Pure. */
import stringWidth from 'string-width';
import { makeVisible } from '../app/visible.ts';
import { deltaName, type NatReport, natName, type TcpReport, type TransportReport } from '../net/index.ts';

type Row = readonly [string, string, string];
/** Columns that a sentence may take. */
const WIDTH = 78;

export function natText(reports: readonly NatReport[]): string {
  if (reports.length === 0) return 'no interface has an address';
  return reports.map(blockOf).join('\n\n');
}

function blockOf(report: NatReport): string {
  const rows: readonly Row[] = [['', 'UDP', 'TCP'], ...rowsOf(report)];
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => stringWidth(row[i] ?? ''))));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - stringWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
  return [titleOf(report), ...lines.map((line) => `  ${line}`), ...notesOf(report).flatMap(wrapped)].join(
    '\n',
  );
}

export function natMarkdown(reports: readonly NatReport[]): string {
  if (reports.length === 0) return 'No interface has an address.';
  return reports.map(sectionOf).join('\n\n');
}

function sectionOf(report: NatReport): string {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const tests = (['udp', 'tcp'] as const).flatMap((transport) =>
    report[transport].evidence.map(({ test, server, local, mapped, rtt }) =>
      row([transport, test, server, local, mapped ?? 'nothing', rtt === null ? '' : `${rtt} ms`]),
    ),
  );
  return [
    `### ${titleOf(report)}`,
    '',
    row(['', 'UDP', 'TCP']),
    row(['---', '---', '---']),
    ...rowsOf(report).map(row),
    '',
    ...notesOf(report).map((note) => `- ${note}`),
    '',
    `<details><summary>Evidence: ${tests.length} tests</summary>`,
    '',
    row(['over', 'test', 'server', 'local', 'seen as', 'round trip']),
    row(['---', '---', '---', '---', '---', '---']),
    ...tests,
    '',
    '</details>',
  ].join('\n');
}

function titleOf({ interface: name, family, elapsed }: NatReport): string {
  return `${makeVisible(name)} IPv${family} (${elapsed} ms)`;
}

function rowsOf({ udp, tcp }: NatReport): Row[] {
  const both = (name: string, tell: (report: TransportReport) => string): Row => [name, tell(udp), tell(tcp)];
  return [
    both('type', ({ type }) => (type === null ? 'unknown' : `${type} ${natName(type)}`)),
    both('mapping', ({ mapping }) => mapping ?? 'unknown'),
    both('filtering', ({ filtering }) => filtering ?? 'unknown'),
    both('delta', deltaText),
    both('ports seen', rangeText),
    both('outer address', ({ external }) => external.join(' ') || 'unknown'),
    both('hairpinning', ({ hairpin }) => (hairpin === null ? 'unknown' : hairpin ? 'yes' : 'no')),
    ['unsolicited SYN', '', (tcp satisfies TcpReport).unsolicited],
  ];
}

function deltaText({ delta: { type, value } }: TransportReport): string {
  if (type !== 4 && type !== 5) return deltaName(type);
  return `${deltaName(type)}, ${value > 0 ? '+' : ''}${value}`;
}

function rangeText({ range, confidence }: TransportReport): string {
  if (range === null) return '-';
  return `${range[0]} to ${range[1]} (${Math.round(confidence.range * 100)} % of all)`;
}

/** What could not be found out, and why. */
function notesOf({ udp, tcp }: NatReport): string[] {
  const said = (name: string, { unknown }: TransportReport) =>
    unknown.map((text) => `${name}: ${makeVisible(text)}`);
  return [...said('UDP', udp), ...said('TCP', tcp)];
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '  !';
  for (const word of text.split(' ')) {
    if (stringWidth(`${line} ${word}`) > WIDTH) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
