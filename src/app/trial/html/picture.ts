/** A — NAT A — Internet — NAT B — B, and the way that was found: a drawing for wide and one for narrow screens. Pure. */
import type { NatSide } from '../../../net/index.ts';
import { METHOD_NAMES } from '../../config.ts';
import type { TrialCell, TrialDocument } from '../document.ts';
import { openedText } from '../facts.ts';
import { duration, mainReport, natOf, natTitle, sideLabel } from '../labels.ts';
import { cellStats, trialStats } from '../stats.ts';
import { html, type Markup } from './markup.ts';

interface Spot {
  readonly x: number;
  readonly y: number;
}

interface Layout {
  readonly name: 'wide' | 'tall';
  readonly width: number;
  readonly height: number;
  /** A, its NAT, the Internet, B's NAT, B. */
  readonly spots: readonly [Spot, Spot, Spot, Spot, Spot];
  /** The way that was found, from A to B. */
  readonly way: string;
  /** Where the way is lost; where it is named. */
  readonly middle: Spot;
  readonly label: Spot;
}

const at = (x: number, y: number): Spot => ({ x, y });

const WIDE: Layout = {
  name: 'wide',
  width: 860,
  height: 216,
  spots: [at(60, 118), at(230, 118), at(430, 118), at(630, 118), at(800, 118)],
  way: 'M60 88C60 30 160 38 430 38S800 30 800 88',
  middle: { x: 430, y: 38 },
  label: { x: 430, y: 22 },
};
const TALL: Layout = {
  name: 'tall',
  width: 320,
  height: 470,
  spots: [at(96, 36), at(96, 128), at(96, 226), at(96, 324), at(96, 420)],
  way: 'M64 36C20 36 22 90 22 228S20 420 64 420',
  middle: { x: 22, y: 228 },
  label: { x: 0, y: 464 },
};

export function picture(document: TrialDocument): Markup {
  const { best } = trialStats(document);
  const nats = [natOfSide(document, 'a'), natOfSide(document, 'b')] as const;
  const found = best === null ? 'no way was found' : wayText(best);
  const title = `A, behind ${natTitle(nats[0])}, and B, behind ${natTitle(nats[1])}: ${found}.`;
  return html`<figure class="picture">${[WIDE, TALL].map((layout) => drawing(layout, title, nats, best))}<figcaption>${caption(best)}</figcaption></figure>`;
}

function natOfSide({ sides }: TrialDocument, side: 'a' | 'b'): NatSide {
  const report = mainReport(sides[side]);
  return natOf(sides[side], report?.family ?? 4);
}

function wayText(cell: TrialCell): string {
  const stats = cellStats(cell);
  const time = stats.time === null ? '' : `, ${duration(stats.time.median)}`;
  const where = cell.path === 'local' ? ', local network' : '';
  return `${METHOD_NAMES[cell.method]}, ${openedText(stats)}${time}${where}`;
}

function caption(best: TrialCell | null): string {
  const walls = 'The more bricks a wall has, the harder it is to get in.';
  if (best === null) return `${walls} No way through both was found.`;
  const asks = `${sideLabel(best.initiator)} asks`;
  const { opened, tries } = cellStats(best);
  return `${walls} The line is the best way that was found (${asks}); ${opened === tries ? 'it opened every time' : 'it is broken because it did not open every time'}.`;
}

function drawing(
  layout: Layout,
  title: string,
  [natA, natB]: readonly [NatSide, NatSide],
  best: TrialCell | null,
): Markup {
  const { name, width, height, spots } = layout;
  const [a, wallA, net, wallB, b] = spots;
  return html`<svg class="${name}" viewBox="0 0 ${width} ${height}" role="img"><title>${title}</title><path class="faint" d="M${a.x} ${a.y}L${b.x} ${b.y}"/>${wayOf(layout, best)}${machine(a)}${machine(b)}${cloud(net)}${wall(wallA, natA)}${wall(wallB, natB)}${words(layout, a, ['A'])}${words(layout, wallA, ['NAT A', ...natTitle(natA).split(', ')])}${words(layout, net, ['Internet'])}${words(layout, wallB, ['NAT B', ...natTitle(natB).split(', ')])}${words(layout, b, ['B'])}</svg>`;
}

function wayOf({ way, middle, label, name }: Layout, best: TrialCell | null): Markup {
  const anchor = name === 'wide' ? 'middle' : 'start';
  if (best === null) {
    return html`<path class="link none" d="${way}"/><path class="refused" d="M${middle.x - 7} ${middle.y - 7}l14 14m0 -14l-14 14"/><text class="lost" x="${label.x}" y="${label.y}" text-anchor="${anchor}">no way was found</text>`;
  }
  const { opened, tries } = cellStats(best);
  const relay =
    best.method === 'relay'
      ? html`<rect class="pen paper" x="${middle.x - 9}" y="${middle.y - 9}" width="18" height="18" rx="3"/>`
      : null;
  return html`<path class="link${opened === tries ? '' : ' some'}" d="${way}"/>${relay}<text class="way" x="${label.x}" y="${label.y}" text-anchor="${anchor}">${wayText(best)}</text>`;
}

function machine({ x, y }: Spot): Markup {
  return html`<rect class="pen paper" x="${x - 24}" y="${y - 19}" width="48" height="32" rx="3"/><path class="pen" d="M${x - 32} ${y + 19}h64M${x} ${y + 13}v6"/>`;
}

function cloud({ x, y }: Spot): Markup {
  return html`<path class="pen paper" d="M${x - 34} ${y + 20}a17 17 0 0 1 -3 -33a24 24 0 0 1 45 -8a19 19 0 0 1 29 19a12 12 0 0 1 -3 22z"/>`;
}

const ROWS = 6;

/** How many of twelve bricks a NAT has; none is the open Internet. */
function bricksOf({ type, delta }: NatSide): number {
  if (type === null) return 0;
  if (type === 6) return delta === 6 ? 11 : 9;
  return { 1: 0, 2: 4, 3: 4, 4: 6, 5: 8, 7: 12 }[type];
}

/** Bricks from the ground up, offset as a bricklayer does. */
function wall({ x, y }: Spot, nat: NatSide): Markup {
  const bricks = bricksOf(nat);
  const parts = Array.from({ length: 2 * ROWS }, (_, i) => {
    const row = Math.floor(i / 2);
    const [first, second] = row % 2 === 0 ? [22, 14] : [14, 22];
    const [left, width] = i % 2 === 0 ? [x - 18, first] : [x - 18 + first, second];
    return html`<rect class="${i < bricks ? 'brick' : 'gap'}" x="${left}" y="${y + 18 - row * 9}" width="${width}" height="8" rx="1"/>`;
  });
  const unknown =
    nat.type === null ? html`<text class="name" x="${x}" y="${y + 4}" text-anchor="middle">?</text>` : null;
  return html`<rect class="paper" x="${x - 20}" y="${y - 30}" width="40" height="58"/>${parts}${unknown}`;
}

/** Below in the wide drawing, beside in the tall one. */
function words({ name }: Layout, { x, y }: Spot, lines: readonly string[]): Markup {
  const wide = name === 'wide';
  const top = wide ? y + 48 : y + 5 - (lines.length - 1) * 8;
  return html`${lines.map((line, i) => html`<text class="${i === 0 ? 'name' : 'sub'}" x="${wide ? x : x + 62}" y="${top + i * 17}" text-anchor="${wide ? 'middle' : 'start'}">${line}</text>`)}`;
}
