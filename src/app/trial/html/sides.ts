/** Both sides: who they are, what their NATs mean, and what was found of them in full. Pure. */
import type { NatReport } from '../../../net/index.ts';
import { natNotes, natRows, natTitle as reportTitle } from '../../nat-view.ts';
import type { SideName, TrialDocument } from '../document.ts';
import { natLines, offersOf, programOf } from '../facts.ts';
import { mainReport, natOf, natPlain, SIDES, sideLabel } from '../labels.ts';
import { html, type Markup } from './markup.ts';

/** Machines have a few interfaces; a page does not have room for all of many. */
const MAX_REPORTS = 6;
const MAX_NOTES = 8;

export function bothSides(document: TrialDocument): Markup {
  return html`<div class="sides">${SIDES.map((side) => oneSide(document, side))}</div>`;
}

function oneSide({ sides }: TrialDocument, side: SideName): Markup {
  const facts = sides[side];
  const report = mainReport(facts);
  const offers = offersOf(facts);
  const nats = natLines(facts).map(
    ({ family, title }) => html`<p><b>IPv${family}: ${title}.</b> ${natPlain(natOf(facts, family))}</p>`,
  );
  const router =
    offers === null
      ? null
      : html`<p>${offers === '' ? 'Its router opens no ports when asked.' : `Its router opens ports when asked (${offers}).`}</p>`;
  return html`<section class="side"><h3>${sideLabel(side)}${side === 'a' ? ' (started the trial)' : null}</h3><p class="small">${programOf(facts)}<br><code>${facts.nodeId}</code></p>${report === null ? html`<p>${natPlain({ type: null, delta: null })}</p>` : nats}${router}${fullReports(facts.reports, side)}</section>`;
}

function fullReports(reports: readonly NatReport[], side: SideName): Markup | null {
  if (reports.length === 0) return null;
  return html`<details><summary>What was found of ${sideLabel(side)}’s NAT</summary>${reports.slice(0, MAX_REPORTS).map(fullReport)}${reports.length > MAX_REPORTS ? html`<p class="small">and ${reports.length - MAX_REPORTS} more</p>` : null}</details>`;
}

function fullReport(report: NatReport): Markup {
  const rows = natRows(report).map(
    ([name, udp, tcp]) => html`<tr><th scope="row">${name}</th><td>${udp}</td><td>${tcp}</td></tr>`,
  );
  const notes = natNotes(report).slice(0, MAX_NOTES);
  return html`<table class="facts"><caption>${reportTitle(report)}</caption><thead><tr><td></td><th scope="col">UDP</th><th scope="col">TCP</th></tr></thead><tbody>${rows}</tbody></table>${notes.length === 0 ? null : html`<ul class="small">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}`;
}
