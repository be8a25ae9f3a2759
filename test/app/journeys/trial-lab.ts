/** Two sides of a trial in virtual time. Mock `journeys/servers.ts` in the file that uses it. */
import { vi } from 'vitest';
import { acceptTrial } from '../../../src/app/journeys/accept-trial.ts';
import { chooseServers } from '../../../src/app/journeys/servers.ts';
import { trial } from '../../../src/app/journeys/trial.ts';
import type { SideName, TrialCell, TrialDocument } from '../../../src/app/trial/document.ts';
import type { Lab, LabHost } from '../../../src/lab/index.ts';
import { createWorld, type WorldOptions } from '../../../src/lab/world.ts';
import type { ServerList } from '../../../src/net/index.ts';
import { type Side, sideOn, until } from '../session-lab.ts';

export interface TwoMachines {
  readonly lab: Lab;
  readonly servers: ServerList;
  readonly a: LabHost;
  readonly b: LabHost;
}

export interface Meeting {
  readonly lab: Lab;
  readonly hosts: TwoMachines;
  readonly a: Side;
  readonly b: Side;
  /** As side b gets it; its node ends by itself. */
  readonly theirs: Promise<TrialDocument | null>;
  readonly address: string;
  /** Side a's wish to leave. */
  readonly stopA: () => void;
  readonly stopB: () => void;
}

/** A's clock is ahead, b's behind: b's against a's is this. */
export const OFFSET = -100;

export function twoHomes(seed: string, options: Omit<WorldOptions, 'seed'>): TwoMachines {
  const { a, b, ...rest } = options;
  return createWorld({
    seed: `trial ${seed}`,
    fullStun: true,
    ...rest,
    a: { clockOffset: 40, ...a },
    b: { clockOffset: -60, ...b },
  });
}

/** Side b waits for a trial. */
export async function waiting(
  hosts: TwoMachines,
  change: Partial<Side['ctx']['config']> = {},
): Promise<Meeting> {
  const { lab, servers, a, b } = hosts;
  vi.mocked(chooseServers).mockResolvedValue(servers);
  const stops = { a: new AbortController(), b: new AbortController() };
  const side = (host: LabHost, name: SideName): Side => {
    const { ctx, ...rest } = sideOn(host);
    return { ...rest, ctx: { ...ctx, config: { ...ctx.config, ...change }, signal: stops[name].signal } };
  };
  const sides = { a: side(a, 'a'), b: side(b, 'b') };
  const theirs = acceptTrial(sides.b.ctx, { nickname: null });
  theirs.catch(() => undefined);
  const address = () => sides.b.state().trial?.address ?? '';
  await until(lab, () => address() !== '');
  const stop = (name: SideName) => () => stops[name].abort(new Error('the person left'));
  return { lab, hosts, ...sides, theirs, address: address(), stopA: stop('a'), stopB: stop('b') };
}

/** The whole trial. @returns both sides' reports */
export async function tried(meeting: Meeting, repeat = 2) {
  const { lab, a, address, theirs } = meeting;
  const ours = await lab.run(() => trial(a.ctx, { peer: address, repeat, acceptNewKey: false }));
  return { ours, theirs: await lab.run(theirs) };
}

export function cellOf(
  { cells }: TrialDocument,
  method: TrialCell['method'],
  initiator: SideName,
  path: TrialCell['path'] = 'external',
  family: TrialCell['family'] = 4,
): TrialCell | undefined {
  return cells.find(
    (cell) =>
      cell.method === method && cell.initiator === initiator && cell.path === path && cell.family === family,
  );
}

/** `external tcp-punch 4 a: yes, 2 of 2`, a line each. */
export function outcomesOf({ cells }: TrialDocument): string[] {
  return cells.map(({ path, method, family, initiator, predicted, runs, surprise }) => {
    const opened = runs.filter(({ outcome }) => outcome === 'open').length;
    return `${path} ${method} ${family} ${initiator}: ${predicted}, ${opened} of ${runs.length}${surprise ? ' !' : ''}`;
  });
}
