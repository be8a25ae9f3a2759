/** A trial as text for a terminal of 80 columns. Pure. */
import { METHOD_NAMES } from '../app/config.ts';
import type { SideName, TrialDocument } from '../app/trial/document.ts';
import {
  caveatsOf,
  closedTexts,
  durationText,
  failuresOf,
  intervalText,
  natLines,
  offersOf,
  openedText,
  type Place,
  placesOf,
  predictionText,
  programOf,
  throughputText,
  totalsText,
  whereText,
} from '../app/trial/facts.ts';
import { cellName, dateOf, directionOf, duration, SIDES, sideLabel } from '../app/trial/labels.ts';
import { type DrawnRun, laneView, runsWorthDrawing } from '../app/trial/lanes.ts';
import { verdictOf } from '../app/trial/verdict.ts';
import { makeVisible } from '../app/visible.ts';
import { table, wrapped } from './tables.ts';

/** One less than there are: some terminals break a full line. */
const WIDTH = 79;
const INDENT = '  ';
const HEAD = ['method', 'asks', 'expected', 'opened', '95 %', 'time', 'slowest', 'rtt', 'Mbit/s'] as const;
/** Timelines drawn; `--report` draws more. */
const MAX_TIMELINES = 4;
const LANE = 64;
const MARKS = { sent: '.', refused: 'x', received: 'v', open: 'O' } as const;

export function textOf(document: TrialDocument): string {
  const { startedAt, advice } = document;
  return [
    [`Two-machine trial of ${dateOf(startedAt)}`, '', ...said(verdictOf(document).sentence)],
    [...SIDES.flatMap((side) => sideLines(document, side))],
    ...placesOf(document).map(placeLines),
    ...closedTexts(document).map(said),
    [...said(totalsText(document)), ...LEGEND],
    ...section('What would help', numbered(advice)),
    ...section('Why tries failed', failureLines(document)),
    ...timelines(document),
    caveatsOf(document).flatMap(said),
  ]
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const LEGEND = [
  `${INDENT}! = not as expected. 95 %: where the true rate lies. time: median to an open`,
  `${INDENT}pipe. Mbit/s: from who asks / to who asks.`,
];

const said = (text: string) => wrapped(makeVisible(text), WIDTH, INDENT);

function section(title: string, lines: readonly string[]): string[][] {
  return lines.length === 0 ? [] : [[title, ...lines]];
}

function numbered(sentences: readonly string[]): string[] {
  return sentences.flatMap((sentence, i) => item(`${String(i + 1).padStart(3)}.`, sentence));
}

/** A mark, then a sentence beside it. */
function item(mark: string, sentence: string): string[] {
  const indent = ' '.repeat(mark.length + 1);
  const [first = '', ...rest] = wrapped(makeVisible(sentence), WIDTH, indent);
  return [`${mark} ${first.slice(indent.length)}`, ...rest];
}

function sideLines(document: TrialDocument, side: SideName): string[] {
  const facts = document.sides[side];
  const offers = offersOf(facts);
  const nats = natLines(facts).map(({ family, title }) => `IPv${family} ${title}`);
  return [
    ...item(sideLabel(side), `${facts.nodeId}, ${programOf(facts)}`),
    ...said(nats.length === 0 ? 'nothing is known of its NAT' : nats.join('; ')),
    ...(offers === null ? [] : said(`port mapping: ${offers || 'none'}`)),
  ];
}

function placeLines({ name, cells }: Place): string[] {
  const rows = cells.map(({ cell, stats }) => [
    METHOD_NAMES[cell.method],
    directionOf(cell.initiator, '>'),
    predictionText(cell, '!'),
    openedText(stats),
    intervalText(stats, '-'),
    durationText(stats.time?.median ?? null),
    durationText(stats.time?.max ?? null),
    durationText(stats.rtt),
    throughputText(stats),
  ]);
  return [
    name,
    ...table([HEAD, ...rows])
      .split('\n')
      .map((line) => `${INDENT}${line}`),
  ];
}

function failureLines(document: TrialDocument): string[] {
  return failuresOf(document).flatMap((failure) => {
    const { reason, explanation } = failure;
    const help = explanation?.help == null ? [] : deeper(`What would help: ${explanation.help}.`);
    return [...said(reason), ...deeper(whereText(failure, '>')), ...help];
  });
}

const deeper = (text: string) => wrapped(makeVisible(text), WIDTH, INDENT.repeat(2));

function timelines({ cells }: TrialDocument): string[][] {
  const drawn = runsWorthDrawing(cells, MAX_TIMELINES);
  if (drawn.length === 0) return [];
  const legend = `${INDENT}${MARKS.sent} sent, ${MARKS.refused} refused, ${MARKS.received} received, ${MARKS.open} open; on A's clock`;
  return [['How they met', legend, ...drawn.flatMap(laneLines)]];
}

function laneLines({ cell, run, number }: DrawnRun): string[] {
  const { rows, span } = laneView(cell, run, LANE);
  const how = run.outcome === 'open' ? `open after ${duration(run.elapsed)}` : 'failed';
  return [
    '',
    `${INDENT}${cellName(cell, '>')}, try ${number}: ${how}; ${duration(span)} are shown`,
    ...rows.flatMap(({ cells, summary }, i) => [
      `${INDENT}${i === 0 ? 'A' : 'B'} |${cells.map((kind) => (kind === null ? ' ' : MARKS[kind])).join('')}|`,
      `${INDENT}  ${summary}`,
    ]),
  ];
}
