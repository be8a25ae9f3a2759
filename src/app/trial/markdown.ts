/**
 * A trial as Markdown for an issue on GitHub. Everything that the other side may have written is shown as it stands:
 * no link, image, HTML, mention or reference comes of it, and no table breaks. Pure.
 */
import { METHOD_NAMES } from '../config.ts';
import { makeVisible } from '../visible.ts';
import type { SideName, TrialDocument } from './document.ts';
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
} from './facts.ts';
import { cellName, dateOf, directionOf, duration, SIDES, sideLabel } from './labels.ts';
import { type DrawnRun, laneView, runsWorthDrawing } from './lanes.ts';
import { verdictOf } from './verdict.ts';

/** GitHub folds them; more would only be scrolled past. */
const MAX_TIMELINES = 8;
const LANE = 72;
const MARKS = { sent: '.', refused: 'x', received: 'v', open: 'O' } as const;
/** GitHub makes references of text after Markdown is read: an empty comment keeps its parts apart. */
const APART = '<!-- -->';

/** Foreign text as it may stand in a paragraph, a list or a table. */
export function escapeMarkdown(text: string): string {
  return makeVisible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\]~$]|^[-+=]|(?<=^\d+)[.)](?=\s|$)/g, '\\$&')
    .replace(/@|#|\/(?=\/)|www(?=\.)|GH-(?=\d)/gi, `$&${APART}`)
    .replaceAll('|', '&#124;');
}

export function markdownOf(document: TrialDocument): string {
  return [
    `## Two-machine trial of ${dateOf(document.startedAt)}`,
    `**${verdictOf(document).sentence}**`,
    caveatsOf(document)
      .map((text) => `- ${escapeMarkdown(text)}`)
      .join('\n'),
    SIDES.map((side) => sideLine(document, side)).join('\n'),
    ...placesOf(document).map(placeTable),
    ...closedTexts(document).map(escapeMarkdown),
    totalsText(document),
    ...section(
      'What would help',
      document.advice.map((text, i) => `${i + 1}. ${escapeMarkdown(text)}`),
    ),
    ...section('Why tries failed', failureLines(document)),
    ...runsWorthDrawing(document.cells, MAX_TIMELINES).map(timeline),
  ].join('\n\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`### ${title}`, lines.join('\n')];
}

function sideLine(document: TrialDocument, side: SideName): string {
  const facts = document.sides[side];
  const offers = offersOf(facts);
  const parts = [
    escapeMarkdown(`${facts.nodeId}, ${programOf(facts)}`),
    ...natLines(facts).map(({ family, title }) => `IPv${family} ${title}`),
    ...(offers === null ? [] : [`port mapping: ${offers || 'none'}`]),
  ];
  return `- **${sideLabel(side)}**: ${parts.join('; ')}`;
}

const HEAD = ['method', 'asks', 'expected', 'opened', '95 %', 'time', 'slowest', 'rtt', 'Mbit/s'];
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function placeTable({ name, cells }: Place): string {
  return [
    `### ${name}`,
    '',
    row(HEAD),
    row(HEAD.map(() => '---')),
    ...cells.map(({ cell, stats }) =>
      row([
        METHOD_NAMES[cell.method],
        directionOf(cell.initiator),
        predictionText(cell, '⚠ surprise'),
        openedText(stats),
        intervalText(stats),
        durationText(stats.time?.median ?? null),
        durationText(stats.time?.max ?? null),
        durationText(stats.rtt),
        throughputText(stats),
      ]),
    ),
  ].join('\n');
}

function failureLines(document: TrialDocument): string[] {
  return failuresOf(document).map((failure) => {
    const { reason, explanation } = failure;
    const help = explanation?.help == null ? '' : ` What would help: ${escapeMarkdown(explanation.help)}`;
    return `- ${whereText(failure)}: ${escapeMarkdown(reason)}${help}`;
  });
}

/** Lanes hold characters of our own only. */
function timeline({ cell, run, number }: DrawnRun): string {
  const { rows } = laneView(cell, run, LANE);
  const how = run.outcome === 'open' ? `open after ${duration(run.elapsed)}` : 'failed';
  return [
    `<details><summary>${cellName(cell)}, try ${number}: ${how}</summary>`,
    '',
    '```text',
    ...rows.flatMap(({ cells, summary }, i) => [
      `${i === 0 ? 'A' : 'B'} |${cells.map((kind) => (kind === null ? ' ' : MARKS[kind])).join('')}|`,
      `  ${summary}`,
    ]),
    '. sent, x refused, v received, O open',
    '```',
    '',
    '</details>',
  ].join('\n');
}
