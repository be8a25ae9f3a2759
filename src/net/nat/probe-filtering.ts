/**
 * The filtering tests of RFC 5780 §4.4 with one server that has a second address: from fresh ports
 * answers are wished from elsewhere; beside it a control, from a port that has talked to that place
 * before, shows whether such answers are sent at all. Effects only.
 */
import { NAT_COPIES, NAT_SILENCE } from '../nat-timing.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { foldMapping } from './mapping.ts';
import type { Observation } from './observation.ts';
import { HIGHEST_PORT, LOWEST_PORT } from './ports.ts';
import { type ProbeTask, randomPort } from './task.ts';
import { type UdpOutcome, UdpPort } from './udp-port.ts';

/** A server with a second address and port. */
export interface Capable {
  readonly primary: Endpoint;
  readonly other: Endpoint;
  /** Its round trip, ms. */
  readonly rtt: number;
}

interface Wish {
  readonly ip: boolean;
  readonly port: boolean;
  /** Where the answer comes from. */
  readonly place: Endpoint;
}

export async function probeFiltering(
  task: ProbeTask,
  { primary, other }: Capable,
  rtt: number,
): Promise<void> {
  const both: Wish = { ip: true, port: true, place: other };
  const port: Wish = { ip: false, port: true, place: { ip: primary.ip, port: other.port } };
  const window = Math.max(NAT_SILENCE, 3 * rtt);
  let passes = false;
  const test = async (name: 'filter-both' | 'filter-port', wish: Wish) => {
    const outcome = await fromFresh(task, name, primary, wish, window);
    if (name === 'filter-both' && outcome === 'answered') passes = true;
  };
  const control = async (name: 'control-both' | 'control-port', wish: Wish) => {
    const own = await openAny(task);
    if (own === null) return;
    try {
      const opened = await own.ask(
        { server: wish.place, copies: [0, rtt * 1.5, rtt * 3], patience: window },
        task.signal,
      );
      // Where everything passes, or each destination has its own mapping, there is nothing to be controlled.
      if (opened.kind !== 'answered' || passes || foldMapping(task.notes.all).varies) return;
      await wishFrom(task, own, name, primary, wish, window);
    } finally {
      own.close();
    }
  };
  await Promise.all([
    test('filter-both', both),
    test('filter-port', port),
    control('control-both', both),
    control('control-port', port),
  ]);
}

async function openAny({ io, route, budget }: ProbeTask): Promise<UdpPort | null> {
  const local = { ip: route.ip, port: randomPort(io, LOWEST_PORT, HIGHEST_PORT) };
  const again = () => UdpPort.open(io, { ip: route.ip, port: 0 }, budget);
  return UdpPort.open(io, local, budget)
    .catch(again)
    .catch(() => null);
}

async function fromFresh(
  task: ProbeTask,
  name: Observation['test'],
  server: Endpoint,
  wish: Wish,
  window: number,
): Promise<Observation['outcome']> {
  const port = await openAny(task);
  if (port === null) return 'failed';
  try {
    return await wishFrom(task, port, name, server, wish, window);
  } finally {
    port.close();
  }
}

async function wishFrom(
  { notes, signal }: ProbeTask,
  port: UdpPort,
  test: Observation['test'],
  server: Endpoint,
  wish: Wish,
  window: number,
): Promise<Observation['outcome']> {
  const order = notes.next();
  // The last copy still has two fifths of the window for its answer: more than a round trip.
  const copies = Array.from({ length: NAT_COPIES }, (_, i) => (i * window * 0.6) / (NAT_COPIES - 1));
  const result = await port.ask({ server, change: wish, copies, patience: window }, signal);
  const outcome = nameOf(result, wish.place);
  if (signal.aborted && outcome !== 'answered') return 'failed';
  const answer = outcome === 'answered' && result.kind === 'answered' ? result.answer : null;
  notes.add({
    test,
    server,
    local: port.local,
    mapped: answer?.mapped ?? null,
    rtt: answer?.rtt ?? null,
    order,
    run: 0,
    outcome,
  });
  return outcome;
}

function nameOf(result: UdpOutcome, place: Endpoint): Observation['outcome'] {
  if (result.kind !== 'answered') return result.kind;
  return formatEndpoint(result.answer.from) === formatEndpoint(place) ? 'answered' : 'ignored';
}
