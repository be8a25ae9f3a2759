/** Reports run again in the simulation. */
import { describe, expect, test, vi } from 'vitest';
import type { AppEvent } from '../../../src/app/events.ts';
import type { Context } from '../../../src/app/journeys/context.ts';
import { replayTrial } from '../../../src/app/journeys/replay-trial.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import type { TrialDocument } from '../../../src/app/trial/document.ts';
import { natPreset } from '../../../src/lab/index.ts';
import { sampleTrial } from '../../helpers/sample-trial.ts';
import { outcomesOf, tried, twoHomes, waiting } from './trial-lab.ts';

// Which servers there are is another subject; in a replay they are the simulation's.
vi.mock(import('../../../src/app/journeys/servers.ts'), async (original) => ({
  chooseServers: vi.fn((await original()).chooseServers),
}));

type Servers = typeof import('../../../src/app/journeys/servers.ts');

async function recorded(
  seed: string,
  a: Parameters<typeof natPreset>,
  b: Parameters<typeof natPreset>,
  delay = 10,
) {
  const machines = twoHomes(seed, { delay, a: { nat: natPreset(...a) }, b: { nat: natPreset(...b) } });
  return { ...(await tried(await waiting(machines), 1)), machines };
}

async function replayed(document: TrialDocument, signal = new AbortController().signal) {
  const actual = await vi.importActual<Servers>('../../../src/app/journeys/servers.ts');
  vi.mocked(chooseServers).mockImplementation(actual.chooseServers);
  const events: AppEvent[] = [];
  const { a } = twoHomes('the person', {});
  const { sideOn } = await import('../session-lab.ts');
  const ctx: Context = { ...sideOn(a).ctx, signal, emit: (event) => events.push(event) };
  return { document: await replayTrial(ctx, document, 2), events };
}

const natOf = ({ sides }: TrialDocument) =>
  [sides.a, sides.b].map(({ reports: [report] }) => [
    report?.udp.type,
    report?.udp.delta,
    report?.udp.mapping,
    report?.udp.filtering,
  ]);

/** The sample's TCP is seen at one address on both sides: that would be one home. Of a's NAT the filtering is not known. */
function twoAddresses(document: TrialDocument): TrialDocument {
  const { a, b } = document.sides;
  const own = ({ reports }: TrialDocument['sides']['a']) =>
    reports.map((report) => ({ ...report, tcp: { ...report.tcp, external: report.udp.external } }));
  const unknown = own(a).map((report) => ({ ...report, udp: { ...report.udp, filtering: null } }));
  return { ...document, sides: { a: { ...a, reports: unknown }, b: { ...b, reports: own(b) } } };
}

describe('replay', () => {
  test.each([
    [
      ['restrict port', 'equal'],
      ['symmetric', 'random'],
    ],
    [
      ['full cone', 'preserving'],
      ['restrict', 'equal'],
    ],
    [
      ['symmetric', 'independent'],
      ['restrict port', 'equal'],
    ],
  ] as const)(
    'replay: %s and %s: the same NATs, the same predictions, the same outcomes',
    { timeout: 60_000 },
    async (a, b) => {
      const { ours } = await recorded(`${a} ${b}`, [...a], [...b]);
      const { document, events } = await replayed(ours);
      expect(document).toMatchObject({ complete: true, repeat: 2 });
      expect(natOf(document)).toEqual(natOf(ours));
      const whether = (one: TrialDocument) =>
        outcomesOf(one).map((line) =>
          line.replace(/, (\d) of \d+/, (_, n) => (n === '0' ? ': never' : ': opens')),
        );
      expect(whether(document)).toEqual(whether(ours));
      const rtts = document.cells.flatMap(({ runs }) => runs).flatMap(({ rtt }) => rtt ?? []);
      for (const rtt of rtts) expect(Math.abs(rtt - 40)).toBeLessThanOrEqual(2);
      const phases = events.flatMap((event) => (event.event === 'trial' ? [event.phase] : []));
      expect(phases).toEqual(['meeting', 'looking', 'running', 'done']);
      expect(Math.abs(document.startedAt - Date.UTC(2026, 0, 1))).toBeLessThan(86_400_000);
    },
  );

  test('replay: what the report leaves open is told, and a report from a file runs as well', {
    timeout: 60_000,
  }, async () => {
    const { document, events } = await replayed(twoAddresses(sampleTrial()));
    const told = events.flatMap((event) => (event.event === 'log' ? [event.text] : []));
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((text) => text.startsWith('not in the report: '))).toBe(true);
    expect(document.complete).toBe(true);
    expect(natOf(document).map(([type]) => type)).toEqual([6, 5]);
    // There was a relay.
    expect(
      document.cells
        .filter(({ method }) => method === 'relay')
        .flatMap(({ runs }) => runs.map(({ outcome }) => outcome)),
    ).toContain('open');
  });

  test('replay: the same report gives the same replay', { timeout: 60_000 }, async () => {
    const { ours } = await recorded('again', ['restrict port', 'equal'], ['restrict', 'equal']);
    const [first, second] = [await replayed(ours), await replayed(ours)];
    expect(outcomesOf(second.document)).toEqual(outcomesOf(first.document));
  });

  test('replay: a report without a side’s NAT cannot be replayed, and says whose', async () => {
    const sample = sampleTrial();
    const without = { ...sample, sides: { ...sample.sides, b: { ...sample.sides.b, reports: [] } } };
    await expect(replayed(without)).rejects.toMatchObject({
      code: 'FILE_UNUSABLE',
      message: "the report holds nothing of side B's NAT, so it cannot be rebuilt",
    });
  });

  test('replay: whoever leaves before it has begun gets no report', async () => {
    const stop = new AbortController();
    stop.abort(new Error('left'));
    await expect(replayed(sampleTrial(), stop.signal)).rejects.toThrow('left');
  });
});
