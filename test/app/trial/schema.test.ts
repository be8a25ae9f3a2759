import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trialSchemaText } from '../../../scripts/trial-schema.js';
import { trialJson } from '../../../src/app/trial/json.ts';
import {
  decodeNatReports,
  decodeRun,
  decodeSide,
  decodeTrial,
  parseTrial,
  TRIAL_LIMITS,
  trialSchema,
} from '../../../src/app/trial/schema.ts';
import { DecodeError, P2pdError } from '../../../src/net/index.ts';
import { easyTrial, hostileTrial, sampleTrial } from '../../helpers/sample-trial.ts';

type Json = Record<string, unknown>;

const json = (): Json => JSON.parse(JSON.stringify(trialJson(sampleTrial())));
const messageOf = (source: string): string => {
  try {
    parseTrial(source, 'old.json');
  } catch (error) {
    if (error instanceof P2pdError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
};
const changed = (change: (document: Json) => void): string => {
  const document = json();
  change(document);
  return messageOf(JSON.stringify(document));
};
/** The object at a place such as `cells.0.runs.0`. */
const at = (document: Json, place: string): Json =>
  place.split('.').reduce((value: Json, key) => value[key] as Json, document);

test.each([
  ['sample', sampleTrial()],
  ['easy', easyTrial()],
  ['hostile', hostileTrial()],
])('schema: the JSON of the %s trial is read as it was written', (_, document) => {
  const text = JSON.stringify(trialJson(document));
  const read = parseTrial(text);
  expect(read).toEqual(document);
  expect(trialJson(read)).toEqual(JSON.parse(text));
});

test('schema: what is not known is dropped, such as names for readers', () => {
  const document = json();
  expect(at(document, 'sides.a.reports.0.udp').name).toBe('symmetric');
  at(document, 'sides.a').secret = 1;
  document.__proto__x = 1;
  expect(decodeTrial(document)).toEqual(sampleTrial());
});

test('schema: a router that was not asked has no offers', () => {
  const { portMapping: _, ...report } = sampleTrial().sides.a.reports[0] ?? {};
  const side = { ...sampleTrial().sides.a, reports: [report] };
  expect(decodeSide(side).reports[0]).toEqual(report);
  const nulls = { ...report, portMapping: { upnp: null, natPmp: null, pcp: null } };
  expect(decodeNatReports([nulls])).toEqual([report]);
});

test('schema: an error is one line that names the file, the place and the fault', () => {
  expect(changed((d) => Object.assign(at(d, 'cells.0.runs.0'), { elapsed: 'fast' }))).toBe(
    'FILE_UNUSABLE old.json is no trial: cells.0.runs.0.elapsed: must be a number',
  );
  expect(changed((d) => Object.assign(d, { schemaVersion: 2 }))).toMatch(/schemaVersion: must be 1/);
  expect(changed((d) => delete d.clock)).toMatch(/clock: is missing/);
  expect(changed((d) => Object.assign(at(d, 'cells.1'), { method: 'magic' }))).toMatch(
    /cells\.1\.method: must be direct or reverse or/,
  );
  expect(changed((d) => Object.assign(at(d, 'sides.b'), { nodeId: 'x' }))).toMatch(
    /sides\.b\.nodeId: must be 32/,
  );
  expect(changed((d) => Object.assign(d, { cells: [at(d, 'cells.0'), at(d, 'cells.0')] }))).toMatch(
    /cells: has two entries/,
  );
  expect(changed((d) => Object.assign(d, { startedAt: 9e15 }))).toMatch(/startedAt: must be 0 to/);
  expect(messageOf('1')).toMatch(/trial: must be the JSON of a trial/);
  expect(messageOf('{"a":')).toMatch(/trial: is no JSON/);
  expect(messageOf('['.repeat(200_000))).toMatch(/trial: is no JSON/);
});

test('schema: limits hold before and after parsing', () => {
  expect(messageOf(' '.repeat(TRIAL_LIMITS.text + 1))).toMatch(/is longer than 8388608 characters/);
  const long = (limit: number) => Array.from({ length: limit + 1 }, () => 'x');
  expect(changed((d) => Object.assign(d, { advice: long(TRIAL_LIMITS.advice) }))).toMatch(
    /advice: has more than/,
  );
  expect(changed((d) => Object.assign(d, { advice: ['x'.repeat(501)] }))).toMatch(
    /advice\.0: is longer than 500/,
  );
});

test('schema: one run or side of the other program is read alone', () => {
  const [run] = sampleTrial().cells[0]?.runs ?? [];
  expect(decodeRun({ ...run, more: 1 })).toEqual(run);
  expect(() => decodeRun({ ...run, rtt: -1 })).toThrow(new DecodeError('rtt', 'must be 0 to 604800000'));
  expect(() => decodeRun(null)).toThrow(new DecodeError('run', 'must be a run'));
  expect(() => decodeSide({})).toThrow(DecodeError);
  expect(() => decodeNatReports('x')).toThrow(new DecodeError('reports', 'must be a list'));
});

test('schema: the published JSON Schema is the one that the program reads by (npm run schema writes it)', () => {
  const file = join(import.meta.dirname, '../../../docs/trial.schema.json');
  const made = trialSchemaText(trialSchema);
  if (process.env.SCHEMA_WRITE === '1') writeFileSync(file, made);
  expect(readFileSync(file, 'utf8')).toBe(made);
});
