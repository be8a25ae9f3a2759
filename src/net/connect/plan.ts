/**
 * Which methods a connect tries and when each begins: from both sides' NATs, the user's order and what
 * worked last time with this peer. Both sides come to the same plan. Pure.
 *
 * All that may work begins at once. Only behind a method that is expected to connect do those listed
 * after it wait; what is expected to be impossible is not tried, but a direct connection, which a
 * forwarded port that nobody knows of may let in.
 */
import type { Method } from '../events.ts';
import { expectOutcomes, type NatSide } from '../nat/matrix.ts';
import { METHOD_DELAY } from '../timing.ts';

export interface PlanQuestion {
  /** In the user's order. */
  readonly methods: readonly Method[];
  /** NATs of who asks and who is asked, per pair of interfaces that could meet; the best counts. */
  readonly pairs: readonly {
    readonly transport: 'tcp' | 'udp';
    readonly a: NatSide;
    readonly b: NatSide;
  }[];
  /** What opened the last pipe with this peer; null = nothing known. */
  readonly last: Method | null;
}

export interface PlannedMethod {
  readonly method: Method;
  /** ms after the beginning. */
  readonly delay: number;
  /** Why it is not tried; null = it is. */
  readonly impossible: string | null;
}

const ALWAYS_TRIED: ReadonlySet<Method> = new Set(['direct', 'reverse']);
const PUNCHES: ReadonlySet<Method> = new Set(['tcp-punch', 'udp-punch']);
const RANK = { yes: 0, maybe: 1, no: 2 } as const;

export function planMethods({ methods, pairs, last }: PlanQuestion): PlannedMethod[] {
  /** Groups of methods that are expected to connect, one behind the other. */
  const ahead: string[] = [];
  return methods.map((method) => {
    const best = bestOf(pairs, method);
    const impossible = best?.expected === 'no' && !ALWAYS_TRIED.has(method) ? best.why : null;
    // Both transports punch at once, by one message.
    const group = PUNCHES.has(method) ? 'punch' : method;
    const place = ahead.indexOf(group);
    const delay = method === last ? 0 : (place < 0 ? ahead.length : place) * METHOD_DELAY;
    if (best?.expected === 'yes' && place < 0) ahead.push(group);
    return { method, delay, impossible };
  });
}

function bestOf(pairs: PlanQuestion['pairs'], method: Method) {
  const transport = method === 'udp-punch' ? 'udp' : 'tcp';
  const all = pairs
    .filter((pair) => pair.transport === transport)
    .map(({ a, b }) => expectOutcomes(a, b)[method]);
  return all.sort((a, b) => RANK[a.expected] - RANK[b.expected])[0];
}
