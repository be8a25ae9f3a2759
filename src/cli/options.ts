/**
 * The contract's options: declared once, read and checked here, in the words of the person who
 * mistyped one.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Config,
  DEFAULT_CONFIG,
  FAMILY_LETTERS,
  METHOD_LETTERS,
  PATH_LETTERS,
  type ServerChoice,
} from '../app/config.ts';
import type { LogLevel } from '../app/events.ts';

/** What commander makes of the common options. */
export interface CommonOptions {
  readonly via?: string;
  readonly servers?: string;
  readonly state?: string;
  readonly interface?: readonly string[];
  readonly port?: number;
  readonly methods?: Config['methods'];
  readonly paths?: Config['paths'];
  readonly families?: Config['families'];
  readonly timeout?: number;
  readonly json?: boolean;
  readonly log?: LogLevel;
  readonly allow?: readonly string[];
  readonly upnp?: boolean;
}

const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/**
 * Adds the options that every command takes. What stands in brackets at the end is the default, here
 * and in every command's own options: the README's table has a column for it.
 */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--via <host[:port][#key]>',
        'use a machine that runs serve for every service; the key, as it prints it, is checked (default: public servers)',
      )
        .argParser(parseGiven)
        .conflicts('servers'),
    )
    .option(
      '--servers <file>',
      'JSON list of servers to use instead of the public ones (default: built-in list)',
      parseGiven,
    )
    .option(
      '--state <dir>',
      'keys and settings; also P2PD_HOME. Each running node takes the first free slot 0, 1, 2…; a slot keeps its key, so slot 0 is always the same node (default: the platform’s data directory)',
    )
    .option('--interface <names>', 'only these interfaces, comma-separated (default: all)', parseNames)
    .option(
      '--port <n>',
      'listen port; 0 = any; a port named here and taken is an error (default: derived from the machine and the slot; the next free one if taken)',
      parsePort,
    )
    .option(
      '--methods <list>',
      'letters in order: d direct, r reverse (the peer dials back), p TCP punch, u UDP punch, t TURN relay (default: drput)',
      parseMethods,
    )
    .option(
      '--paths <list>',
      'letters in order: e external (WAN), l local (LAN, same machine) (default: el)',
      parsePaths,
    )
    .option('--families <list>', 'IP versions in order, 4 and 6 (default: 46)', parseFamilies)
    .option('--no-upnp', 'ask the router for no open port (default: by PCP, NAT-PMP or UPnP)')
    .option('--timeout <seconds>', 'to have a pipe (default: 30)', parseSeconds)
    .option('--json', 'machine output on stdout (default: text)')
    .addOption(new Option('--log <level>', 'how much to tell on stderr (default: warn)').choices(LOG_LEVELS));
}

/** Those that are about a real machine, by commander's names: the demo refuses them. */
export const REAL_MACHINE: readonly (keyof CommonOptions)[] = [
  'via',
  'servers',
  'state',
  'interface',
  'port',
  'upnp',
];

/** The run's configuration: what was given over the defaults. */
export function configOf(options: CommonOptions): Config {
  return {
    state: options.state,
    interfaces: options.interface ?? [],
    servers: serversOf(options),
    port: options.port ?? null,
    allow: options.allow ?? null,
    methods: options.methods ?? DEFAULT_CONFIG.methods,
    paths: options.paths ?? DEFAULT_CONFIG.paths,
    families: options.families ?? DEFAULT_CONFIG.families,
    portMapping: options.upnp ?? DEFAULT_CONFIG.portMapping,
    timeout: options.timeout ?? DEFAULT_CONFIG.timeout,
    log: options.log ?? DEFAULT_CONFIG.log,
  };
}

function serversOf({ via, servers }: CommonOptions): ServerChoice {
  if (via !== undefined) return { kind: 'via', via };
  return servers === undefined ? DEFAULT_CONFIG.servers : { kind: 'file', path: servers };
}

/** Node ids, 32 hex digits each. */
export function parseNodeIds(text: string): string[] {
  return parseNames(text).map((id) => {
    if (!/^[0-9a-f]{32}$/i.test(id)) throw new InvalidArgumentError(`"${id}" is no node id (32 hex digits).`);
    return id.toLowerCase();
  });
}

/** How often a trial's cells are run. */
export function parseRepeat(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 100)
    throw new InvalidArgumentError('Give a number of runs, 1 to 100.');
  return count;
}

/** ms from seconds. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 86_400)) {
    throw new InvalidArgumentError('Give seconds, 0 to 86400.');
  }
  return seconds * 1000;
}

/** Bytes, with K, M or G for powers of 1000. */
export function parseBytes(text: string): number {
  const match = /^(\d{1,12})([kmg]?)$/i.exec(text);
  const bytes = Number(match?.[1]) * 1000 ** ['', 'k', 'm', 'g'].indexOf(match?.[2]?.toLowerCase() ?? '');
  if (!(bytes >= 1 && bytes <= 2 ** 34))
    throw new InvalidArgumentError('Give bytes, 1 to 16G: 1000000 or 100M.');
  return bytes;
}

/** ms of a simulated round trip: over longer ones public services count as silent. */
export function parseRtt(text: string): number {
  const ms = Number(text);
  if (text.trim() === '' || !(ms >= 0 && ms <= 1_000))
    throw new InvalidArgumentError('Give milliseconds, 0 to 1000.');
  return ms;
}

/** How fast simulated time passes. */
export function parseSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() === '' || !(speed >= 0.001 && speed <= 100))
    throw new InvalidArgumentError('Give a factor, 0.001 to 100.');
  return speed;
}

function parseGiven(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text.trim();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('Give a port, 0 to 65535.');
  return port;
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('Give names separated by commas.');
  return [...new Set(names)];
}

const parseMethods = (text: string) => parseLetters(text, METHOD_LETTERS);
const parsePaths = (text: string) => parseLetters(text, PATH_LETTERS);
const parseFamilies = (text: string) => parseLetters(text, FAMILY_LETTERS);

/** Letters, with or without commas between them; each once. */
function parseLetters<T>(text: string, letters: Readonly<Record<string, T>>): T[] {
  const given = [...text.toLowerCase().replace(/[,\s]/g, '')];
  if (given.length === 0)
    throw new InvalidArgumentError(`Give letters out of ${Object.keys(letters).join('')}.`);
  const values = given.map((letter) => {
    const value = letters[letter];
    if (value === undefined) {
      throw new InvalidArgumentError(`"${letter}" is none of ${Object.keys(letters).join(', ')}.`);
    }
    return value;
  });
  return [...new Set(values)];
}
