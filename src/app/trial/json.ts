/** A trial as the contract's JSON (`trial --json`); `schema.ts` reads it back. Pure. */
import { natJson } from '../nat-json.ts';
import type { TrialDocument, TrialSide } from './document.ts';

export function trialJson({ sides, ...document }: TrialDocument): object {
  const { schemaVersion, complete, incomplete, startedAt, elapsed, repeat, clock, cells, advice, redacted } =
    document;
  return {
    ...{ schemaVersion, complete, incomplete, startedAt, elapsed, repeat, clock },
    sides: { a: sideJson(sides.a), b: sideJson(sides.b) },
    ...{ cells, advice, redacted },
  };
}

export function sideJson({ reports, ...side }: TrialSide): object {
  return { ...side, reports: reports.map(natJson) };
}
