/**
 * Why an attempt failed, in a few words, and why a whole connect did. Rule only; says what was
 * seen, never more.
 */
import { type ErrorCode, P2pdError, reasonOf } from '../errors.ts';
import type { ClockOffset, Method } from '../events.ts';
import type { NatSide } from '../nat/matrix.ts';
import type { LaneReport } from '../signal/lane-report.ts';
import { AlertError, type AlertName } from '../wire/alert.ts';
import { causeOf } from './causes.ts';
import type { Explanation } from './lane-case.ts';

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused: nothing listens there',
  ECONNRESET: 'reset by the other side',
  EHOSTUNREACH: 'no such host on that link',
  ENETUNREACH: 'no route to that network',
  ETIMEDOUT: 'no answer',
  EADDRNOTAVAIL: 'the own address is not usable there',
  EINVAL: 'the own address is not usable there',
  EACCES: 'forbidden by this system',
  EPERM: "forbidden by this system's firewall",
};

const ALERT_REASONS: Readonly<Record<AlertName, string>> = {
  'not-allowed': 'the peer does not allow this node',
  'other-version': 'the peer speaks another version of the protocol',
  busy: 'the peer has too many handshakes under way',
  duplicate: 'the peer has this pipe already',
};

/** Alerts that explain a failed connect as a whole, most telling first. */
const TELLING: readonly (readonly [AlertName, ErrorCode])[] = [
  ['not-allowed', 'NOT_ALLOWED'],
  ['other-version', 'WRONG_PROTOCOL'],
  ['busy', 'BUSY'],
];

/** What one side saw; marks count from `from`, Unix ms of its corrected clock. */
export interface LanesOf {
  readonly from: number;
  readonly lanes: readonly LaneReport[];
}

/** The NATs in front of both, as far as they are known. */
export interface NatSides {
  readonly own: NatSide;
  readonly peer: NatSide;
}

/** What both sides saw of a punch that came to nothing. */
export interface PunchView {
  readonly own: LanesOf;
  /** null: it has told nothing. */
  readonly peer: LanesOf | null;
  /** The peer's clock against ours; null = not known. */
  readonly clock: ClockOffset | null;
  readonly nats: (lane: LaneReport) => NatSides;
}

const WEIGHT = { certain: 2, likely: 1, possible: 0 } as const;

/** The most telling lane's explanation; null where nothing was punched. */
export function explainPunch(view: PunchView): Explanation | null {
  const all = view.own.lanes.map((own) => ({ own, explanation: causeOf(caseOf(view, own)) }));
  // What was tried tells more than what was not, and the way by the Internet more than the one by a LAN.
  const rank = ({ own, explanation }: (typeof all)[number]) =>
    (own.sent > 0 ? 8 : 0) + (own.path === 'external' ? 4 : 0) + WEIGHT[explanation.confidence];
  return all.sort((a, b) => rank(b) - rank(a))[0]?.explanation ?? null;
}

function caseOf({ own: { from }, peer, clock, nats }: PunchView, own: LaneReport) {
  const sides = nats(own);
  const theirs = peer?.lanes.find((lane) => isSameLane(lane, own)) ?? null;
  const began = own.marks.find(({ kind }) => kind === 'sent')?.at;
  const theyBegan = theirs?.marks.find(({ kind }) => kind === 'sent')?.at;
  const known = clock !== null && peer !== null && began !== undefined && theyBegan !== undefined;
  return {
    own,
    peer: theirs,
    reported: peer !== null,
    gap: known ? peer.from + theyBegan - clock.offset - (from + began) : null,
    gapError: clock?.error ?? 0,
    ownNat: sides.own,
    peerNat: sides.peer,
  };
}

function isSameLane(a: LaneReport, b: LaneReport): boolean {
  return a.method === b.method && a.path === b.path && a.family === b.family;
}

const REACHED = {
  direct: 'nothing stood in the way',
  reverse: 'it could not be dialled from the other end, or not as fast',
} as const;

const OPENED: Readonly<Record<Exclude<Method, 'direct' | 'reverse'>, string>> = {
  'tcp-punch':
    'both sides knocked at the same time over TCP, and each router took the other’s packets for answers',
  'udp-punch':
    'both sides sent at the same time over UDP, and each router took the other’s packets for answers',
  relay: 'both sides met at a relay, which passes on what it cannot read',
};

/** @param asked whether this node asked for the pipe */
function openedBy(method: Method, asked: boolean): string {
  if (method !== 'direct' && method !== 'reverse') return OPENED[method];
  const dialled = (method === 'direct') === asked;
  return `${dialled ? 'we could dial the other side' : 'the other side could dial us'}: ${REACHED[method]}`;
}

/** How a pipe came to be open. @param asked whether this node asked for it */
export function explainOpen(method: Method, asked: boolean, lanes: readonly LaneReport[]): Explanation {
  const lane = lanes.find((one) => one.method === method);
  const evidence = lane === undefined ? [] : [`packets: ${lane.sent} sent`, `${lane.received} received`];
  if (lane !== undefined && lane.refused > 0) evidence.push(`${lane.refused} refused on the way`);
  if (lane !== undefined && lane.guesses > 0) evidence.push(`${lane.guesses} ports guessed`);
  return { method, sentence: openedBy(method, asked), confidence: 'certain', evidence, help: null };
}

/** How asking the peer over signalling went. */
export type Asked =
  /** Not tried: nothing to ask for. */
  | { readonly kind: 'no' }
  /** There is no broker that both use. */
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused'; readonly why: 'not-allowed' | 'busy' | 'unwilling' };

export function reasonFor(error: unknown): string {
  if (error instanceof AlertError) {
    return error.alert === null ? 'whoever answers there is not that peer' : ALERT_REASONS[error.alert];
  }
  const reason = reasonOf(error);
  return SYSTEM_REASONS[reason] ?? reason;
}

function answeredInVain(failures: readonly unknown[], total: number | null): P2pdError {
  if (total === 0 && failures.length === 0)
    return new P2pdError('NO_PATH', 'the peer answered, but it has no address that may be dialled that way', {
      hint: 'allow more with --methods drput, --paths el and --families 46',
    });
  return new P2pdError('NO_PATH', `the peer answered, but no path was found: ${summary(failures)}`, {
    hint: 'neither side can be reached from outside: forward a port on one of them, or use IPv6',
  });
}

/**
 * The error of a connect whose attempts all failed.
 *
 * @param total own attempts that there could be; null where dialling was not wanted
 */
export function explainFailure(
  failures: readonly unknown[],
  total: number | null,
  asked: Asked,
  explanation: Explanation | null = null,
): P2pdError {
  for (const [alert, code] of TELLING) {
    const error = failures.find((failure) => failure instanceof AlertError && failure.alert === alert);
    if (error !== undefined) return new P2pdError(code, `refused: ${ALERT_REASONS[alert]}`, { cause: error });
  }
  if (asked.kind === 'refused' && asked.why === 'not-allowed')
    return new P2pdError('NOT_ALLOWED', `refused: ${ALERT_REASONS['not-allowed']}`);
  if (asked.kind === 'silent') return peerSilent(failures, asked.reason);
  // Whoever could not be asked at all did not punch either.
  if (explanation !== null && asked.kind !== 'impossible')
    return new P2pdError('NO_PATH', `no path to the peer: ${explanation.sentence}`, {
      hint: explanation.help ?? 'p2pd-demo nat on both sides shows what is in the way',
    });
  if (asked.kind === 'answered' || asked.kind === 'refused') return answeredInVain(failures, total);
  if (total === null && asked.kind === 'impossible')
    return new P2pdError('NO_SERVICE', `the peer cannot be asked to dial back: ${asked.reason}`);
  if (total === 0) {
    return new P2pdError('NO_PATH', 'no path: no own address can reach an address of the peer', {
      hint: 'allow more with --paths el and --families 46, and check p2pd-demo interfaces on both sides',
    });
  }
  const unasked = asked.kind === 'impossible' ? `; it could not be asked to dial back: ${asked.reason}` : '';
  return new P2pdError('NO_PATH', `no path to the peer: ${summary(failures)}${unasked}`);
}

/** The peer's program does not run, or uses other brokers by now. */
function peerSilent(failures: readonly unknown[], reason: string): P2pdError {
  const tried = failures.filter((failure) => reasonFor(failure) !== reason);
  const direct = tried.length === 0 ? '' : `; direct: ${summary(tried)}`;
  return new P2pdError('PEER_SILENT', `${reason}${direct}`);
}

/** `2 × refused: nothing listens there, 1 × no answer within 6 s` */
function summary(failures: readonly unknown[]): string {
  const counts = new Map<string, number>();
  for (const failure of failures) {
    const reason = reasonFor(failure);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} × ${reason}`).join(', ');
}
