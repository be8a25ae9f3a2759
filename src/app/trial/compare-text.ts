/** What changed between two trials, as text for a terminal and as Markdown. Pure. */
import { makeVisible } from '../visible.ts';
import type { CellChange, FactChange, TrialChanges } from './compare.ts';
import { openedText } from './facts.ts';
import { cellName, dateOf, duration, sideLabel } from './labels.ts';
import { escapeMarkdown } from './markdown.ts';

const WORDS: Readonly<Record<CellChange['kind'], string>> = {
  fails: 'no longer opens',
  opens: 'opens now',
  rarer: 'opens less often',
  oftener: 'opens more often',
  slower: 'takes longer',
  faster: 'is faster',
};

export function comparisonText(changes: TrialChanges): string {
  return [
    titleOf(changes),
    '',
    ...linesOf(changes, '>', (text) => makeVisible(text)).map((line) => `  ${line}`),
  ].join('\n');
}

export function comparisonMarkdown(changes: TrialChanges): string {
  return [
    `## ${titleOf(changes)}`,
    '',
    ...linesOf(changes, '→', escapeMarkdown).map((line) => `- ${line}`),
  ].join('\n');
}

function titleOf({ before, after }: TrialChanges): string {
  return `What changed from ${dateOf(before)} to ${dateOf(after)}`;
}

/** @param safe foreign text as it may stand there */
function linesOf(changes: TrialChanges, arrow: string, safe: (text: string) => string): string[] {
  const { cells, facts, gone, added, same, swapped } = changes;
  const nothing = cells.length === 0 && facts.length === 0 && gone.length === 0 && added.length === 0;
  return [
    ...(swapped ? ['The second trial was started by side B: A and B are those of the first.'] : []),
    ...(nothing ? ['Nothing changed beyond what chance does.'] : []),
    ...cells.map((change) => cellLine(change, arrow)),
    ...facts.map((change) => factLine(change, safe)),
    ...gone.map((way) => `${cellName(way, arrow)}: was tried only the first time.`),
    ...added.map((way) => `${cellName(way, arrow)}: was tried only the second time.`),
    `${same} ${same === 1 ? 'way' : 'ways'} as before.`,
  ];
}

function cellLine({ way, kind, before, after }: CellChange, arrow: string): string {
  const timed = kind === 'slower' || kind === 'faster';
  const shown = (stats: CellChange['before']) =>
    timed && stats.time !== null ? duration(stats.time.median) : openedText(stats);
  return `${cellName(way, arrow)} ${WORDS[kind]}: ${shown(before)}, now ${shown(after)}.`;
}

function factLine({ side, fact, before, after }: FactChange, safe: (text: string) => string): string {
  return `Side ${sideLabel(side)}, ${fact}: ${safe(before)}, now ${safe(after)}.`;
}
