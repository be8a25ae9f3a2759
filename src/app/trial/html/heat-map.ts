/** What was tried: a table for each path and family, method by direction, with what was expected beside what came. Pure. */
import { METHOD_NAMES } from '../../config.ts';
import type { TrialCell, TrialDocument } from '../document.ts';
import { closedTexts, durationText, openedText, type Place, placesOf } from '../facts.ts';
import { directionOf, METHOD_ORDER, sideLabel } from '../labels.ts';
import type { CellStats } from '../stats.ts';
import { html, type Markup } from './markup.ts';

export function heatMaps(document: TrialDocument): Markup {
  return html`${placesOf(document).map(heatMap)}${closedTexts(document).map((text) => html`<p>${text}</p>`)}<ul class="key"><li class="yes">${glyph(1)} opened every time</li><li class="yes">${glyph(0.6)} opened sometimes</li><li class="no">${glyph(0)} never opened</li><li><span class="no">▲</span> with a dashed frame: not as expected</li></ul>`;
}

function heatMap({ name, cells }: Place): Markup {
  const methods = METHOD_ORDER.filter((method) => cells.some(({ cell }) => cell.method === method));
  const rows = methods.map((method) => {
    const of = (initiator: 'a' | 'b') =>
      cells.find(({ cell }) => cell.method === method && cell.initiator === initiator);
    return html`<tr><th scope="row">${METHOD_NAMES[method]}</th>${heatCell(of('a'))}${heatCell(of('b'))}</tr>`;
  });
  const head = (side: 'a' | 'b') =>
    html`<th scope="col">${directionOf(side)} <span class="hidden">(${sideLabel(side)} asks)</span></th>`;
  return html`<figure><table class="heat"><caption>${name}</caption><thead><tr><td class="first"></td>${head('a')}${head('b')}</tr></thead><tbody>${rows}</tbody></table></figure>`;
}

function heatCell(found: { readonly cell: TrialCell; readonly stats: CellStats } | undefined): Markup {
  if (found === undefined) return html`<td><span class="told">not part of the trial</span></td>`;
  const { cell, stats } = found;
  const time = durationText(stats.time?.median ?? null);
  const told = cell.surprise
    ? html`▲ surprise: expected ${cell.predicted}`
    : html`expected: ${cell.predicted}`;
  const classes = `${tintOf(stats)}${cell.surprise ? ' surprise' : ''}`;
  return html`<td class="${classes}"><span class="count">${stats.rate === null ? null : glyph(stats.rate)}<span>${openedText(stats)}</span></span><span class="told">${told}${time === '' ? null : html` · ${time}`}</span></td>`;
}

/** The darker the more often; the darkest is always. */
function tintOf({ rate }: CellStats): string {
  if (rate === null) return '';
  const step = [1, 0.75, 0.4, Number.MIN_VALUE].findIndex((least) => rate >= least);
  return `t${step < 0 ? 0 : 4 - step}`;
}

/** A filled disc, a part of one, or a crossed circle: told apart without colour. */
export function glyph(rate: number): Markup {
  const inside =
    rate === 0
      ? html`<path d="M5.2 5.2l7.6 7.6m0-7.6l-7.6 7.6" fill="none" stroke="currentColor" stroke-width="1.6"/>`
      : rate === 1
        ? html`<circle cx="9" cy="9" r="7.5" fill="currentColor"/>`
        : wedge(rate);
  return html`<svg class="glyph" viewBox="0 0 18 18" aria-hidden="true"><circle cx="9" cy="9" r="7.5" fill="none" stroke="currentColor" stroke-width="1.6"/>${inside}</svg>`;
}

/** From the top, clockwise. */
function wedge(rate: number): Markup {
  const angle = rate * 2 * Math.PI;
  const x = (9 + 7.5 * Math.sin(angle)).toFixed(2);
  const y = (9 - 7.5 * Math.cos(angle)).toFixed(2);
  return html`<path d="M9 9V1.5A7.5 7.5 0 ${rate > 0.5 ? 1 : 0} 1 ${x} ${y}z" fill="currentColor"/>`;
}
