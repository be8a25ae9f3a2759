/** Events as a real run tells them: a start-up, a connect, a chat. Addresses are RFC 5737's and 3849's. */
import type { AppEvent } from '../../src/app/events.ts';
import type { ServedKind } from '../../src/app/serve-events.ts';
import type {
  AttemptEvent,
  ExplanationEvent,
  NetworkInterface,
  OpenEvent,
  SignalEvent,
  TraceEvent,
  WorldEvent,
} from '../../src/net/index.ts';
import type { FakeSession } from './fake-session.ts';

/** As long as an address gets: 480 bytes (contract). */
export const ADDRESS = `p2pd1${'abcdefghijkmnpqrstuvwxyz23456789'.repeat(24)}`;
export const NODE_ID = '3f9a1c2be87d4410';
export const PEER_ID = 'b7710e55c0ffee21';
export const SERVE_ID = '9f2c1234abcd5678';

export const INTERFACES: readonly NetworkInterface[] = [
  {
    id: 'wlan0',
    name: 'Intel Wi-Fi 6 AX200',
    kind: 'wireless',
    gateways: { 4: '192.0.2.1', 6: 'fe80::1' },
    defaultRoute: { 4: true, 6: true },
    addresses: [
      { family: 4, ip: '192.0.2.21', prefix: 24, reach: 'global' },
      { family: 6, ip: '2001:db8:21::21', prefix: 64, reach: 'global' },
      { family: 6, ip: 'fe80::21%wlan0', prefix: 64, reach: 'link-local' },
    ],
  },
  {
    id: 'eth0',
    name: 'eth0',
    kind: 'ethernet',
    gateways: { 4: null, 6: null },
    defaultRoute: { 4: false, 6: false },
    addresses: [{ family: 4, ip: '198.51.100.7', prefix: 24, reach: 'global' }],
  },
];

export function ready(nodeId = NODE_ID, slot = 0, address = ADDRESS): AppEvent {
  return { event: 'ready', address, nodeId, port: 10_001 + slot, slot, nickname: null };
}

/** Start-up up to the moment that the node is ready, 60 ms after the program's start. */
export function tellStartUp(session: FakeSession): void {
  session.tell(12, { event: 'step', name: 'interfaces', state: 'start' });
  session.tell(13, { event: 'step', name: 'identity', state: 'start' });
  session.tell(
    34,
    { event: 'step', name: 'interfaces', state: 'ok', detail: '2 with an address' },
    { event: 'interfaces', interfaces: INTERFACES },
  );
  session.tell(40, { event: 'step', name: 'identity', state: 'ok', detail: 'slot 0' });
  session.tell(41, { event: 'step', name: 'listen', state: 'start' });
  session.tell(60, { event: 'step', name: 'listen', state: 'ok', detail: 'port 10001 on 4 addresses' });
  session.tell(60, ready(), { event: 'load', cpu: 0.07, memoryUsed: 0.42, load1: 0.3 });
}

export function attempt(more: Partial<AttemptEvent> = {}): AttemptEvent {
  return {
    event: 'attempt',
    pipe: 'p1',
    id: 'a1',
    method: 'direct',
    path: 'local',
    family: 4,
    state: 'start',
    local: '192.0.2.21:10001',
    remote: '192.0.2.33:10001',
    elapsed: 0,
    ...more,
  };
}

export function open(more: Partial<OpenEvent> = {}): OpenEvent {
  return {
    event: 'open',
    pipe: 'p1',
    node: NODE_ID,
    initiator: true,
    method: 'direct',
    path: 'local',
    family: 4,
    transport: 'tcp',
    local: '192.0.2.21:10001',
    remote: '192.0.2.33:41234',
    peer: PEER_ID,
    encrypted: true,
    elapsed: 12,
    rtt: 0.4,
    ...more,
  };
}

export function message(direction: 'in' | 'out', text: string, pipe = 'p1'): AppEvent {
  return { event: 'message', pipe, direction, text };
}

/** Both families seen from outside, one broker of three lost, a clock 3.2 ms ahead. */
export function world(more: Partial<WorldEvent> = {}): WorldEvent {
  const fact = { interface: 'wlan0', transport: 'udp', agreed: 2 } as const;
  return {
    event: 'world',
    node: NODE_ID,
    outer: [
      { ...fact, family: 4, inner: '192.0.2.21', outer: '203.0.113.7', rtt: 21.4 },
      { ...fact, family: 6, inner: '2001:db8:21::21', outer: '2001:db8:21::21', rtt: 20.2 },
    ],
    brokers: [
      { url: 'mqtt://mqtt.example.com:1883', state: 'listening', rtt: 23.1, reason: null },
      { url: 'mqtts://broker.example.net:8883', state: 'listening', rtt: null, reason: null },
      { url: 'mqtt://198.51.100.10:1883', state: 'lost', rtt: null, reason: 'no answer' },
    ],
    clock: { offset: -3.24, error: 1.06, samples: 4 },
    offline: false,
    ...more,
  };
}

export function signal(more: Partial<SignalEvent> = {}): SignalEvent {
  return {
    event: 'signal',
    pipe: 'p1',
    peer: PEER_ID,
    state: 'asked',
    brokers: ['mqtt://mqtt.example.com:1883', 'mqtt://198.51.100.10:1883'],
    rtt: null,
    clock: null,
    ...more,
  };
}

/** The services that a node asks when it starts, up to 400 ms after the program's start. */
export function tellServices(session: FakeSession): void {
  const step = (
    name: 'stun' | 'mqtt' | 'ntp',
    state: 'start' | 'ok' | 'failed',
    detail?: string,
  ): AppEvent => ({
    event: 'step',
    node: NODE_ID,
    name,
    state,
    ...(detail === undefined ? {} : { detail }),
  });
  session.tell(60, step('stun', 'start'), step('mqtt', 'start'), step('ntp', 'start'));
  session.tell(
    84,
    step(
      'stun',
      'ok',
      '203.0.113.7 by 2 servers, 21 ms; 2001:db8:21::21 (no translation) by 2 servers, 20 ms',
    ),
  );
  session.tell(121, step('ntp', 'ok', '−3.2 ± 1.1 ms by 4 servers'));
  session.tell(
    400,
    step('mqtt', 'ok', 'mqtt.example.com:1883, broker.example.net:8883 after 340 ms'),
    world(),
  );
}

/** A serve that is ready, and what it tells a little later. */
export function tellServing(session: FakeSession): void {
  const command = 'npx p2pd-demo --via 192.0.2.21#9f2c1234abcd5678';
  const none = { stun: [], mqtt: [], ntp: [], turn: [], pnp: [] };
  session.tell(5_000, {
    event: 'ready',
    address: '192.0.2.21#9f2c1234abcd5678',
    nodeId: SERVE_ID,
    port: 5_380,
    slot: 0,
    nickname: null,
    servers: none,
  });
  const served = (kind: ServedKind['kind'], ports: readonly number[], counts: Partial<ServedKind> = {}) => ({
    kind,
    endpoints: ports.flatMap((port) => [`192.0.2.21:${port}`, `[2001:db8:21::21]:${port}`]),
    clients: 0,
    requests: 0,
    refused: 0,
    errors: 0,
    ...counts,
  });
  session.tell(6_000, {
    event: 'serving',
    services: [
      served('mqtt', [1_883], { clients: 3, requests: 1_234_567 }),
      served('stun', [3_478, 3_479], { clients: 2, requests: 8, refused: 12, errors: 1 }),
      served('ntp', [10_123], { clients: 2, requests: 8 }),
      served('info', [5_380], { clients: 1, requests: 2 }),
    ],
    clients: [
      { ip: '192.0.2.33', kinds: ['info', 'mqtt', 'stun', 'ntp'], requests: 1_234_000, lastAt: 5_900 },
      { ip: '2001:db8:21::33', kinds: ['mqtt'], requests: 567, lastAt: 5_100 },
    ],
    command,
    commands: [command, 'npx p2pd-demo --via [2001:db8:21::21]#9f2c1234abcd5678'],
  });
}

/** A packet of our UDP punch leaves. */
export function trace(more: Partial<TraceEvent> = {}): TraceEvent {
  return {
    event: 'trace',
    pipe: 'p1',
    side: 'own',
    method: 'udp-punch',
    path: 'external',
    family: 4,
    kind: 'sent',
    count: 1,
    time: 0,
    ago: 0,
    error: 0,
    ...more,
  };
}

export function explanation(more: Partial<ExplanationEvent> = {}): ExplanationEvent {
  return {
    event: 'explanation',
    pipe: 'p1',
    method: 'udp-punch',
    sentence:
      'no packet arrived from them although they sent 57: their router lets in only ports it has sent to',
    confidence: 'likely',
    evidence: ['we sent 56, they sent 57', 'their port should have been 25000'],
    help: 'forward a port on one router, or use IPv6',
    ...more,
  };
}
