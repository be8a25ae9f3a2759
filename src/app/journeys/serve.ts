/** The serve journey: MQTT, STUN and NTP on this machine, for people with no Internet or who want their own. */
import type { Identity } from '../../net/index.ts';
import type { Context } from './context.ts';

/** Kinds that `--only` may name; the info server is always there. */
export type Servable = 'mqtt' | 'stun' | 'ntp';

export interface ServeOptions {
  /** Addresses to listen at; empty: all of this machine. */
  readonly hosts: readonly string[];
  readonly ports: Readonly<Record<Servable | 'info', number>>;
  readonly only: readonly Servable[];
  /** The key that signs what is told. @default the one of the state directory */
  readonly identity?: () => Promise<Identity>;
}

export const DEFAULT_SERVE: ServeOptions = {
  hosts: [],
  ports: { mqtt: 1883, stun: 3478, ntp: 10123, info: 5380 },
  only: ['mqtt', 'stun', 'ntp'],
};

/**
 * Serves until the context's signal aborts; tells `ready` (with servers), `serving`, `log`, `stopped`.
 *
 * @throws P2pdError PORT_TAKEN, USAGE for an address that is not of this machine, STATE_UNUSABLE, KEY_DAMAGED
 */
export async function serve(ctx: Context, options: ServeOptions): Promise<void> {
  ctx.signal.throwIfAborted();
  await options.identity?.();
}
