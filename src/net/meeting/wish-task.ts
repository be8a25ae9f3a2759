/** What a connect of ours stands on. Types only. */
import type { NodeAddress } from '../address.ts';
import type { PlannedMethod } from '../connect/plan.ts';
import type { ConnectOptions } from '../node-options.ts';
import type { Account } from './reports.ts';
import type { MeetingTask } from './task.ts';

export interface WishTask extends MeetingTask {
  readonly peer: NodeAddress;
  readonly pipeId: Uint8Array;
  /** The pipe's name. */
  readonly pipe: string;
  readonly choice: ConnectOptions;
  /** @param peer its newest address */
  readonly plan: (peer: NodeAddress) => readonly PlannedMethod[];
  /** What both sides see of it. */
  readonly account: Account;
  /** As of `PlayTask`. */
  readonly enterChance: (ip: string) => (() => void) | null;
}
