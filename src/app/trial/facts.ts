/** What a report says of its two sides, for all readings alike. Foreign text is as it came. Pure. */
import type { NatReport } from '../../net/index.ts';
import type { TrialCell, TrialDocument, TrialRun, TrialSide } from './document.ts';
import {
  cellName,
  clockText,
  duration,
  METHOD_ORDER,
  mbps,
  natOf,
  natTitle,
  percent,
  placeName,
} from './labels.ts';
import { type CellStats, cellStats, trialStats } from './stats.ts';

/** Everything of one path and family. */
export interface Place {
  readonly name: string;
  readonly cells: readonly { readonly cell: TrialCell; readonly stats: CellStats }[];
}

/** Where anything opened, or could have: in order of path and family, methods in their order, side a's first. */
export function placesOf(document: Pick<TrialDocument, 'cells'>): Place[] {
  return allPlacesOf(document).filter((place) => !isClosed(place));
}

/** Where nothing could open, and nothing did: `local network, IPv4: nothing opened, as expected: …`. Foreign text. */
export function closedTexts(document: Pick<TrialDocument, 'cells'>): string[] {
  return allPlacesOf(document)
    .filter(isClosed)
    .map(({ name, cells }) => {
      const reasons = [...new Set(cells.map(({ cell }) => cell.why))].join('; ');
      return `${name}: ${cells.length} ways were tried and none opened, as expected: ${reasons}.`;
    });
}

function isClosed({ cells }: Place): boolean {
  return cells.every(({ cell, stats }) => cell.predicted === 'no' && stats.tries > 0 && stats.opened === 0);
}

function allPlacesOf({ cells }: Pick<TrialDocument, 'cells'>): Place[] {
  const sorted = [...cells].sort(
    (a, b) =>
      a.path.localeCompare(b.path) ||
      a.family - b.family ||
      METHOD_ORDER.indexOf(a.method) - METHOD_ORDER.indexOf(b.method) ||
      a.initiator.localeCompare(b.initiator),
  );
  const names = [...new Set(sorted.map(({ path, family }) => placeName(path, family)))];
  return names.map((name) => ({
    name,
    cells: sorted
      .filter(({ path, family }) => placeName(path, family) === name)
      .map((cell) => ({ cell, stats: cellStats(cell) })),
  }));
}

/** A line for each family that a side has. */
export function natLines(side: TrialSide): { readonly family: 4 | 6; readonly title: string }[] {
  return ([4, 6] as const)
    .filter((family) => side.reports.some((report) => report.family === family))
    .map((family) => ({ family, title: natTitle(natOf(side, family)) }));
}

/** What its router opens; null where it was not asked. */
export function offersOf({ reports }: TrialSide): string | null {
  const asked = reports.map(({ portMapping }) => portMapping).filter((offers) => offers !== undefined);
  if (asked.length === 0) return null;
  const has = (kind: keyof NonNullable<NatReport['portMapping']>) =>
    asked.some((offers) => offers[kind] === true);
  return [has('pcp') && 'PCP', has('natPmp') && 'NAT-PMP', has('upnp') && 'UPnP']
    .filter((name) => name !== false)
    .join(', ');
}

/** `p2pd-demo 0.1.0, linux x64`: foreign text. */
export function programOf({ version, platform }: TrialSide): string {
  return `p2pd-demo ${version}${platform === null ? '' : `, ${platform}`}`;
}

/** `yes`, `no`, `maybe`. */
export function predictionText({ predicted, surprise }: TrialCell, mark: string): string {
  return surprise ? `${predicted} ${mark}` : predicted;
}

/** `4 of 5`. */
export function openedText({ opened, tries }: CellStats): string {
  return tries === 0 ? 'not tried' : `${opened} of ${tries}`;
}

/** `38–96 %`. */
export function intervalText({ interval }: CellStats, dash = '–'): string {
  if (interval === null) return '';
  const [low, high] = interval.map((share) => Math.round(share * 100));
  return `${low}${dash}${high} %`;
}

/** `90 / 38`: from the initiator, to it. */
export function throughputText({ sendMbps, receiveMbps }: CellStats): string {
  if (sendMbps === null && receiveMbps === null) return '';
  const one = (value: number | null) => (value === null ? '-' : mbps(value));
  return `${one(sendMbps)} / ${one(receiveMbps)}`;
}

export function durationText(ms: number | null): string {
  return ms === null ? '' : duration(ms);
}

/** How much was tried, how much of it opened, how good the predictions were. */
export function totalsText(document: TrialDocument): string {
  const { runs, openedRuns, cells, openedCells, predicted, held } = trialStats(document);
  const tried = `${runs} ${runs === 1 ? 'try' : 'tries'} of ${cells} ways in ${duration(document.elapsed)}: ${openedRuns} opened, ${openedCells} of the ways at least once.`;
  if (predicted === 0) return tried;
  return `${tried} Of ${predicted} predictions ${held} held (${percent(held / predicted)}).`;
}

/** What a reader must know before believing: foreign text. */
export function caveatsOf(document: TrialDocument): string[] {
  return [
    ...(document.complete ? [] : [`Not complete: ${document.incomplete ?? 'it ended early'}.`]),
    ...(document.redacted
      ? [
          'Redacted: IP addresses and node ids are stand-ins of the same kind; ports, names of interfaces and times are real.',
        ]
      : []),
    clockText(document.clock),
  ];
}

export interface Failure {
  readonly reason: string;
  readonly explanation: TrialRun['explanation'];
  /** Where it was so, and how many runs of it. */
  readonly cells: readonly { readonly cell: TrialCell; readonly count: number }[];
}

/** Why runs failed, each reason once, explained ones first; foreign text. What is told by `closedTexts` is left out. */
export function failuresOf(document: Pick<TrialDocument, 'cells'>): Failure[] {
  const all = placesOf(document).flatMap(({ cells }) =>
    cells.flatMap(({ cell }) =>
      cell.runs.filter(({ outcome }) => outcome === 'failed').map((run) => told(cell, run)),
    ),
  );
  return [...new Set(all.map(({ reason }) => reason))]
    .map((reason): Failure => {
      const alike = all.filter((one) => one.reason === reason);
      const cells = [...new Set(alike.map(({ cell }) => cell))].map((cell) => ({
        cell,
        count: alike.filter((one) => one.cell === cell).length,
      }));
      return { reason, explanation: alike[0]?.explanation ?? null, cells };
    })
    .sort((a, b) => rankOf(a) - rankOf(b));
}

function rankOf({ explanation, cells }: Failure): number {
  if (cells.every(({ cell }) => isAsExpected(cell))) return 2;
  return explanation === null ? 1 : 0;
}

/** Ways that a reason names before it only counts. */
const MAX_WAYS = 6;

/** `UDP punch, Internet, IPv4, A → B (1 of 5); …`. */
export function whereText({ cells }: Failure, arrow = '→'): string {
  const ways = cells
    .slice(0, MAX_WAYS)
    .map(({ cell, count }) => `${cellName(cell, arrow)} (${count} of ${cell.runs.length})`);
  const more = cells.length - ways.length;
  return more === 0 ? ways.join('; ') : `${ways.join('; ')}; and ${more} more`;
}

/** What was not to be expected needs no explanation but that, unless packets tell more. */
function told(cell: TrialCell, run: TrialRun) {
  if (isAsExpected(cell) && run.timeline.length === 0)
    return { cell, reason: `as expected: ${cell.why}`, explanation: null };
  const reason = run.explanation?.sentence ?? run.reason ?? 'no reason told';
  return { cell, reason, explanation: run.explanation };
}

function isAsExpected({ predicted, surprise }: TrialCell): boolean {
  return predicted === 'no' && !surprise;
}
