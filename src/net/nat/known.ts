/** What is known of one interface's NAT, by a report or by an earlier one. Types only. */
import type { TransportReport } from '../nat-report.ts';
import type { Family } from '../wire/endpoint.ts';

export type KnownFacts = Pick<TransportReport, 'type' | 'delta' | 'range'>;

export interface KnownNat {
  readonly interface: string;
  readonly family: Family;
  readonly udp: KnownFacts;
  readonly tcp: KnownFacts;
}
