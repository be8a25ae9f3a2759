/** Figures of every way, why runs failed, and how all of it is to be read. Pure. */
import { METHOD_NAMES } from '../../config.ts';
import type { TrialDocument } from '../document.ts';
import {
  durationText,
  failuresOf,
  intervalText,
  openedText,
  placesOf,
  throughputText,
  whereText,
} from '../facts.ts';
import { directionOf } from '../labels.ts';
import { html, type Markup } from './markup.ts';

const HEAD = ['way', 'expected', 'opened', '95 %', 'quartiles', 'slowest', 'rtt', 'Mbit/s'] as const;

export function figures(document: TrialDocument): Markup {
  const head = HEAD.map((name) => html`<th scope="col">${name}</th>`);
  return html`${placesOf(document).map(({ name, cells }) => {
    const rows = cells.map(({ cell, stats }) => {
      const { time } = stats;
      const quartiles =
        time === null ? '' : [time.lower, time.median, time.upper].map(durationText).join(' · ');
      const values = [
        `${cell.predicted}${cell.surprise ? ' ▲' : ''}`,
        openedText(stats),
        intervalText(stats),
        quartiles,
        durationText(time?.max ?? null),
        durationText(stats.rtt),
        throughputText(stats),
      ];
      const tds = values.map((value, i) => html`<td data-label="${HEAD[i + 1] ?? ''}">${value}</td>`);
      return html`<tr><th scope="row">${METHOD_NAMES[cell.method]}, ${directionOf(cell.initiator)}</th>${tds}</tr>`;
    });
    return html`<table class="all"><caption>${name}</caption><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
  })}`;
}

/** Reasons shown; a page that lists hundreds explains nothing. */
const MAX_REASONS = 24;
const MAX_EVIDENCE = 6;

/** null where nothing failed. */
export function failures(document: TrialDocument): Markup | null {
  const all = failuresOf(document);
  if (all.length === 0) return null;
  const entries = all.slice(0, MAX_REASONS).map((failure) => {
    const { reason, explanation } = failure;
    const seen = explanation?.evidence.slice(0, MAX_EVIDENCE) ?? [];
    const lines = [
      whereText(failure),
      ...(explanation === null || seen.length === 0
        ? []
        : [`Seen: ${seen.join('; ')} (${explanation.confidence}).`]),
      ...(explanation?.help == null ? [] : [`What would help: ${explanation.help}`]),
    ];
    return html`<dt>${reason}</dt>${lines.map((line) => html`<dd>${line}</dd>`)}`;
  });
  const more =
    all.length > MAX_REASONS ? html`<p class="small">and ${all.length - MAX_REASONS} more reasons</p>` : null;
  return html`<dl class="why">${entries}</dl>${more}`;
}

const TERMS: readonly (readonly [string, string])[] = [
  [
    'NAT',
    'What a home router or a mobile carrier does so that many machines share one public address. It lets answers in, and usually nothing that nobody asked for: hence the walls.',
  ],
  ['Direct', 'One side simply connects to the other, as to a web site.'],
  ['Reverse', 'One side asks the other, by a message through public servers, to connect to it instead.'],
  [
    'TCP punch, UDP punch',
    'Both send to each other at the same moment: each opens its own NAT from the inside, so that the packets of the other look like answers. Where a NAT takes unforeseeable ports, they must be guessed.',
  ],
  ['Relay', 'A server on the Internet (TURN) passes everything on. It nearly always works, and is slower.'],
  [
    'Expected',
    'What the rules of p2pd-demo say of these two NATs before anything is tried: yes, no, or maybe. What is expected not to work is tried only once.',
  ],
  [
    '95 %',
    'The share of tries that would open in the long run lies within these bounds, with 95 % confidence (Wilson’s interval): a few tries do not say much.',
  ],
  [
    'Quartiles',
    'A quarter of the runs took at most the first time, half at most the second, three quarters at most the third.',
  ],
  ['Mbit/s', 'Throughput from who asked, then to who asked, where it was measured.'],
];

export function howToRead(): Markup {
  return html`<dl class="read">${TERMS.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
}
