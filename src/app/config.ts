/**
 * What a run of the program was asked for: the contract's options, read and checked by the door.
 */
import type { Family, Method, Pathway, ServerList } from '../net/index.ts';
import type { LogLevel } from './events.ts';

/** Which public services a run may use. */
export type ServerChoice =
  /** The built-in list, and what a `serve` on this very machine offers. */
  | { readonly kind: 'public' }
  | { readonly kind: 'file'; readonly path: string }
  /** A machine that runs `serve`, as it was named: `HOST[:PORT][#KEY]`. */
  | { readonly kind: 'via'; readonly via: string }
  /** Those of a simulated network. */
  | { readonly kind: 'simulated'; readonly list: ServerList };

export interface Config {
  /** State directory; undefined: P2PD_HOME, else the platform's. */
  readonly state: string | undefined;
  /** Only interfaces of these names; empty: all. */
  readonly interfaces: readonly string[];
  readonly servers: ServerChoice;
  /** null: derived from the machine id and the slot. */
  readonly port: number | null;
  /** Node ids that may open pipes; null: everybody. */
  readonly allow: readonly string[] | null;
  /** In order of preference. */
  readonly methods: readonly Method[];
  readonly paths: readonly Pathway[];
  readonly families: readonly Family[];
  /** ms to have a pipe. */
  readonly timeout: number;
  /** Routers are asked for the node's port. */
  readonly portMapping: boolean;
  readonly log: LogLevel;
}

/** The contract's letters. */
export const METHOD_LETTERS: Readonly<Record<string, Method>> = {
  d: 'direct',
  r: 'reverse',
  p: 'tcp-punch',
  u: 'udp-punch',
  t: 'relay',
};
export const PATH_LETTERS: Readonly<Record<string, Pathway>> = { e: 'external', l: 'local' };
export const FAMILY_LETTERS: Readonly<Record<string, Family>> = { 4: 4, 6: 6 };

/** `AVAILABLE_METHODS`, named again: the first frame must not wait for all of net to be loaded. */
const METHODS: readonly Method[] = ['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay'];

/** The contract's defaults: of the methods, those that this version has. */
export const DEFAULT_CONFIG: Config = {
  state: undefined,
  interfaces: [],
  servers: { kind: 'public' },
  port: null,
  allow: null,
  methods: METHODS,
  paths: ['external', 'local'],
  families: [4, 6],
  timeout: 30_000,
  portMapping: true,
  log: 'warn',
};

/** Methods as people read them. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  direct: 'direct',
  reverse: 'reverse',
  'tcp-punch': 'TCP punch',
  'udp-punch': 'UDP punch',
  relay: 'relay',
};
