/**
 * Evidence to filtering behaviour (RFC 4787 §5, RFC 5780 §4.4): whose answers come through to a
 * fresh local port. Silence counts only where the server is known to send what was wished. Pure; the
 * order of the evidence does not matter.
 */
import type { Dependence } from './behavior.ts';
import { grouped } from './mapping.ts';
import type { Observation, TestName } from './observation.ts';

export interface FilteringVerdict {
  readonly filtering: Dependence | null;
  readonly unknown: string | null;
}

/** @param mappingVaries then no control can succeed, and a server is believed that answers at all its places */
export function foldFiltering(
  observations: readonly Observation[],
  mappingVaries: boolean,
): FilteringVerdict {
  const passed = (test: TestName) => observations.some((o) => o.test === test && o.outcome === 'answered');
  if (passed('filter-both')) return { filtering: 'endpoint-independent', unknown: null };
  const filtered = (test: 'filter-both' | 'filter-port') =>
    [...grouped(observations, ({ operator }) => operator).values()].some((own) =>
      isFiltered(own, test, mappingVaries),
    );
  if (filtered('filter-both')) {
    if (passed('filter-port')) return { filtering: 'address-dependent', unknown: null };
    if (filtered('filter-port')) return { filtering: 'address-and-port-dependent', unknown: null };
  }
  return { filtering: null, unknown: reasonFor(observations) };
}

/** Whether one operator's answers from elsewhere were sent and did not come. */
function isFiltered(
  own: readonly Observation[],
  test: 'filter-both' | 'filter-port',
  mappingVaries: boolean,
): boolean {
  const has = (name: TestName, outcome: Observation['outcome']) =>
    own.some((o) => o.test === name && o.outcome === outcome);
  if (!has(test, 'silent') || has(test, 'ignored') || has(test, 'refused')) return false;
  if (has(test === 'filter-both' ? 'control-both' : 'control-port', 'answered')) return true;
  if (!mappingVaries) return false;
  const places = new Set(
    own
      .filter((o) => o.test === 'mapping' && o.outcome === 'answered')
      .map((o) => `${o.server.ip} ${o.server.port}`),
  );
  return places.size >= 3;
}

function reasonFor(observations: readonly Observation[]): string {
  const tests = observations.filter((o) => o.test === 'filter-both' || o.test === 'filter-port');
  if (tests.length === 0) return 'filtering: no server that answers has a second address (RFC 5780)';
  if (tests.every((o) => o.outcome === 'refused' || o.outcome === 'ignored'))
    return 'filtering: servers do not answer from their second address';
  return 'filtering: nothing came from second addresses, and no server is known to send from there';
}
