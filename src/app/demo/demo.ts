/** The demo without a person: as much of it as a terminal that nobody looks at, or a script, can show. */
import { P2pdError } from '../../net/index.ts';
import type { Config } from '../config.ts';
import { exitCodeOf } from '../failure.ts';
import type { Context } from '../journeys/context.ts';
import { createAppStore } from '../store.ts';
import { type DemoOptions, type DemoWorld, openDemoWorld } from './demo-world.ts';
import { createPlay, type Play, type Staging } from './director.ts';

export interface Demo extends DemoWorld {
  readonly play: Play;
}

/** Both sides, each with a store of its own in virtual time. */
export async function openDemo(options: DemoOptions, config: Config, signal: AbortSignal): Promise<Demo> {
  const demo = await openDemoWorld(options);
  const actor = (side: 'a' | 'b') => {
    const store = createAppStore(demo.world.lab.now);
    return { store, ctx: demo.context(side, config, store.emit, signal) };
  };
  const { methods, paths, families } = config;
  const play = createPlay(actor('a'), actor('b'), { methods, paths, families });
  return { ...demo, play };
}

/**
 * Plays to the end and closes the pipe, at the pace of a real clock; events are Alice's.
 *
 * @returns the exit code: what did not open has been told
 * @throws P2pdError INTERRUPTED
 */
export async function demo({ io, config, emit, signal }: Context, options: DemoOptions): Promise<number> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const opened = await openDemo(options, config, stop);
  opened.play.sides.a.store.onEvent(emit);
  const running = opened.run(io, stop);
  const { speed } = options;
  const playing = playOut(opened.play, { watched: false, speed, onConnect: () => opened.setSpeed(speed) });
  try {
    // The clock ends only by an interrupt, or a fault.
    const code = await Promise.race([playing, running.then(() => null)]);
    if (code === null) throw new P2pdError('INTERRUPTED', 'interrupted');
    return code;
  } finally {
    over.abort();
    await running.catch(() => undefined);
  }
}

/** @returns the exit code */
export async function playOut({ sides, run }: Play, staging: Staging): Promise<number> {
  const { a } = sides;
  const faults: P2pdError[] = [];
  a.store.onEvent((event) => {
    if (event.event === 'error') faults.push(new P2pdError(event.code, event.message, { hint: event.hint }));
  });
  const pipe = await run(staging);
  const [fault] = faults;
  if (pipe?.state !== 'open') return exitCodeOf(fault ?? new P2pdError('NO_PATH', 'no pipe opened'));
  a.close(pipe.id);
  await a.stop();
  return 0;
}
