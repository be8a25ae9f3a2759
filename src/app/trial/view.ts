/** A trial as the TUI shows it, while it goes on and after: rows of text. Pure; nothing is made visible here. */
import { METHOD_NAMES } from '../config.ts';
import type { SideName, TrialCell, TrialDocument } from './document.ts';
import type { TrialState } from './events.ts';
import { caveatsOf, closedTexts, failuresOf, natLines, openedText, totalsText, whereText } from './facts.ts';
import { cellName, directionOf, duration, METHOD_ORDER, placeName, SIDES, sideLabel } from './labels.ts';
import { runText } from './lines.ts';
import { cellStats } from './stats.ts';
import { verdictOf } from './verdict.ts';

export interface TrialMarks {
  readonly open: string;
  readonly failed: string;
  readonly running: string;
  /** Of a run that is still to come. */
  readonly wanted: string;
  readonly arrow: string;
}

/** Cells of one pathway and family, a row each method, a column each direction. */
export interface TrialTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type Shown = TrialState['cells'][number];

/** Marks of runs that one cell of a table shows. */
const MAX_MARKS = 8;

export function trialTables(
  { cells, running }: Pick<TrialState, 'cells' | 'running'>,
  marks: TrialMarks,
): TrialTable[] {
  const places = [...new Set(cells.map(({ path, family }) => placeName(path, family)))];
  const tables = places.map((name) => {
    const here = cells.filter(({ path, family }) => placeName(path, family) === name);
    const methods = METHOD_ORDER.filter((method) => here.some((cell) => cell.method === method));
    const shown = (method: TrialCell['method'], initiator: SideName) => {
      const cell = here.find((one) => one.method === method && one.initiator === initiator);
      return cell === undefined ? '' : cellText(cell, running.includes(cells.indexOf(cell)), marks);
    };
    return {
      head: [name, ...SIDES.map((side) => directionOf(side, marks.arrow))],
      rows: methods.map((method) => [METHOD_NAMES[method], ...SIDES.map((side) => shown(method, side))]),
    };
  });
  return aligned(tables);
}

/** Columns stand below those of the table before. */
function aligned(tables: readonly TrialTable[]): TrialTable[] {
  const rows = tables.flatMap((table) => [table.head, ...table.rows]);
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const wide = (row: readonly string[]) => row.map((text, column) => text.padEnd(widthOf(column)));
  return tables.map((table) => ({ head: wide(table.head), rows: table.rows.map(wide) }));
}

/** `yes ✔✔· 91 ms`, `no ✖ !`. */
function cellText(cell: Shown, isRunning: boolean, marks: TrialMarks): string {
  const { predicted, runs, wanted, surprise } = cell;
  const left = Math.max(0, wanted - runs.length - (isRunning ? 1 : 0));
  const all = [
    ...runs.map(({ outcome }) => (outcome === 'open' ? marks.open : marks.failed)),
    ...(isRunning ? [marks.running] : []),
    ...Array.from({ length: left }, () => marks.wanted),
  ];
  const many = openedText(cellStats(cell));
  const told = all.length > MAX_MARKS ? `${many}${isRunning ? marks.running : ''}` : all.join('');
  const time = cellStats(cell).time?.median;
  return [
    predicted.padEnd(5),
    told,
    ...(time === undefined ? [] : [duration(time)]),
    ...(surprise ? ['!'] : []),
  ].join(' ');
}

/** The newest run that is over, in a line; null where there is none. */
export function lastRun({
  cells,
}: Pick<TrialState, 'cells'>): { readonly text: string; readonly isOpen: boolean } | null {
  const all = cells.flatMap((cell) => cell.runs.map((run) => ({ cell, run })));
  const [first, ...rest] = all;
  if (first === undefined) return null;
  const { cell, run } = rest.reduce((last, one) => (one.run.at >= last.run.at ? one : last), first);
  return { text: `${cellName(cell)}: ${runText(run)}`, isOpen: run.outcome === 'open' };
}

export interface ReportLine {
  readonly kind: 'verdict' | 'title' | 'text' | 'advice';
  readonly text: string;
}

/** What is told besides the tables, before them and after. */
export function reportLines(document: TrialDocument): {
  readonly before: readonly ReportLine[];
  readonly after: readonly ReportLine[];
} {
  const text = (line: string): ReportLine => ({ kind: 'text', text: line });
  const title = (line: string): ReportLine => ({ kind: 'title', text: line });
  const sides = SIDES.map((side) => {
    const nats = natLines(document.sides[side]).map((nat) => `IPv${nat.family} ${nat.title}`);
    return text(`${sideLabel(side)}: ${nats.join('; ') || 'nothing is known of its NAT'}`);
  });
  const failures = failuresOf(document).flatMap((failure) => {
    const { reason, explanation } = failure;
    return [
      text(`${whereText(failure)}: ${reason}`),
      ...(explanation?.help == null ? [] : [text(`  what would help: ${explanation.help}`)]),
    ];
  });
  return {
    before: [{ kind: 'verdict', text: verdictOf(document).sentence }, ...sides],
    after: [
      text(totalsText(document)),
      ...closedTexts(document).map(text),
      ...(document.advice.length === 0 ? [] : [title('What would help')]),
      ...document.advice.map((line): ReportLine => ({ kind: 'advice', text: line })),
      ...(failures.length === 0 ? [] : [title('Why tries failed')]),
      ...failures,
      ...caveatsOf(document).map(text),
    ],
  };
}
