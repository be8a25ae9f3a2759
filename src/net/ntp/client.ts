/**
 * Asks time servers for the offset of the own clock (RFC 5905, as SNTP does): several at once, each
 * gently, until enough agree. Whom to believe is `clock-filter.ts`. Effects through Io.
 */
import { deferred } from '../deferred.ts';
import type { ClockOffset } from '../events.ts';
import type { Io, UdpSocket } from '../io/io.ts';
import type { HostPort } from '../servers.ts';
import {
  NTP_AT_ONCE,
  NTP_ENOUGH,
  NTP_REFINE,
  NTP_REPEAT,
  NTP_RESEND,
  NTP_SAMPLES,
  SERVICES_GRACE,
} from '../timing.ts';
import { type Endpoint, type Family, formatEndpoint } from '../wire/endpoint.ts';
import { type ClockSample, filterClock } from './clock-filter.ts';
import { COOKIE_LENGTH, decodeNtpAnswer, encodeNtpRequest, type NtpAnswer } from './packet.ts';

export interface ClockTask {
  readonly io: Io;
  /** In the order in which they are to be asked. */
  readonly servers: readonly HostPort[];
  readonly resolve: (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>;
  /** For everything, ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export interface ClockReport {
  /** null: not known. */
  readonly clock: ClockOffset | null;
  /** `server` is "host:port" as the list names it. */
  readonly answered: readonly { readonly server: string; readonly rtt: number }[];
  readonly failed: readonly { readonly server: string; readonly reason: string }[];
  /** Those of the failed that want to be left alone. */
  readonly refused: readonly string[];
}

interface Answered {
  readonly sample: ClockSample;
  readonly rtt: number;
}

/** An answer, and when it was asked for. */
interface Heard {
  readonly answer: NtpAnswer;
  /** Unix ms of the own clock. */
  readonly sentWall: number;
  readonly rtt: number;
}

/** A question that waits for its answer. */
interface Question {
  readonly remote: Endpoint;
  readonly cookie: Uint8Array;
  readonly answered: (answer: NtpAnswer) => void;
}

/**
 * Resolves when enough servers agree, a moment after the first that answered, when no more is to be
 * hoped for, or at the timeout. Never rejects.
 */
export async function measureClock(task: ClockTask): Promise<ClockReport> {
  const { io, timeout } = task;
  const over = new AbortController();
  const stop = AbortSignal.any([task.signal, over.signal]);
  const round = new Round({ ...task, signal: stop });
  const grace = round.first.then(() => io.sleepUntil(io.now() + SERVICES_GRACE, stop));
  await Promise.race([round.run(), round.enough, grace, io.sleepUntil(io.now() + timeout, stop)]);
  over.abort();
  return round.report();
}

/** The first round: the next server is asked where one fails. */
class Round {
  readonly #task: ClockTask;
  readonly #asker: Asker;
  readonly #first = deferred<void>();
  readonly #enough = deferred<void>();
  readonly #samples: ClockSample[] = [];
  readonly #answered: { readonly server: string; readonly rtt: number }[] = [];
  readonly #failed = new Map<string, string>();
  readonly #refused: string[] = [];
  /** Asked, and nothing is known yet. */
  readonly #open = new Set<string>();
  #next = 0;

  constructor(task: ClockTask) {
    this.#task = task;
    this.#asker = new Asker(task);
  }

  /** Resolves when a server has answered. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Resolves when so many agree that more would tell nothing new. */
  get enough(): Promise<void> {
    return this.#enough.promise;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: NTP_AT_ONCE }, () => this.#askUntilOneAnswers()));
  }

  report(): ClockReport {
    this.#asker.close();
    // Whoever was not waited for has not failed, unless nobody else has answered.
    const unheard =
      this.#answered.length > 0 ? [] : [...this.#open].map((server) => [server, 'no answer'] as const);
    const failed = [...this.#failed, ...unheard].map(([server, reason]) => ({ server, reason }));
    const clock = filterClock(this.#samples);
    return { clock, answered: this.#answered, failed, refused: this.#refused };
  }

  async #askUntilOneAnswers(): Promise<void> {
    const { servers, signal } = this.#task;
    while (!signal.aborted) {
      const server = servers[this.#next++];
      if (server === undefined || (await this.#askOne(server))) return;
    }
  }

  async #askOne(server: HostPort): Promise<boolean> {
    const name = nameOf(server);
    this.#open.add(name);
    try {
      const { sample, rtt } = await this.#asker.ask(server);
      this.#samples.push(sample);
      this.#answered.push({ server: name, rtt });
      this.#first.resolve();
      if ((filterClock(this.#samples)?.samples ?? 0) >= NTP_ENOUGH) this.#enough.resolve();
      return true;
    } catch (error) {
      if (error instanceof Refusal) this.#refused.push(name);
      if (!this.#task.signal.aborted)
        this.#failed.set(name, error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      if (!this.#task.signal.aborted) this.#open.delete(name);
    }
  }
}

/**
 * Goes on asking, ever more seldom, and tells each better or newer result. Ends with the signal.
 *
 * @param before what the first round told: whoever refused is left alone, whoever failed comes last
 */
export async function keepClock(
  task: ClockTask,
  onClock: (clock: ClockOffset) => void,
  before?: Pick<ClockReport, 'failed' | 'refused'>,
): Promise<void> {
  const { io, signal } = task;
  const refused = new Set(before?.refused);
  let queue = withLast(task.servers, new Set(before?.failed.map(({ server }) => server)));
  const samples = new Map<string, ClockSample[]>();
  for (let round = 0; !signal.aborted; round++) {
    await io.sleepUntil(io.now() + (NTP_REFINE[round] ?? NTP_REPEAT), signal);
    if (signal.aborted) return;
    const asker = new Asker(task);
    const failed = new Set<string>();
    queue = queue.filter((server) => !refused.has(nameOf(server)));
    await Promise.all(
      queue.slice(0, NTP_AT_ONCE).map(async (server) => {
        const name = nameOf(server);
        try {
          const { sample } = await asker.ask(server);
          samples.set(name, [...(samples.get(name) ?? []), sample].slice(-NTP_SAMPLES));
        } catch (error) {
          (error instanceof Refusal ? refused : failed).add(name);
        }
      }),
    );
    asker.close();
    queue = withLast(queue, failed);
    const clock = filterClock([...samples.values()].flat());
    if (clock !== null && !signal.aborted) onClock(clock);
    // Later a clock may have drifted or been set: what is old counts no more.
    if (round >= NTP_REFINE.length - 1) samples.clear();
  }
}

/** The others are asked first. */
function withLast(servers: readonly HostPort[], last: ReadonlySet<string>): readonly HostPort[] {
  const isLast = (server: HostPort) => last.has(nameOf(server));
  return [...servers.filter((server) => !isLast(server)), ...servers.filter(isLast)];
}

/** A server that wants to be left alone (kiss-o'-death, RFC 5905 §7.4). */
class Refusal extends Error {}

/** One socket a family, and the questions that wait on them. */
class Asker {
  readonly #task: ClockTask;
  readonly #sockets = new Map<Family, Promise<UdpSocket>>();
  readonly #questions = new Set<Question>();

  constructor(task: ClockTask) {
    this.#task = task;
  }

  /** @throws Error with the reason in a few words */
  async ask(server: HostPort): Promise<Answered> {
    const { resolve, signal } = this.#task;
    const [ipv4, ipv6] = await Promise.all(
      ([4, 6] as const).map((family) => resolve(server.host, family, signal)),
    );
    const targets = [...(ipv4 ?? []).slice(0, 1), ...(ipv6 ?? []).slice(0, 1)];
    if (targets.length === 0) throw new Error('its name has no address');
    const asking = targets.map((ip) => this.#askAt(nameOf(server), { ip, port: server.port }));
    try {
      return await Promise.any(asking);
    } catch (error) {
      const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      throw reasons.find((reason) => reason instanceof Refusal) ?? reasons[0];
    }
  }

  close(): void {
    for (const socket of this.#sockets.values())
      void socket.then((open) => open.close()).catch(() => undefined);
  }

  async #askAt(server: string, remote: Endpoint): Promise<Answered> {
    const { io, signal } = this.#task;
    const socket = await this.#socketOf(remote.ip.includes(':') ? 6 : 4);
    const heard: Heard[] = [];
    const copies: Question[] = [];
    const done = new AbortController();
    const stop = AbortSignal.any([done.signal, signal]);
    for (let copy = 0; copy < 2 && !stop.aborted; copy++) {
      const cookie = io.randomBytes(COOKIE_LENGTH);
      const [sentAt, sentWall] = [io.now(), io.wallClock()];
      const answered = (answer: NtpAnswer) => {
        heard.push({ answer, sentWall, rtt: io.now() - sentAt });
        done.abort();
      };
      // On a slow path the answer to the first copy comes after the second was sent.
      copies.push({ remote, cookie, answered });
      for (const question of copies) this.#questions.add(question);
      socket.send(encodeNtpRequest(cookie), remote);
      await io.sleepUntil(io.now() + NTP_RESEND, stop);
    }
    for (const question of copies) this.#questions.delete(question);
    if (heard[0] === undefined) throw new Error('no answer');
    return measured(server, heard[0]);
  }

  #socketOf(family: Family): Promise<UdpSocket> {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const reader = { datagram: (data: Uint8Array, remote: Endpoint) => this.#received(data, remote) };
    const socket = this.#task.io.openUdp({ ip: family === 4 ? '0.0.0.0' : '::', port: 0 }, reader);
    this.#sockets.set(family, socket);
    return socket;
  }

  /** Whatever comes from elsewhere, or does not give the cookie back, is nobody's answer. */
  #received(data: Uint8Array, remote: Endpoint): void {
    let answer: NtpAnswer;
    try {
      answer = decodeNtpAnswer(data, this.#task.io.wallClock());
    } catch {
      return;
    }
    for (const question of this.#questions)
      if (
        formatEndpoint(question.remote) === formatEndpoint(remote) &&
        Buffer.compare(question.cookie, answer.cookie) === 0
      )
        question.answered(answer);
  }
}

/** @throws Refusal, or an Error where the server has no time */
function measured(server: string, { answer, sentWall, rtt }: Heard): Answered {
  if (answer.refusal !== null) throw new Refusal(`it refuses (${answer.refusal})`);
  if (!answer.synchronised) throw new Error('its clock is not synchronised');
  const { receivedAt, sentAt, rootDelay, rootDispersion } = answer;
  // The wall clock may be set meanwhile; the monotonic one, which the round trip is taken from, may not.
  const offset = (receivedAt - sentWall + sentAt - (sentWall + rtt)) / 2;
  const delay = Math.max(0, rtt - (sentAt - receivedAt));
  return { sample: { server, offset, delay, rootDelay, rootDispersion }, rtt };
}

function nameOf({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
