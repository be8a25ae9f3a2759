/**
 * One local TCP port that punches: dials all its targets (simultaneous open, RFC 5128 §3.4), then
 * listens, so that whatever reaches the port meets a socket and never a reset. A dial that was refused
 * is repeated after a random while; one that is pending is left to the kernel, as its SYN may have been
 * answered already. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import type { ByteStream, Io, TcpListener } from '../io/io.ts';
import { PUNCH_HOLE_RETRY, PUNCH_RETRY_LEAST } from '../timing.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { withoutScope } from '../wire/ip.ts';
import type { PunchTask } from './punch.ts';

export interface PunchPortTask extends Omit<PunchTask, 'role' | 'site'> {
  readonly local: Endpoint;
}

const SYSTEM_REFUSALS = new Set(['ECONNREFUSED', 'ECONNRESET']);

export class PunchPort {
  readonly #task: PunchPortTask;
  /** Of targets, and whoever else may come in by them. */
  readonly #expected = new Set<string>();
  readonly #targets = new Set<string>();
  #listener: Promise<TcpListener | null> | null = null;
  /** Dials and listens one after the other: nobody can dial from a port that is listened on. */
  #turn: Promise<void> = Promise.resolve();

  constructor(task: PunchPortTask) {
    this.#task = task;
    onAbort(task.signal, () => void this.#deafen());
  }

  /**
   * Dials targets that are new; the port listens from then on. Never rejects.
   *
   * @param isHole nobody is there: the SYN only opens a filter, and the listener is what counts
   */
  aim(targets: readonly Endpoint[], isHole = false): Promise<void> {
    const fresh = targets.filter(
      (target) => !this.#targets.has(formatEndpoint(target)) && !this.#isOwn(target),
    );
    for (const target of fresh) {
      this.#targets.add(formatEndpoint(target));
      this.#expected.add(withoutScope(target.ip));
    }
    return fresh.length === 0 ? this.#turn : this.#dialInTurn(fresh, isHole);
  }

  #dialInTurn(targets: readonly Endpoint[], isHole: boolean): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      await this.#deafen();
      const { io, signal } = this.#task;
      if (signal.aborted) return;
      for (const target of targets) void this.#dial(target, isHole);
      // The system binds in the next turn: listening first would take the port away.
      await io.sleepUntil(io.now());
      await this.#listen();
    });
    return this.#turn;
  }

  async #dial(target: Endpoint, isHole: boolean): Promise<void> {
    const { io, local, signal, failed, lane } = this.#task;
    const startedAt = io.now();
    lane.sent();
    let elapsed = 0;
    try {
      const stream = await io.dialTcp(local, target, AbortSignal.any([signal]));
      elapsed = io.now() - startedAt;
      if (isSelf(stream)) stream.destroy();
      // The other side may have closed its listener just then: its kernel has reset what we took for open.
      else if (await this.#take(stream)) return;
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      if (!isRefusal(error)) return;
      elapsed = io.now() - startedAt;
      lane.refused(elapsed);
    }
    // Sides that repeat in step, or while the other's SYN is under way, would refuse each other for ever.
    const least = isHole ? PUNCH_HOLE_RETRY : PUNCH_RETRY_LEAST;
    const pause = Math.max(least, elapsed) * (1.2 + 1.8 * randomOf(io));
    await io.sleepUntil(io.now() + pause, AbortSignal.any([signal]));
    if (!signal.aborted) await this.#dialInTurn([target], isHole);
  }

  async #take(stream: ByteStream): Promise<boolean> {
    const { connected, lane } = this.#task;
    lane.received(stream.remote.port);
    const isPeer = await connected(stream);
    if (isPeer) lane.opened(stream);
    return isPeer;
  }

  async #listen(): Promise<void> {
    const { io, local, signal } = this.#task;
    if (signal.aborted) return;
    const listening = io
      .listenTcp(local, (stream) => {
        const isMeant = this.#expected.has(withoutScope(stream.remote.ip)) && !signal.aborted;
        if (isMeant && !isSelf(stream)) void this.#take(stream);
        else stream.destroy();
      })
      .catch(() => null);
    this.#listener = listening;
    await listening;
    if (signal.aborted) await this.#deafen();
  }

  async #deafen(): Promise<void> {
    const listener = await this.#listener;
    this.#listener = null;
    await listener?.close();
  }

  #isOwn({ ip, port }: Endpoint): boolean {
    return ip === this.#task.local.ip && port === this.#task.local.port;
  }
}

/** A simultaneous open with oneself succeeds: nobody else is there. */
function isSelf({ local, remote }: ByteStream): boolean {
  return local.port === remote.port && local.ip === remote.ip;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && SYSTEM_REFUSALS.has(String(error.code));
}

/** 0 to 1. */
function randomOf(io: Io): number {
  return (io.randomBytes(1)[0] ?? 0) / 255;
}
