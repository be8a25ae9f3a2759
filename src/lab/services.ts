/**
 * Public services of a simulated Internet: brokers, STUN and time servers under names, and a relay
 * beside the first full STUN server.
 */
import {
  isTurn,
  limitedCredentials,
  type ServerList,
  startStunServer,
  TURN_LIMITS,
  TurnServer,
} from '../net/index.ts';
import type { Broker } from './broker.ts';
import type { Attachment, Lab } from './lab.ts';
import type { LinkQuality, Segment } from './network.ts';
import type { LabNtpServer } from './ntp-server.ts';
import type { LabStunServer } from './stun-server.ts';
import type { LabHost } from './virtual-io.ts';

export interface ServicePlan {
  /** How many of each kind. */
  readonly brokers: number;
  readonly stun: number;
  readonly ntp: number;
  /** STUN servers have a second address (RFC 5780), which NAT types need. */
  readonly fullStun: boolean;
  /** Full STUN servers have IPv6 addresses too. */
  readonly ipv6: boolean;
  /** A TURN server stands beside the first full STUN server. */
  readonly turn: boolean;
  /** What each service's line adds, one way. */
  readonly line: LinkQuality;
}

export interface Services {
  readonly brokers: readonly Broker[];
  /** Those with one address. */
  readonly stun: readonly LabStunServer[];
  readonly ntp: readonly LabNtpServer[];
  /** All of them by name. */
  readonly servers: ServerList;
}

const STUN_PORT = 3478;

export function buildServices(lab: Lab, net: Segment, plan: ServicePlan): Services {
  const { line } = plan;
  const make = <T>(count: number, kind: string, build: (host: LabHost, name: string) => T): T[] =>
    Array.from({ length: count }, (_, i) => {
      const name = `${kind}${i + 1}`;
      const on = [{ segment: net, up: line, down: line }];
      return build(lab.host({ name, on }), `${name}.example`);
    });
  const brokers = make(plan.brokers, 'mqtt', (host, name) => lab.broker({ host, name }));
  const stun = make(plan.fullStun ? 0 : plan.stun, 'stun', (host, name) => lab.stunServer({ host, name }));
  const ntp = make(plan.ntp, 'ntp', (host, name) => lab.ntpServer({ host, name }));
  const full = plan.fullStun ? buildFullStun(lab, net, plan) : [];
  const [first] = full;
  const servers: ServerList = {
    stun: [...full, ...stun].map(({ host, port }) => ({ host, port, tcp: true })),
    mqtt: brokers.map(({ url }) => url),
    ntp: ntp.map(({ host, port }) => ({ host, port })),
    turn:
      first?.relay == null ? [] : [{ url: `turn:${first.host}:${STUN_PORT}?transport=tcp`, ...first.relay }],
    pnp: [],
  };
  return { brokers, stun, ntp, servers };
}

/** The servers of `p2pd-demo serve`, two addresses of each family. */
function buildFullStun(lab: Lab, net: Segment, plan: ServicePlan) {
  return Array.from({ length: plan.stun }, (_, i) => {
    const numbers = [100 + 2 * i, 101 + 2 * i];
    const ipv4 = numbers.map((number) => `203.0.113.${number}`);
    const addresses = [...ipv4, ...(plan.ipv6 ? numbers.map((number) => `2001:db8:ffff::${number}`) : [])];
    const place: Attachment = { segment: net, addresses, up: plan.line, down: plan.line };
    const name = `stun${i + 1}`;
    const { io } = lab.host({ name, on: [place] });
    const host = plan.ipv6 ? `${name}.example` : (ipv4[0] ?? '');
    lab.name(`${name}.example`, addresses);
    const udp = addresses.map((ip) => ({ ip, port: STUN_PORT }));
    const secret = io.randomBytes(32);
    const turn = plan.turn && i === 0 ? new TurnServer({ io, secret, report: () => undefined }) : null;
    const others = turn && { takes: isTurn, serve: turn.serve.bind(turn) };
    void startStunServer({
      io,
      udp,
      alternatePort: STUN_PORT + 1,
      tcp: true,
      report: () => undefined,
      others,
    });
    const until = (io.wallClock() + TURN_LIMITS.credentialLife) / 1000;
    return { host, port: STUN_PORT, relay: turn && limitedCredentials(secret, until, 'lab') };
  });
}
