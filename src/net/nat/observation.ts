/** One thing that a probe saw, as the folds over evidence take it. Types only. */
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import type { Evidence } from './behavior.ts';

/**
 * mapping: one local port, many servers · filter-both, filter-port: answer wished from another
 * address and port, or port, to a fresh local port · control-*: the same where that place was talked
 * to before, so that no filter is in the way · scattered, consecutive: a fresh local port each.
 */
export type TestName =
  | 'mapping'
  | 'filter-both'
  | 'filter-port'
  | 'control-both'
  | 'control-port'
  | 'scattered'
  | 'consecutive'
  | 'hairpin';

export interface Observation {
  readonly test: TestName;
  /** Who runs the server: addresses that name each other (OTHER-ADDRESS) have one operator. */
  readonly operator: string;
  /** Whom we asked. */
  readonly server: Endpoint;
  readonly local: Endpoint;
  /** How the server saw us. */
  readonly mapped: Endpoint | null;
  /** ms. */
  readonly rtt: number | null;
  /** Mappings are made in this order. */
  readonly order: number;
  /** Samples of one run were sent one right after the other. */
  readonly run: number;
  /**
   * silent: nothing came back · refused: an error said no, or the host has no such service · ignored:
   * the answer came from elsewhere than wished · failed: could not be sent.
   */
  readonly outcome: 'answered' | 'silent' | 'refused' | 'ignored' | 'failed';
}

const TITLES: Readonly<Record<TestName, string>> = {
  mapping: 'mapping',
  'filter-both': 'filtering: answer from another address and port',
  'filter-port': 'filtering: answer from another port',
  'control-both': 'does the server answer from its other address',
  'control-port': 'does the server answer from its other port',
  scattered: 'delta: scattered ports',
  consecutive: 'delta: consecutive ports',
  hairpin: 'hairpinning',
};

/** As reports show it, in the order in which it was sent. */
export function evidenceOf(observations: readonly Observation[]): Evidence[] {
  return inOrder(observations).map(({ test, server, local, mapped, rtt, outcome }) => ({
    test: outcome === 'answered' || outcome === 'silent' ? TITLES[test] : `${TITLES[test]} (${outcome})`,
    server: formatEndpoint(server),
    local: formatEndpoint(local),
    mapped: mapped === null ? null : formatEndpoint(mapped),
    rtt: rtt === null ? null : Math.round(rtt * 10) / 10,
  }));
}

export function inOrder(observations: readonly Observation[]): Observation[] {
  return [...observations].sort((a, b) => a.order - b.order);
}
