/** What became of a registration, in words, and how it is kept fresh. Effects through Io. */
import { type Io, P2pdError, type PnpServer, PUBLIC_SERVERS } from '../net/index.ts';
import type { Answer } from './client.ts';
import type { Registration } from './names.ts';
import type { RefusalReason } from './rules.ts';

/** ms between two refreshes, of which a random part is left out so that not all nodes come at once; after a failure. */
const REFRESH = 24 * 3_600_000;
const REFRESH_JITTER = 4 * 3_600_000;
const RETRY = 15 * 60_000;
/** ms between two looks whether the address is another one, and after a registration before that counts. */
const LOOK = 30_000;
const CHANGE_PAUSE = 60_000;
/** ms between two refreshes, however short the name lives. */
const MIN_PAUSE = 60_000;

const PUBLIC_KEYS: ReadonlySet<string> = new Set(PUBLIC_SERVERS.pnp.map(({ publicKey }) => publicKey));

const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  taken: 'somebody else has it',
  stale: 'it knows something newer of this name',
  clock: 'the clocks differ by more than an hour',
  limit: 'this network has as many names there as it may',
  signature: 'it did not accept the signature',
  invalid: 'it does not accept this name',
  busy: 'it is busy',
  store: 'it cannot keep names just now',
};

export interface KeepingTask {
  readonly io: Io;
  /** The node's address now. */
  readonly address: () => string;
  readonly register: () => Promise<Registration>;
  /** What the first registration brought. */
  readonly first: Registration;
  /** Unix ms, corrected where the node's clock is. */
  readonly wall: () => number;
  /** Whose they are tells how often they are asked. */
  readonly servers: readonly PnpServer[];
  /** What came of each refresh. */
  readonly report: (registration: Registration) => void;
  /** The node has stopped. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * Registers anew well before the name expires, and soon after a failure or when the address has changed; with other
 * people's servers once a day, whatever happens. Called after a registration.
 */
export async function keepFresh(task: KeepingTask): Promise<void> {
  const { io, signal, isOver } = task;
  const isGentle = task.servers.some((one) => PUBLIC_KEYS.has(one.publicKey));
  let { full, expires } = task.first;
  let address = task.address();
  while (!signal.aborted) {
    const share = new DataView(io.randomBytes(4).slice().buffer).getUint32(0) / 2 ** 32;
    const now = io.now();
    const calm = REFRESH - share * REFRESH_JITTER;
    // Where the penalty takes most of its life the name is refreshed within what is left of it.
    const left = expires === null ? calm : Math.max(MIN_PAUSE, (expires * 1000 - task.wall()) / 2);
    const pause = isGentle ? calm : full === null ? RETRY * (1 + share) : Math.min(calm, left);
    const isDue = () => !isGentle && task.address() !== address && io.now() > now + CHANGE_PAUSE;
    while (!signal.aborted && !isOver() && io.now() < now + pause && !isDue())
      await io.sleepUntil(Math.min(now + pause, io.now() + LOOK), signal);
    if (signal.aborted || isOver()) return;
    address = task.address();
    const again = await task.register();
    ({ full, expires } = again);
    task.report(again);
  }
}

/** What a server said, in a few words. */
export function outcomeOf(answer: Answer): string {
  switch (answer.kind) {
    case 'done':
      return 'has it';
    case 'refused':
      return REFUSALS[answer.why];
    case 'silent':
      return `silent: ${answer.reason}`;
    default:
      return 'gave no clear answer';
  }
}

/** The error of a registration that no server took. */
export function registrationFault(name: string, servers: Registration['servers']): P2pdError {
  const refusals = servers.flatMap(({ answer }) => (answer.kind === 'refused' ? [answer.why] : []));
  const detail = servers.map(({ host, answer }) => `${host}: ${outcomeOf(answer)}`).join('; ');
  if (servers.length === 0)
    return new P2pdError('NO_SERVICE', `"${name}" cannot be registered: no name server is known`, {
      hint: 'name one with --servers or --via, or run p2pd-demo serve',
    });
  if (refusals.includes('taken'))
    return new P2pdError('NAME_TAKEN', `the nickname "${name}" is taken: another key holds it`);
  if (refusals.length > 0)
    return new P2pdError('NAME_REFUSED', `the nickname "${name}" was refused: ${detail}`);
  return new P2pdError('NO_SERVICE', `"${name}" could not be registered: no name server answers (${detail})`);
}
