/** The replay journey: both sides of a report and their NATs rebuilt in the simulation, and the trial run again there. */
import { deferred, P2pdError } from '../../net/index.ts';
import type { AppEvent } from '../events.ts';
import type { TrialDocument } from '../trial/document.ts';
import { median } from '../trial/stats.ts';
import { acceptTrial } from './accept-trial.ts';
import type { Context } from './context.ts';
import { simulatedContext } from './simulated.ts';
import { trial } from './trial.ts';

/** Virtual ms. */
const LIMIT = 3_600_000;
/** ms, where no run tells it. */
const USUAL_RTT = 40;

/**
 * @returns the report of the simulated trial; what the first one left open is told as log lines
 * @throws P2pdError FILE_UNUSABLE for a report that says nothing of a side's NAT
 */
export async function replayTrial(
  ctx: Context,
  document: TrialDocument,
  repeat: number,
): Promise<TrialDocument> {
  const { a, b } = document.sides;
  for (const [side, { reports }] of [
    ['A', a],
    ['B', b],
  ] as const)
    if (reports.length === 0)
      throw new P2pdError(
        'FILE_UNUSABLE',
        `the report holds nothing of side ${side}'s NAT, so it cannot be rebuilt`,
        {
          hint: 'run the trial again, until both sides have looked at their NATs',
        },
      );
  const { buildReplayWorld } = await import('../../lab/index.ts');
  const { lab, servers, assumed, ...hosts } = buildReplayWorld(a.reports, b.reports, {
    seed: document.startedAt,
    rtt: rttOf(document),
    turn: hasRelay(document),
  });
  for (const text of assumed) ctx.emit({ event: 'log', level: 'warn', text: `not in the report: ${text}` });
  const { signal, config } = ctx;
  const sideOf = (host: typeof hosts.a, emit: (event: AppEvent) => void) =>
    simulatedContext({ host, servers, config, emit, signal });
  const replayed = await lab.run(
    async () => {
      const waiting = deferred<string>();
      const there = acceptTrial(
        sideOf(hosts.b, (event) => {
          if (event.event === 'trial' && event.address !== undefined) waiting.resolve(event.address);
        }),
        { nickname: null },
      );
      there.catch(waiting.reject);
      const here = sideOf(hosts.a, (event) => {
        if (event.event === 'trial' || event.event === 'trial-run') ctx.emit(event);
      });
      return trial(here, { peer: await waiting.promise, repeat, acceptNewKey: false });
    },
    { within: LIMIT },
  );
  return { ...replayed, startedAt: Math.round(ctx.io.wallClock()) };
}

/** Between the two, without a relay. */
function rttOf({ cells }: TrialDocument): number {
  const runs = cells.flatMap(({ method, path, runs }) =>
    method === 'relay' || path === 'local' ? [] : runs,
  );
  return Math.max(1, Math.round(median(runs.map(({ rtt }) => rtt)) ?? USUAL_RTT));
}

/** Whether there was one: a cell without is predicted not to open, and did not. */
function hasRelay({ cells }: TrialDocument): boolean {
  return cells.some(
    ({ method, predicted, runs }) =>
      method === 'relay' && (predicted !== 'no' || runs.some(({ outcome }) => outcome === 'open')),
  );
}
