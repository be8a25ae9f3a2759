/** Events as a real run tells them: a start-up, a connect, a chat. Addresses are RFC 5737's and 3849's. */
import type { AppEvent } from '../../src/app/events.ts';
import type { AttemptEvent, NetworkInterface, OpenEvent } from '../../src/net/index.ts';
import type { FakeSession } from './fake-session.ts';

/** As long as an address gets: 480 bytes (contract). */
export const ADDRESS = `p2pd1${'abcdefghijkmnpqrstuvwxyz23456789'.repeat(24)}`;
export const NODE_ID = '3f9a1c2be87d4410';
export const PEER_ID = 'b7710e55c0ffee21';

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
