/** What the tests of relays share: where coturn is, whom it knows, and how the two ends are started. */
import { readFileSync } from 'node:fs';
import { natPreset } from '../../src/lab/index.ts';
import type { Lab, Program } from './lab.ts';
import type { TwoNats } from './two-nats.ts';

/** Of server2. */
export const HOST = '198.51.100.20';
/** Between two of these nothing but a relay works. */
export const HARD = natPreset('symmetric', 'random');
export const USER = { username: 'demo', credential: 'secret' } as const;
export const RELAY = [
  'lt-cred-mech',
  'realm=example.org',
  `user=${USER.username}:${USER.credential}`,
  'min-port=50000',
  'max-port=50100',
];

/** As in networks that only let people browse: each router passes TCP to two ports, and nothing comes in. */
export const WEB_ONLY = `
table ip web {
  chain forward {
    type filter hook forward priority -10; policy accept;
    ct state established,related accept
    iifname "lan" tcp dport { 80, 443 } accept
    iifname "lan" drop
    oifname "lan" drop
  }
}`;

/** A certificate of its own for an address. */
export function certify(lab: Lab, ip: string): { key: string; certificate: string } {
  const [key, certificate] = [lab.file('tls.key'), lab.file('tls.pem')];
  const subject = ['-subj', `/CN=${ip}`, '-addext', `subjectAltName=IP:${ip}`];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  lab.net.run('server2', 'openssl', 'req', ...made, ...subject);
  return { key, certificate };
}

/** The servers of two NATs with a relay of this name. */
export function withRelay(lab: Lab, nats: TwoNats, turn: readonly unknown[]): string {
  const servers = JSON.parse(readFileSync(nats.servers, 'utf8')) as Record<string, unknown>;
  return lab.file('relay.json', JSON.stringify({ ...servers, turn }));
}

export async function accepting(lab: Lab, servers: string): Promise<{ peer: Program; address: string }> {
  const peer = lab.start('b', ['accept', '--echo', '--json', '--servers', servers], { input: null });
  const ready = await peer.event('ready');
  return { peer, address: String(ready.address) };
}
