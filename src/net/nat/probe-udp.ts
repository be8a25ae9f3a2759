/**
 * Probes one interface and family over UDP (RFC 5780): first one port asks several servers; then, side
 * by side, their other addresses, the filtering tests and the delta test, each from fresh ports; then
 * hairpinning. What was seen goes to the notes; what it means is decided elsewhere. Effects only.
 */
import {
  NAT_FIRST_COPIES,
  NAT_FIRST_PATIENCE,
  NAT_PATIENCE,
  NAT_SAMPLES,
  NAT_SERVERS,
  NAT_SILENCE,
} from '../nat-timing.ts';
import { STUN_SILENCE } from '../timing.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { foldMapping } from './mapping.ts';
import { HIGHEST_PORT, LOWEST_PORT } from './ports.ts';
import { type DeltaProbe, probeDelta } from './probe-delta.ts';
import { type Capable, probeFiltering } from './probe-filtering.ts';
import { probeHairpin } from './probe-hairpin.ts';
import { endpointOf, type Heard, isPartner, nearest, type ProbeTask, randomPort } from './task.ts';
import { type UdpOutcome, UdpPort, type UdpSample } from './udp-port.ts';

/** Never rejects. */
export async function probeUdp(task: ProbeTask): Promise<void> {
  const port = await openFresh(task);
  if (port === null) return;
  try {
    const search = new Search(task, port);
    await search.enough();
    const { rtt, capable } = search;
    if (rtt === null) {
      await search.all();
      return;
    }
    const translated = foldMapping(task.notes.all).translated !== false;
    const filtering = Promise.all(capable.map((server) => probeFiltering(task, server, server.rtt)));
    const more = search.others(capable);
    const sampling = async () => {
      // One address alone would be asked too often.
      if (search.answering.length === 1) await more;
      return probeDelta(udpDelta(task, () => nearest(search.answering)));
    };
    const delta = translated ? sampling() : Promise.resolve([]);
    const hairpin = delta.then((kept) => probeHairpin(task, kept, rtt));
    await Promise.all([more, filtering, hairpin]);
  } finally {
    port.close();
  }
}

/** A socket on a random port that is free. */
async function openFresh(task: ProbeTask): Promise<UdpPort | null> {
  for (let i = 0; i < 4; i++) {
    const local = { ip: task.route.ip, port: randomPort(task.io, LOWEST_PORT, HIGHEST_PORT) };
    const port = await UdpPort.open(task.io, local, task.budget).catch(() => null);
    if (port !== null) return port;
  }
  return null;
}

function udpDelta(task: ProbeTask, servers: () => readonly Heard[]): DeltaProbe<UdpSample> {
  return {
    task,
    roundTrips: 1,
    packets: 1,
    samples: NAT_SAMPLES,
    servers,
    async sample(local, server, patience) {
      const port = await UdpPort.open(task.io, local, task.budget).catch(() => null);
      if (port === null) return null;
      const order = task.notes.next();
      const outcome = await port.ask({ server, copies: [0], patience }, task.signal);
      if (outcome.kind !== 'answered') {
        port.close();
        return { order, mapped: null, rtt: null, kept: null };
      }
      const { mapped, rtt } = outcome.answer;
      return { order, mapped, rtt, kept: { port, mapped } };
    },
  };
}

/** The first phase: one port asks servers of the list until enough have answered. */
class Search {
  readonly #task: ProbeTask;
  readonly #port: UdpPort;
  readonly #asked: Promise<void>[] = [];
  readonly #taken = new Set<string>();
  readonly #enough: Promise<void>;
  #settle: () => void = () => undefined;
  readonly answering: Heard[] = [];
  readonly capable: Capable[] = [];
  rtt: number | null = null;

  constructor(task: ProbeTask, port: UdpPort) {
    this.#task = task;
    this.#port = port;
    this.#enough = new Promise((resolve) => {
      this.#settle = resolve;
    });
    void this.#askAll();
  }

  /** Resolves when what follows can begin, or nobody is left who could answer. */
  enough(): Promise<void> {
    return this.#enough;
  }

  /** Waits for everybody. */
  async all(): Promise<void> {
    await Promise.all(this.#asked);
  }

  /** The other places of servers that have them, from the same port. */
  async others(capable: readonly Capable[]): Promise<void> {
    const places = capable.flatMap(({ primary, other }) => [
      { ip: other.ip, port: other.port },
      { ip: primary.ip, port: other.port },
      { ip: other.ip, port: primary.port },
    ]);
    const known = new Set(this.answering.map(({ server }) => formatEndpoint(server)));
    const fresh = places.filter((place) => !known.has(formatEndpoint(place)));
    const patience = Math.max(NAT_PATIENCE, ...capable.map(({ rtt }) => 4 * rtt));
    await Promise.all(fresh.map((place) => this.#ask(place, patience)));
  }

  async #askAll(): Promise<void> {
    const { io, signal, servers } = this.#task;
    for (let first = 0; first < servers.length && !signal.aborted; first += NAT_SERVERS) {
      const asked = servers.slice(first, first + NAT_SERVERS).map(async (server) => {
        const endpoint = await endpointOf(this.#task, server, this.#taken);
        if (endpoint !== null) await this.#ask(endpoint, NAT_FIRST_PATIENCE);
      });
      this.#asked.push(...asked);
      const pause = io.sleepUntil(io.now() + STUN_SILENCE, signal);
      await Promise.race([pause, Promise.all(asked)]);
      // Who has a second address is worth waiting for: without one filtering cannot be tested.
      if (this.capable.length > 0 && this.answering.length > 1) break;
    }
    await this.all();
    this.#settle();
  }

  async #ask(server: Endpoint, patience: number): Promise<void> {
    const { notes, signal } = this.#task;
    const order = notes.next();
    const outcome = await this.#port.ask({ server, copies: NAT_FIRST_COPIES, patience }, signal);
    const isRight =
      outcome.kind === 'answered' && formatEndpoint(outcome.answer.from) === formatEndpoint(server);
    if (signal.aborted && outcome.kind !== 'answered') return;
    if (isRight) this.#heard(server, outcome);
    notes.add({
      test: 'mapping',
      server,
      local: this.#port.local,
      mapped: isRight ? outcome.answer.mapped : null,
      rtt: isRight ? outcome.answer.rtt : null,
      order,
      run: 0,
      outcome: outcome.kind === 'answered' && !isRight ? 'ignored' : outcome.kind,
    });
    if (!isRight || this.rtt === null) return;
    // A little longer for the others; a server with a second address and another one are enough.
    if (this.capable.length > 0 && this.answering.length > 1) this.#settle();
    else void this.#settleSoon();
  }

  #heard(server: Endpoint, outcome: UdpOutcome): void {
    if (outcome.kind !== 'answered') return;
    const { otherAddress, rtt } = outcome.answer;
    this.rtt = Math.min(this.rtt ?? rtt, rtt);
    this.answering.push({ server, rtt });
    const { notes } = this.#task;
    if (otherAddress === null || !isPartner(this.#task, server, otherAddress)) return;
    const isNew = notes.operatorOf(otherAddress.ip) !== notes.operatorOf(server.ip);
    notes.relate(server.ip, otherAddress.ip);
    if (isNew && this.capable.length < 2) this.capable.push({ primary: server, other: otherAddress, rtt });
  }

  /** A little longer for others; much longer where nobody has a second address yet. */
  async #settleSoon(): Promise<void> {
    const { io, signal } = this.#task;
    const pause = (ms: number) => io.sleepUntil(io.now() + ms, AbortSignal.any([signal]));
    await pause(Math.max(NAT_SILENCE / 2, this.rtt ?? 0));
    if (this.capable.length === 0 && this.answering.length < 3) await pause(NAT_PATIENCE * 3);
    this.#settle();
  }
}
