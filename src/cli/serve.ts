/**
 * The serve command: its options, and what people read while it runs: the command for other machines
 * on stdout, what is used on stderr, now and then.
 */
import type { Stamped } from '../app/events.ts';
import type { Context } from '../app/journeys/context.ts';
import {
  DEFAULT_SERVE,
  parseStoreChoice,
  type ServeOptions,
  type StoreChoice,
  serve,
} from '../app/journeys/serve.ts';
import type { ServingEvent } from '../app/serve-events.ts';
import { P2pdError } from '../net/index.ts';
import { type CommonOptions, configOf } from './options.ts';
import { write } from './output.ts';
import { runJourney, type Voice, voiceOf } from './run.ts';

export interface ServeCommandOptions extends CommonOptions {
  readonly host?: string;
  readonly ports?: string;
  readonly only?: string;
  readonly pnpStore?: string;
}

/** ms between two lines about what is used. */
const LINE_INTERVAL = 10_000;

export async function runServe(options: ServeCommandOptions): Promise<void> {
  const voice: Voice = { ...voiceOf(options), interruptedExit: 0 };
  const what = serveOptionsOf(options);
  await runJourney(configOf(options), voice, (ctx) => serve(options.json ? ctx : spoken(ctx), what));
}

/** @throws P2pdError USAGE */
export function serveOptionsOf({ host, ports, only, pnpStore }: ServeCommandOptions): ServeOptions {
  return {
    hosts: host === undefined ? [] : words(host, '--host'),
    ports: ports === undefined ? DEFAULT_SERVE.ports : portsOf(ports),
    only: only === undefined ? DEFAULT_SERVE.only : kindsOf(only),
    store: pnpStore === undefined ? null : storeOf(pnpStore),
  };
}

function storeOf(text: string): StoreChoice {
  const choice = parseStoreChoice(text);
  if (choice !== null) return choice;
  // A URL may hold a password: it is not repeated.
  throw new P2pdError('USAGE', '--pnp-store: give sqlite:PATH or postgres://user:password@host/database');
}

function words(text: string, option: string): readonly string[] {
  const found = text.split(',').map((word) => word.trim());
  if (found.includes('')) throw new P2pdError('USAGE', `${option}: give words separated by commas`);
  return [...new Set(found)];
}

function kindsOf(text: string): ServeOptions['only'] {
  return words(text, '--only').map((word) => {
    const kind = DEFAULT_SERVE.only.find((known) => known === word);
    if (kind === undefined)
      throw new P2pdError('USAGE', `--only: "${word}" is none of ${DEFAULT_SERVE.only.join(', ')}`);
    return kind;
  });
}

function portsOf(text: string): ServeOptions['ports'] {
  const ports: Record<keyof ServeOptions['ports'], number> = { ...DEFAULT_SERVE.ports };
  const kinds = Object.keys(ports) as (keyof typeof ports)[];
  for (const word of words(text, '--ports')) {
    const [name = '', value = ''] = word.split('=');
    const port = Number(value);
    if (!/^\w+=\d{1,5}$/.test(word) || port < 1 || port > 65_535)
      throw new P2pdError('USAGE', `--ports: "${word}" is not kind=port, port 1 to 65535`);
    const kind = kinds.find((known) => known === name);
    if (kind === undefined) throw new P2pdError('USAGE', `--ports: "${name}" is none of ${kinds.join(', ')}`);
    ports[kind] = port;
  }
  checkDistinct(ports);
  return ports;
}

function checkDistinct({ stun, ...others }: ServeOptions['ports']): void {
  if (stun === 65_535)
    throw new P2pdError('USAGE', '--ports: stun takes the next port too, so 65534 at most');
  const all = [...Object.values(others), stun, stun + 1];
  const twice = all.find((port, i) => all.indexOf(port) !== i);
  if (twice !== undefined)
    throw new P2pdError('USAGE', `--ports: port ${twice} is there twice; stun takes the next one too`);
}

/** The context of one who reads: its events as lines besides. */
function spoken(ctx: Context): Context {
  const speaker = new Speaker(ctx);
  return {
    ...ctx,
    emit(event) {
      ctx.emit(event);
      if (event.event === 'serving') speaker.hear(event);
    },
  };
}

class Speaker {
  readonly #ctx: Context;
  #commands: readonly string[] = [];
  #said: string | null = null;
  #latest = '';
  #isResting = false;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  hear(event: ServingEvent): void {
    if (this.#commands.length === 0) this.#begin(event);
    this.#latest = summaryOf(event);
    if (!this.#isResting) this.#say();
  }

  #begin({ command, commands, services }: ServingEvent): void {
    this.#commands = commands;
    const kinds = services.filter(({ kind }) => kind !== 'info').map(({ kind }) => kind);
    write(process.stderr, `serving ${kinds.join(', ')}; other machines run:\n`);
    write(process.stdout, `${command}\n`);
    const more = commands.filter((other) => other !== command);
    if (more.length > 0) write(process.stderr, `or, by another address of this machine:\n`);
    for (const other of more) write(process.stderr, `  ${other}\n`);
    this.#said = summaryOf({ services });
  }

  #say(): void {
    if (this.#latest === this.#said) return;
    this.#said = this.#latest;
    write(process.stderr, `${this.#latest}\n`);
    this.#isResting = true;
    const { io, signal } = this.#ctx;
    void io.sleepUntil(io.now() + LINE_INTERVAL, signal).then(() => {
      this.#isResting = false;
      if (!signal.aborted) this.#say();
    });
  }
}

/** `12 clients, 340 messages, 25 STUN, 4 NTP, 2 refused, 1 error`. */
function summaryOf({ services }: Pick<Stamped<ServingEvent>, 'services'>): string {
  const of = (kind: string) => services.find((service) => service.kind === kind);
  const sum = (field: 'refused' | 'errors') => services.reduce((total, service) => total + service[field], 0);
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
  const parts = [
    count(of('mqtt')?.clients ?? 0, 'client'),
    count(of('mqtt')?.requests ?? 0, 'message'),
    ...(['stun', 'ntp'] as const)
      .filter((kind) => (of(kind)?.requests ?? 0) > 0)
      .map((kind) => count(of(kind)?.requests ?? 0, `${kind.toUpperCase()} answer`)),
    ...(sum('refused') > 0 ? [`${sum('refused')} refused`] : []),
    ...(sum('errors') > 0 ? [count(sum('errors'), 'error')] : []),
  ];
  return parts.join(', ');
}
