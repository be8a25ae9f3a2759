/**
 * The public servers that are asked unless others are named (docs/servers.md), by name and never by
 * addresses that somebody once saw, but for name servers, which P2PD itself names so. Data only.
 */
import type { ServerList, StunServer } from './servers.ts';

const stun = (host: string, port = 3478, tcp = true): StunServer => ({ host, port, tcp });

/**
 * The first three of each kind are asked first, so neighbours are of different operators. There is
 * no public TURN server without an account.
 */
export const PUBLIC_SERVERS: ServerList = {
  stun: [
    stun('stun.l.google.com', 19_302, false),
    stun('stun.cloudflare.com', 3478, false),
    stun('stun.nextcloud.com'),
    stun('stun.freeswitch.org'),
    stun('stun.signalwire.com'),
    stun('stun.voipgate.com'),
    stun('stun.dus.net'),
    stun('stun.sonetel.com'),
    stun('stun.m-online.net'),
    stun('stun.business-isp.nl'),
    stun('stun.syncthing.net', 3478, false),
  ],
  // The same operators by the ports of the web, and one more: what is left where 1883 is blocked.
  mqtt: [
    'mqtt://broker.hivemq.com:1883',
    'mqtt://broker.emqx.io:1883',
    'mqtt://test.mosquitto.org:1883',
    'wss://mqtt.eclipseprojects.io:443/mqtt',
    'wss://broker.emqx.io:8084/mqtt',
    'wss://broker.hivemq.com:8884/mqtt',
    'wss://test.mosquitto.org:8081/mqtt',
  ],
  // None that smears leap seconds (time.google.com, time.facebook.com): mixed with others they lie for a day.
  // Not pool.ntp.org: programs are asked not to ship that name, but one the pool has given them.
  ntp: [
    'time.cloudflare.com',
    'ntp.ripe.net',
    'ntp1.hetzner.de',
    'time.nist.gov',
    'ntp.nict.jp',
    'time.apple.com',
  ].map((host) => ({ host, port: 123 })),
  turn: [],
  // P2PD's author runs these two: one registration a start, one refresh a day.
  pnp: [
    ...['158.69.27.176', '2607:5300:60:80b0::1'].map((host) => ({
      host,
      port: 5300,
      publicKey: '03f20b5dcfa5d319635a34f18cb47b339c34f515515a5be733cd7a7f8494e97136',
    })),
    ...['88.99.211.216', '2a01:4f8:10a:3ce0::3'].map((host) => ({
      host,
      port: 5300,
      publicKey: '0249fb385ed71aee6862fdb3c0d4f8b193592eca4d61acc983ac5d6d3d3893689f',
    })),
  ],
};
