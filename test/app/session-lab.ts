/** Sessions of the TUI on simulated machines, in virtual time. */
import { DEFAULT_CONFIG } from '../../src/app/config.ts';
import type { Stamped } from '../../src/app/events.ts';
import type { Context } from '../../src/app/journeys/context.ts';
import { createSession } from '../../src/app/live-session.ts';
import type { ConnectChoice, Session } from '../../src/app/session.ts';
import type { State } from '../../src/app/state.ts';
import { createAppStore } from '../../src/app/store.ts';
import { createLab, type Lab, type LabHost } from '../../src/lab/index.ts';
import { identityOf } from '../../src/net/identity.ts';
import type { ClaimedIdentity, Identity, StateFiles } from '../../src/net/index.ts';

const NO_FILES: StateFiles = { read: async () => null, write: async () => undefined };

export interface Side {
  readonly ctx: Context;
  readonly session: Session;
  readonly events: readonly Stamped[];
  readonly released: readonly number[];
  state(): State;
  address(node?: number): string;
}

export function sideOn(host: LabHost, claim?: () => Promise<ClaimedIdentity>): Side {
  const { io } = host;
  const store = createAppStore(() => io.now());
  const events: Stamped[] = [];
  const released: number[] = [];
  const slots: { readonly identity: Identity; held: boolean }[] = [];
  const claimNext = async (): Promise<ClaimedIdentity> => {
    const free = slots.findIndex(({ held }) => !held);
    const number = free < 0 ? slots.length : free;
    const slot = slots[number] ?? { identity: identityOf(io.randomBytes(32)), held: true };
    slots[number] = slot;
    slot.held = true;
    return {
      identity: slot.identity,
      slot: number,
      machineId: Buffer.from(host.name.padEnd(8)).toString('hex').slice(0, 16),
      files: NO_FILES,
      release: async () => {
        slot.held = false;
        released.push(number);
      },
    };
  };
  store.onEvent((event) => events.push(event));
  const { signal } = new AbortController();
  const ctx: Context = {
    io,
    config: DEFAULT_CONFIG,
    emit: store.emit,
    signal,
    claim: claim ?? claimNext,
    files: async () => NO_FILES,
  };
  return {
    ctx,
    session: createSession(ctx, store),
    events,
    released,
    state: store.getState,
    address: (node = 0) => store.getState().nodes[node]?.address ?? '',
  };
}

export function choose(peer: string): ConnectChoice {
  return { peer, methods: ['direct'], paths: ['external', 'local'], families: [4, 6] };
}

/** Lets virtual time pass until this holds; at most a virtual minute. */
export async function until(lab: Lab, holds: () => boolean): Promise<void> {
  const limit = lab.now() + 60_000;
  while (!holds()) {
    if (lab.now() >= limit) throw new Error(`within a virtual minute it never held that ${holds}`);
    await lab.advance(10);
  }
}

export async function twoSides() {
  const lab = createLab({ seed: 'live session' });
  const lan = lab.lan({ delay: 1 });
  const alice = sideOn(lab.host({ name: 'alice', on: lan }));
  const bob = sideOn(lab.host({ name: 'bob', on: lan }));
  await lab.run(Promise.all([alice.session.startNode(), bob.session.startNode()]));
  return { lab, alice, bob };
}

/** As `twoSides`, with a pipe from Alice to Bob that is open on both. */
export async function connected() {
  const { lab, alice, bob } = await twoSides();
  const pipe = alice.session.connect(choose(bob.address())) ?? '';
  await until(lab, () => [alice, bob].every((side) => side.state().pipes[0]?.state === 'open'));
  return { lab, alice, bob, pipe };
}

export const faults = (side: Side) => side.events.filter(({ event }) => event === 'error');
