/** The demo command: two simulated machines in one terminal, with the TUI's screens or, for scripts, as connect prints. */
import type { Config } from '../app/config.ts';
import { demo, openDemo } from '../app/demo/demo.ts';
import { DEMO_NAMES, type DemoOptions } from '../app/demo/demo-world.ts';
import { sideName } from '../app/matrix-view.ts';
import { parseNatSpec } from '../app/nat-spec.ts';
import { openIo, P2pdError } from '../net/index.ts';
import { type CommonOptions, configOf, REAL_MACHINE } from './options.ts';
import { write } from './output.ts';
import { runJourney, voiceOf } from './run.ts';
import { showTui } from './tui.ts';

export interface DemoCommandOptions extends CommonOptions {
  readonly natA: string;
  readonly natB: string;
  readonly rtt: number;
  readonly speed: number;
  readonly turn: boolean;
  readonly seed: string;
}

export async function runDemo(options: DemoCommandOptions): Promise<number> {
  const config = configOf(options);
  const chosen = demoOptions(options);
  if (process.stdin.isTTY && process.stdout.isTTY && !options.json) return showDemo(chosen, config);
  if (!options.json) write(process.stderr, `${introduction(chosen)}\n`);
  return runJourney(config, voiceOf(options), (ctx) => demo(ctx, chosen));
}

/** @throws P2pdError USAGE */
function demoOptions(options: DemoCommandOptions): DemoOptions {
  // Port mapping is on unless it is refused.
  const given = REAL_MACHINE.filter((name) => options[name] !== (name === 'upnp' ? true : undefined)).map(
    (name) => (name === 'upnp' ? '--no-upnp' : `--${name}`),
  );
  if (given.length > 0) {
    const what = `${given.join(' and ')} ${given.length > 1 ? 'have' : 'has'} no meaning in the demo`;
    throw new P2pdError('USAGE', `${what}: its machines and services are simulated`);
  }
  const { rtt, speed, turn, seed } = options;
  const nats = { a: parseNatSpec(options.natA), b: parseNatSpec(options.natB) };
  // Over IPv6 there are no NATs to be seen at work.
  return { nats, rtt, speed, turn, seed, ipv6: options.families?.includes(6) ?? false };
}

function introduction({ nats, rtt }: DemoOptions): string {
  const [a, b] = [nats.a, nats.b].map(({ type, delta }) => sideName({ type, delta: delta.type }));
  const { a: alice, b: bob } = DEMO_NAMES;
  return `simulated: ${alice} behind ${a}, ${bob} behind ${b}, ${rtt} ms between them; nothing leaves this machine`;
}

/** @returns the exit code */
async function showDemo(options: DemoOptions, config: Config): Promise<number> {
  const over = new AbortController();
  const [io, opened] = await Promise.all([openIo(), openDemo(options, config, over.signal)]);
  const { a, b } = opened.play.sides;
  const start = () => {
    const running = opened.run(io, over.signal);
    const { speed } = options;
    const onConnect = () => opened.setSpeed(speed);
    void Promise.all([running, opened.play.run({ watched: true, speed, onConnect })]);
  };
  await showTui({ ...a, start: async () => start() }, { other: b, scene: opened.scene });
  // Nothing real is to be closed.
  over.abort();
  return 0;
}
