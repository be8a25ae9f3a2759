/**
 * Performs one survey: the servers of a list asked from one interface over one transport. Looks
 * their names up, and keeps account of what became of each. Effects only.
 */
import { deferred } from '../deferred.ts';
import { reasonOf } from '../errors.ts';
import type { OuterFact } from '../events.ts';
import type { Io } from '../io/io.ts';
import type { StunServer } from '../servers.ts';
import { STUN_SILENCE } from '../timing.ts';
import { type Endpoint, type Family, formatEndpoint } from '../wire/endpoint.ts';
import type { StunAsker } from './ask.ts';
import type { Ledger } from './ledger.ts';
import type { Route } from './route.ts';
import { createSurvey, type SurveyInput, stepSurvey, type Vote } from './survey.ts';
import type { StunAnswer, Transport } from './transaction.ts';

export interface InquiryTask {
  readonly io: Io;
  readonly route: Route;
  readonly transport: Transport;
  readonly asker: StunAsker;
  readonly servers: readonly StunServer[];
  readonly resolve: (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>;
  readonly ledger: Ledger;
  /** Monotonic ms. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** "host:port", as reports name a server. */
export function nameOf({ host, port }: StunServer): string {
  return formatEndpoint({ ip: host, port });
}

export class Inquiry {
  readonly #task: InquiryTask;
  readonly #outcome = deferred<OuterFact | null>();
  readonly #over = new AbortController();
  /** Endpoints asked already: two names may lead to one. */
  readonly #taken = new Set<string>();
  #state;

  constructor(task: InquiryTask) {
    this.#task = task;
    this.#state = createSurvey(task.servers.length, task.deadline, task.io.now());
  }

  /** Whether any server has answered yet. */
  get heard(): boolean {
    return this.#state.votes.length > 0;
  }

  /** @returns what two servers agree on, or the only one that answers says; null where that is nothing. Never rejects */
  async run(): Promise<OuterFact | null> {
    const { io, signal } = this.#task;
    const onAbort = () => this.#perform({ kind: 'stop' });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    while (!this.#state.over) {
      this.#perform({ kind: 'tick' });
      await io.sleepUntil(this.#state.wakeAt, this.#over.signal);
    }
    signal.removeEventListener('abort', onAbort);
    return this.#outcome.promise;
  }

  #perform(input: SurveyInput): void {
    const now = this.#task.io.now();
    const { state, effects } = stepSurvey(this.#state, input, now);
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'ask') void this.#ask(effect.server);
      else this.#decide(effect.agreed, now);
    }
  }

  async #ask(index: number): Promise<void> {
    const { io, asker, servers, ledger, deadline, route } = this.#task;
    const server = servers[index];
    if (server === undefined) return;
    try {
      const endpoint = await this.#endpointOf(server);
      if (endpoint === null) {
        this.#perform({ kind: 'failed', server: index });
        return;
      }
      const answer = await asker.ask(endpoint, deadline, this.#over.signal);
      this.#perform({ kind: 'answered', vote: voteOf(index, endpoint.ip, answer) });
    } catch (error) {
      if (this.#state.over) return;
      const reason = reasonOf(error);
      // The name has addresses, of the other family.
      if (reason === 'ENODATA') ledger.unasked(nameOf(server), `its name has no IPv${route.family} address`);
      else if (io.now() < deadline) ledger.failed(nameOf(server), reason);
      this.#perform({ kind: 'failed', server: index });
    }
  }

  /** An endpoint of the server that this route reaches and that was not asked yet. @throws the resolver's error */
  async #endpointOf(server: StunServer): Promise<Endpoint | null> {
    const { route, resolve, ledger } = this.#task;
    const ips = await resolve(server.host, route.family, this.#over.signal);
    const near = ips.filter((ip) => route.accepts(ip));
    if (near.length === 0) {
      const reason =
        ips.length === 0 ? `its name has no IPv${route.family} address` : 'not reachable from any interface';
      ledger.unasked(nameOf(server), reason);
    }
    const endpoints = near.map((ip) => ({ ip, port: server.port }));
    const endpoint = endpoints.find((candidate) => !this.#taken.has(formatEndpoint(candidate))) ?? null;
    if (endpoint !== null) this.#taken.add(formatEndpoint(endpoint));
    return endpoint;
  }

  #decide(agreed: readonly Vote[], now: number): void {
    this.#over.abort();
    this.#account(agreed, now);
    const { route, transport } = this.#task;
    const [first] = agreed;
    this.#outcome.resolve(
      first === undefined
        ? null
        : {
            interface: route.interface,
            family: route.family,
            inner: route.ip,
            outer: first.outer,
            transport,
            agreed: agreed.length,
            rtt: Math.min(...agreed.map(({ rtt }) => rtt)),
          },
    );
  }

  #account(agreed: readonly Vote[], now: number): void {
    const { servers, ledger } = this.#task;
    const names = servers.map(nameOf);
    const outer = agreed[0]?.outer;
    for (const vote of this.#state.votes) {
      const name = names[vote.server] ?? '';
      if (vote.outer === outer) ledger.answered(name, vote.rtt);
      else ledger.failed(name, `alone in saying ${vote.outer}`);
    }
    for (const [server, since] of this.#state.asked) {
      if (now - since < STUN_SILENCE) continue;
      // Where nobody is heard it is the path.
      if (this.heard) ledger.failed(names[server] ?? '', 'no answer');
      else ledger.unheard(names[server] ?? '');
    }
  }
}

function voteOf(server: number, ip: string, { mapped, rtt }: StunAnswer): Vote {
  return { server, ip, outer: mapped.ip, rtt };
}
