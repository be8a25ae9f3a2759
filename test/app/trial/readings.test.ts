import fc from 'fast-check';
import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/app/trial/advice.ts';
import { compareTrials } from '../../../src/app/trial/compare.ts';
import { comparisonMarkdown, comparisonText } from '../../../src/app/trial/compare-text.ts';
import type { TrialDocument } from '../../../src/app/trial/document.ts';
import { htmlOf } from '../../../src/app/trial/html/page.ts';
import { trialJson } from '../../../src/app/trial/json.ts';
import { markdownOf } from '../../../src/app/trial/markdown.ts';
import { redact } from '../../../src/app/trial/redact.ts';
import { decodeTrial } from '../../../src/app/trial/schema.ts';
import { textOf } from '../../../src/cli/trial-text.ts';
import { DecodeError } from '../../../src/net/index.ts';
import { HOSTILE, sampleTrial } from '../../helpers/sample-trial.ts';

/** What a terminal, a browser or a reader might obey; line ends are ours. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u;
const UNTOLD = /NaN|Infinity|undefined|\[object|(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u;

const small = (): TrialDocument => {
  const { cells, ...rest } = sampleTrial();
  return { ...rest, cells: cells.slice(3, 8).map((cell) => ({ ...cell, runs: cell.runs.slice(0, 3) })) };
};

/** What is put in the place of something: mostly of its kind, at the ends of what the rules allow, else rubbish. */
const change = fc.record({
  number: fc.constantFrom(0, 1, 0.5, 4, 6, 7, 300, 65_535, 604_800_000, -1, 8.64e15, 1e300),
  string: fc.oneof(
    fc.constantFrom('a', 'b', 'yes', 'maybe', 'open', 'failed', 'local', 'relay', 'tcp-punch', ...HOSTILE),
    fc.string({ unit: 'binary', maxLength: 100 }),
  ),
  boolean: fc.boolean(),
  object: fc.constantFrom([], null),
  any: fc.constantFrom(null, 3, 'x', [], {}, [[]], undefined),
  fits: fc.integer({ min: 0, max: 9 }).map((turn) => turn > 0),
});
type Change = Parameters<Parameters<typeof change.map>[0]>[0];

/** The node at a path of numbers, each taken modulo what there is; changed there. */
function changedAt(node: unknown, path: readonly number[], by: Change): unknown {
  const [turn, ...rest] = path;
  const keys = typeof node === 'object' && node !== null ? Object.keys(node) : [];
  const key = turn === undefined ? undefined : keys[turn % keys.length];
  if (key === undefined) return replaced(node, by);
  const next = changedAt((node as Record<string, unknown>)[key], rest, by);
  if (Array.isArray(node)) return node.map((item, i) => (String(i) === key ? next : item));
  return { ...(node as object), [key]: next };
}

function replaced(node: unknown, by: Change): unknown {
  const kind = typeof node;
  if (!by.fits) return by.any;
  return kind === 'number' || kind === 'string' || kind === 'boolean' || kind === 'object'
    ? by[kind]
    : by.any;
}

const path = fc.array(fc.nat(40), { minLength: 3, maxLength: 9 });
const documents = fc
  .array(fc.tuple(path, change), { minLength: 1, maxLength: 4 })
  .map((changes) =>
    changes.reduce(
      (node: unknown, [at, next]) => changedAt(node, at, next),
      JSON.parse(JSON.stringify(trialJson(small()))),
    ),
  );

function accepted(json: unknown): TrialDocument | null {
  try {
    return decodeTrial(json);
  } catch (error) {
    if (error instanceof DecodeError && !/\n/.test(error.message)) return null;
    throw error;
  }
}

test('readings: any JSON is refused in one line, or can be told in every form', { timeout: 60_000 }, () => {
  let read = 0;
  fc.assert(
    fc.property(documents, (json) => {
      const document = accepted(json);
      if (document === null) return;
      read++;
      const changes = compareTrials(small(), document);
      const once = redact(document);
      expect(redact(once)).toEqual(once);
      expect(decodeTrial(JSON.parse(JSON.stringify(trialJson(document))))).toEqual(document);
      expect(adviceFor(document).length).toBeGreaterThan(0);
      for (const text of [textOf(document), comparisonText(changes)]) expect(text).not.toMatch(UNSAFE);
      for (const page of [markdownOf(document), comparisonMarkdown(changes), htmlOf(once)])
        expect(page).not.toMatch(UNTOLD);
    }),
    { numRuns: 300 },
  );
  expect(read).toBeGreaterThan(30);
});
