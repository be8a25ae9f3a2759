/**
 * A trial as one HTML page that stands alone: no script, no request, nothing from the other side but text. The policy in
 * its head forbids everything except its one style, so that even a fault of ours could not load or run anything. Pure.
 */
import { createHash } from 'node:crypto';
import type { TrialDocument } from '../document.ts';
import { caveatsOf, totalsText } from '../facts.ts';
import { dateOf, duration } from '../labels.ts';
import { type Verdict, verdictOf } from '../verdict.ts';
import { glyph, heatMaps } from './heat-map.ts';
import { html, Markup } from './markup.ts';
import { picture } from './picture.ts';
import { bothSides } from './sides.ts';
import { stripPlot } from './strip-plot.ts';
import { STYLE } from './style.ts';
import { failures, figures, howToRead } from './tables.ts';
import { MARK_SHAPES, timelines } from './timelines.ts';

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "img-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function htmlOf(document: TrialDocument): string {
  const verdict = verdictOf(document);
  const date = dateOf(document.startedAt);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><meta name="referrer" content="no-referrer"><title>Trial of ${date}</title><style>${new Markup(STYLE)}</style></head>
<body>${MARK_SHAPES}<main><header><p class="kicker">p2pd-demo · two-machine trial · ${date}</p><h1>${verdict.sentence}</h1>${badge(verdict)}<p>${totalsText(document)}</p></header>
${picture(document)}
${advice(document)}
${section('The two sides', bothSides(document))}
${section('What was tried', html`<p>Every way to connect, asked for by A and by B. Rows are the ways; the darker a field, the more often it opened.</p>${heatMaps(document)}`)}
${section('How long it took', stripPlot(document))}
${section('How they met', timelines(document))}
${section('Why tries failed', failures(document))}
${section('All figures', figures(document))}
${section('What to know of these figures', caveats(document))}
${section('How to read this', howToRead())}
<footer>Made by p2pd-demo on ${date}; the trial took ${duration(document.elapsed)}. This page loads nothing and runs nothing.</footer></main></body></html>
`.text;
}

function section(title: string, body: Markup | null): Markup | null {
  return body === null ? null : html`<section><h2>${title}</h2>${body}</section>`;
}

const MOODS: Readonly<Record<Verdict['mood'], readonly [number, 'yes' | 'no', string]>> = {
  good: [1, 'yes', 'Works'],
  mixed: [0.6, 'yes', 'Works sometimes'],
  relayed: [0.3, 'yes', 'Works by relay'],
  bad: [0, 'no', 'Does not work'],
  empty: [0, 'no', 'Not tried'],
};

function badge({ mood }: Verdict): Markup {
  const [rate, kind, word] = MOODS[mood];
  return html`<p class="badge ${kind}">${glyph(rate)} ${word}</p>`;
}

function advice(document: TrialDocument): Markup | null {
  const [first, ...more] = document.advice;
  if (first === undefined) return null;
  if (more.length === 0) return section('What would help', html`<p><b>${first}</b></p>`);
  const items = document.advice.map((sentence) => html`<li>${sentence}</li>`);
  return section('What would help', html`<ol class="advice">${items}</ol>`);
}

function caveats(document: TrialDocument): Markup {
  const more = [
    `Each way was to be tried ${document.repeat} ${document.repeat === 1 ? 'time' : 'times'}, those expected not to work once.`,
    ...(document.redacted
      ? []
      : [
          'This report names addresses and node ids as they are: --redact makes one to be shown to strangers.',
        ]),
  ];
  return html`<ul>${[...caveatsOf(document), ...more].map((text) => html`<li>${text}</li>`)}</ul>`;
}
