/** NAT reports as text for a terminal and as Markdown to paste into an issue report. Pure. */
import { natNotes, natRows, natTitle } from '../app/nat-view.ts';
import type { NatReport } from '../net/index.ts';
import { table } from './tables.ts';

/** Columns that a sentence may take. */
const WIDTH = 78;

export function natText(reports: readonly NatReport[]): string {
  if (reports.length === 0) return 'no interface has an address';
  return reports.map(blockOf).join('\n\n');
}

function blockOf(report: NatReport): string {
  const rows = [['', 'UDP', 'TCP'], ...natRows(report)];
  const lines = table(rows).split('\n');
  return [natTitle(report), ...lines.map((line) => `  ${line}`), ...natNotes(report).flatMap(wrapped)].join(
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
    `### ${natTitle(report)}`,
    '',
    row(['', 'UDP', 'TCP']),
    row(['---', '---', '---']),
    ...natRows(report).map(row),
    '',
    ...natNotes(report).map((note) => `- ${note}`),
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

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '  !';
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
