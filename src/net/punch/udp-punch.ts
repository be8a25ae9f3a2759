/**
 * Everything that one site sends towards one peer over UDP: its flows, each from its local port, and the
 * guesses where a side's ports are random. The side that was asked chooses the path, as it speaks first on
 * what has opened. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import type { ByteStream } from '../io/io.ts';
import { BIRTHDAY_PORT_COUNT, CHOICE_PATIENCE, MAX_CHOICES, OPENER_TTL, PROBE_HOLE_PACE } from '../timing.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { BIRTHDAY_OPENINGS, BIRTHDAY_PACE, GuessPacer, guessPorts } from './birthday.ts';
import { type Aimed, FlowBook } from './flows.ts';
import type { Chance, Punch, PunchTask } from './punch.ts';
import type { Site } from './site.ts';
import { UdpPort } from './udp-port.ts';

export interface UdpPunchTask extends Omit<PunchTask, 'connected'> {
  readonly connected: (stream: ByteStream, port: UdpPort) => Promise<boolean>;
  /** Of `probeKey`. */
  readonly key: Uint8Array;
  /** A STUN server that tells whether the own router still lets packets through; null = none is known. */
  readonly server: (signal: AbortSignal) => Promise<Endpoint | null>;
}

interface Path {
  readonly port: UdpPort;
  readonly remote: Endpoint;
}

/** Why a side does not take its part in a gamble. */
const CROWDED = 'it has guessed ports of that address too often just now; wait 15 s';

/** Between two looks at the own router while guessing, ms; a look that is not answered within it is a bad sign. */
const LOOK_PAUSE = 150;

export class UdpPunch implements Punch {
  readonly site: Site;
  readonly #task: UdpPunchTask;
  readonly #book: FlowBook;
  readonly #ports = new Map<number, Promise<UdpPort | null>>();
  /** Heard and not chosen, in that order. */
  readonly #heard: Path[] = [];
  #choices = 0;
  #secured = false;
  #chance = false;

  constructor(task: UdpPunchTask) {
    this.#task = task;
    this.site = task.site;
    this.#book = new FlowBook(task.role, task.site.ports);
    const { udp } = task.site;
    if (udp !== null) {
      this.#begin(udp);
      this.#ports.set(0, Promise.resolve(udp));
    }
  }

  /** Opens the own filter before the meeting, with what does not get as far as the peer's router. */
  open(peer: Aimed): void {
    const { udp, ports } = this.site;
    const [port] = peer.ports;
    if (ports.length !== 1 || peer.ports.length !== 1 || port === undefined) return;
    udp?.once([{ ip: peer.ip, port }], OPENER_TTL);
  }

  aim(peer: Aimed, chance: Chance | null): boolean {
    if (chance !== null && !this.#chance) {
      this.#chance = true;
      const leave = chance.enter(peer.ip);
      if (leave !== null) {
        const play = chance.part === 'random' ? this.#openMany(peer) : this.#guess(peer, chance.range);
        void play.finally(leave);
        if (chance.part === 'guesser') return true;
        // A second round of one call need not gamble again.
      } else if (this.#task.lane.report.sent === 0) this.#task.lane.failed(CROWDED);
    }
    const flows = this.#book.take(peer);
    for (const { offset, remotes, isHole } of flows ?? [])
      void this.#portAt(offset).then((port) => port?.aim(remotes, isHole ? PROBE_HOLE_PACE : null));
    return flows !== null;
  }

  #portAt(offset: number): Promise<UdpPort | null> {
    const known = this.#ports.get(offset);
    if (known !== undefined) return known;
    const opening = this.#open(this.site.port + offset);
    this.#ports.set(offset, opening);
    return opening;
  }

  async #open(port: number): Promise<UdpPort | null> {
    const { io, failed, signal } = this.#task;
    try {
      const opened = await UdpPort.open(io, { ip: this.site.place.local, port });
      this.#begin(opened);
      return opened;
    } catch (error) {
      if (!signal.aborted) failed(error);
      return null;
    }
  }

  #begin(port: UdpPort): void {
    const { role, key, lane, signal } = this.#task;
    port.play({
      role,
      key,
      lane,
      heard: (at, remote) => this.#hear({ port: at, remote }),
      chosen: (stream, at) => void this.#connect(stream, at),
      signal,
    });
  }

  #hear(path: Path): void {
    if (this.#task.role !== 'answerer') return;
    this.#heard.push(path);
    if (this.#choices === 0) void this.#chooseNext();
  }

  /** What was heard first, and if nothing comes of it, the next. */
  async #chooseNext(): Promise<void> {
    const { io, signal } = this.#task;
    const path = this.#heard.shift();
    if (path === undefined || this.#choices >= MAX_CHOICES || this.#secured || signal.aborted) return;
    this.#choices++;
    const stream = path.port.choose(path.remote);
    if (stream !== null) void this.#connect(stream, path.port);
    await io.sleepUntil(io.now() + CHOICE_PATIENCE, AbortSignal.any([signal]));
    void this.#chooseNext();
  }

  async #connect(stream: ByteStream, port: UdpPort): Promise<void> {
    if (await this.#task.connected(stream, port)) {
      this.#secured = true;
      this.#task.lane.opened();
    } else stream.destroy();
  }

  /** The random side: many ports, each with a mapping that nobody can tell, all to the one port of the peer. */
  async #openMany({ ip, ports }: Aimed): Promise<void> {
    const { io, signal } = this.#task;
    const [port] = ports;
    if (port === undefined) return;
    for (let i = 0; i < BIRTHDAY_PORT_COUNT && !signal.aborted && !this.#secured; i += BIRTHDAY_OPENINGS) {
      const opening = Array.from({ length: BIRTHDAY_OPENINGS }, () => this.#open(0));
      for (const opened of await Promise.all(opening)) opened?.aim([{ ip, port }], BIRTHDAY_PACE);
      await io.sleepUntil(io.now() + 1, AbortSignal.any([signal]));
    }
    await this.#end();
  }

  /** The other side: one port that guesses, as fast as the own router bears. */
  async #guess({ ip }: Aimed, range: Chance['range']): Promise<void> {
    const { io, signal } = this.#task;
    const port = await this.#portAt(0);
    if (port === null) return;
    const guesses = guessPorts(range, () => drawOf(io.randomBytes(4)));
    const pacer = new GuessPacer(io.now());
    void this.#watchRouter(port, pacer);
    while (!pacer.isOver && !signal.aborted && !this.#secured && this.#choices === 0) {
      const remotes = Array.from({ length: pacer.take(io.now()) }, () => guesses.next().value)
        .filter((guess) => guess !== undefined)
        .map((guess) => ({ ip, port: guess }));
      port.once(remotes);
      this.#task.lane.guessed(remotes.length);
      await io.sleepUntil(io.now() + 1, AbortSignal.any([signal]));
    }
    await this.#end();
  }

  /** A router whose table is full drops what else goes through it: seen early, it still carries the call. */
  async #watchRouter(port: UdpPort, pacer: GuessPacer): Promise<void> {
    const { io, signal, server } = this.#task;
    const to = await server(signal);
    let answered = false;
    let missed = 0;
    while (to !== null && !pacer.isOver && !signal.aborted && !this.#secured) {
      const began = io.now();
      const seen = await port.ask(to, began + LOOK_PAUSE, AbortSignal.any([signal])).then(
        () => true,
        () => false,
      );
      answered ||= seen;
      missed = seen ? 0 : missed + 1;
      // A server that never answers tells nothing, nor does one packet that is lost.
      if (answered && missed === 2) pacer.slowDown(io.now());
      await io.sleepUntil(began + LOOK_PAUSE, AbortSignal.any([signal]));
    }
  }

  /** Until the punch is over: whoever guesses may still hit. */
  async #end(): Promise<void> {
    await new Promise<void>((resolve) => onAbort(this.#task.signal, resolve));
  }
}

function drawOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
