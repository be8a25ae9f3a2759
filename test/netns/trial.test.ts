/** Trials with real packets: what the report says is what the routers were set to. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { TrialDocument } from '../../src/app/trial/document.ts';
import { parseTrial } from '../../src/app/trial/schema.ts';
import { natPreset } from '../../src/lab/index.ts';
import type { DeltaType } from '../../src/lab/nat-ports.ts';
import type { NatTypeName } from '../../src/lab/nat-preset.ts';
import { describeNeeding } from '../helpers/needs.ts';
import type { Lab, Program } from './lab.ts';
import { become, behindTwoNats, TWO_NATS_NEEDS, type TwoNats } from './two-nats.ts';

type Nat = readonly [NatTypeName, DeltaType];

const PUNCHES = ['--methods', 'pu', '--paths', 'e'];
/** Longer than a trial of every method takes. */
const WHOLE = 60_000;

interface Two {
  readonly a: Program;
  readonly b: Program;
}

/** Side b waits, side a starts. */
async function begin(
  lab: Lab,
  { servers }: TwoNats,
  a: readonly string[],
  b: readonly string[],
): Promise<Two> {
  const common = ['--servers', servers, '--no-upnp'];
  const there = lab.start('b', ['trial', '--accept', ...common, ...b], { input: null });
  const address = await there.until('address', () => /p2pd1[0-9a-z]+(?=\s)/.exec(there.stderr)?.[0]);
  return { a: lab.start('a', ['trial', address, ...common, ...a]), b: there };
}

async function behind(nats: TwoNats, a: Nat, b: Nat): Promise<void> {
  await become(nats, natPreset(...a), natPreset(...b));
}

/** `udp-punch a: maybe, 1 of 1`, without what was not to open and did not. */
function openings({ cells }: TrialDocument): string[] {
  return cells
    .map(({ method, initiator, predicted, runs, surprise }) => {
      const opened = runs.filter(({ outcome }) => outcome === 'open').length;
      return `${method} ${initiator}: ${predicted}, ${opened} of ${runs.length}${surprise ? ' !' : ''}`;
    })
    .filter((line) => !line.endsWith('no, 0 of 1'));
}

function natsOf({ sides }: TrialDocument): string[] {
  return [sides.a, sides.b].map(({ reports: [report] }) => `${report?.udp.type}/${report?.udp.delta.type}`);
}

/** Namespaces share the kernel's clock. */
function expectOneClock({ clock }: TrialDocument): void {
  expect(Math.abs(clock?.offset ?? 99)).toBeLessThanOrEqual((clock?.error ?? 0) + 1);
}

describeNeeding(TWO_NATS_NEEDS, 'trial', () => {
  test(
    'trial: every form of the report, for both sides; compared, redacted, and run again in the simulation',
    { timeout: 120_000 },
    behindTwoNats(async (lab, nats) => {
      const file = (name: string) => lab.file(name);
      const [page, first, second, markdown] = ['a.html', 'b.json', 'b2.json', 'a2.md'].map(file);
      if (page === undefined || first === undefined || second === undefined || markdown === undefined) return;
      await behind(nats, ['restrict port', 'equal'], ['symmetric', 'random']);
      const whole = await begin(
        lab,
        nats,
        ['--json', '--repeat', '1', '--report', page],
        ['--format', 'markdown', '--report', first],
      );
      await whole.a.exits(0, WHOLE);
      await whole.b.exits(0);

      const document = parseTrial(whole.a.stdout);
      expect(document).toMatchObject({ complete: true, repeat: 1 });
      expect(natsOf(document)).toEqual(['5/2', '6/6']);
      expectOneClock(document);
      expect(document.elapsed).toBeLessThan(40_000);
      const punched = openings(document).map((line) => line.replace(/, [01] of 1$/, ''));
      expect(punched).toEqual(['udp-punch a: maybe', 'udp-punch b: maybe']);
      expect(parseTrial(readFileSync(first, 'utf8'))).toEqual(document);
      // Its address stands before the report.
      expect(whole.b.stdout).toMatch(/^p2pd1[0-9a-z]+\n## Two-machine trial/);
      expect(whole.b.stdout).toContain('symmetric, random ports');
      expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>.*symmetric, random ports/is);
      expect(whole.a.stderr).toContain(`the report is in ${page}`);

      await behind(nats, ['restrict', 'equal'], ['restrict port', 'preserving']);
      const short = await begin(
        lab,
        nats,
        [...PUNCHES, '--repeat', '2', '--redact', '--report', markdown],
        ['--json', '--report', second],
      );
      await short.a.exits(0);
      await short.b.exits(0);
      const after = parseTrial(short.b.stdout);
      expect(natsOf(after)).toEqual(['4/2', '5/3']);
      expect(openings(after)).toEqual(
        ['tcp-punch a', 'tcp-punch b', 'udp-punch a', 'udp-punch b'].map((way) => `${way}: yes, 2 of 2`),
      );
      expect(short.a.stdout).toMatch(/^Two-machine trial of .*2 of 2/s);
      for (const text of [short.a.stdout, readFileSync(markdown, 'utf8')]) {
        expect(text).toContain('Redacted');
        for (const secret of ['192.168.', '203.0.113.1', after.sides.a.nodeId, after.sides.b.nodeId])
          expect(text).not.toContain(secret);
      }

      const compared = lab.start('a', ['trial', '--compare', first, second, '--json']);
      await compared.exits(0);
      expect(JSON.parse(compared.stdout)).toMatchObject({ schemaVersion: 1 });
      const told = lab.start('a', ['trial', '--compare', first, second]);
      await told.exits(0);
      expect(told.stdout).toMatch(/TCP punch/);

      const replay = lab.start('a', ['trial', '--replay', first, '--json', '--repeat', '1']);
      await replay.exits(0, WHOLE);
      const replayed = parseTrial(replay.stdout);
      expect(replayed.complete).toBe(true);
      expect(natsOf(replayed)).toEqual(natsOf(document));
      expect(replayed.cells.map(({ predicted }) => predicted)).toEqual(
        document.cells.map(({ predicted }) => predicted),
      );
    }),
  );

  test(
    'trial: punches between other routers, a trial that is interrupted, and one where nothing opens',
    { timeout: 120_000 },
    behindTwoNats(async (lab, nats) => {
      const pairs: readonly (readonly [Nat, Nat, string[], string])[] = [
        [['full cone', 'preserving'], ['restrict port', 'random'], ['3/3', '5/6'], 'yes'],
        [['symmetric', 'independent'], ['restrict port', 'equal'], ['6/4', '5/2'], 'yes'],
      ];
      for (const [one, other, found, predicted] of pairs) {
        await behind(nats, one, other);
        const { a, b } = await begin(lab, nats, [...PUNCHES, '--json', '--repeat', '1'], ['--json']);
        await a.exits(0);
        await b.exits(0);
        const document = parseTrial(a.stdout);
        expect(parseTrial(b.stdout)).toEqual(document);
        expect(natsOf(document)).toEqual(found);
        expectOneClock(document);
        expect(openings(document)).toEqual(
          ['tcp-punch a', 'tcp-punch b', 'udp-punch a', 'udp-punch b'].map(
            (way) => `${way}: ${predicted}, 1 of 1`,
          ),
        );
      }

      const { a, b } = await begin(lab, nats, [...PUNCHES, '--repeat', '50'], ['--json']);
      await a.until('third run', () => (a.stderr.match(/^\+ ...\spunch/gm)?.length ?? 0) >= 3 || undefined);
      a.signal('SIGINT');
      await a.exits(130);
      expect(a.stdout).toMatch(/Not complete: it was stopped/);
      await b.exits(0);
      const stopped = parseTrial(b.stdout);
      expect(stopped).toMatchObject({ complete: false, incomplete: 'it was stopped' });
      expect(stopped.cells.flatMap(({ runs }) => runs).length).toBeGreaterThanOrEqual(3);

      await behind(nats, ['symmetric', 'random'], ['symmetric', 'random']);
      const alone = await begin(lab, nats, [...PUNCHES, '--json', '--repeat', '1'], ['--json']);
      await alone.a.exits(10, WHOLE);
      expect(parseTrial(alone.a.stdout)).toMatchObject({
        complete: false,
        incomplete: expect.stringMatching(/^no method opened a pipe/),
      });
      alone.b.signal('SIGINT');
      await alone.b.exits(0);
      expect(alone.b.stdout).toBe('');
    }),
  );

  test(
    'trial: b is killed in the middle; a reports what it has, as incomplete',
    { timeout: 90_000 },
    behindTwoNats(async (lab, nats) => {
      await behind(nats, ['restrict port', 'equal'], ['restrict', 'equal']);
      const { a, b } = await begin(lab, nats, [...PUNCHES, '--json', '--repeat', '50'], ['--json']);
      await a.until('third run', () => (a.stderr.match(/^\+ ...\spunch/gm)?.length ?? 0) >= 3 || undefined);
      b.signal('SIGKILL');
      await a.exits(0, WHOLE);
      const document = parseTrial(a.stdout);
      expect(document.complete).toBe(false);
      expect(document.incomplete).toMatch(/the other side is gone|no answer to "run"/);
      expect(document.cells.flatMap(({ runs }) => runs).length).toBeGreaterThanOrEqual(3);
    }),
  );
});
