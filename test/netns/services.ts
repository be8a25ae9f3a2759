/**
 * Public services on machines of a lab: Debian's mosquitto, coturn and chrony, and our own `serve`.
 * Each is there when its promise resolves, tried with a request of its protocol from the machine
 * itself, and ends with the lab. Needs root and python3.
 */
import { join } from 'node:path';
import { inLab, type Lab, type Line, type Program } from './lab.ts';
import { type Home, meeting, SERVICES } from './plans.ts';

const ANSWERS = join(import.meta.dirname, 'answers.py');
/** Seconds until a server that was started must answer; coturn takes one on a busy machine. */
const START_LIMIT = 10;

export interface ServicePlan {
  /** IPv4 or IPv6, all of the machine. */
  readonly addresses: readonly string[];
  readonly port: number;
}

/** `--servers`, as the contract has it. */
export interface ServersFile {
  readonly stun?: readonly { readonly host: string; readonly port: number; readonly tcp: boolean }[];
  readonly mqtt?: readonly string[];
  readonly ntp?: readonly string[];
}

/** An MQTT broker that lets everybody in and keeps nothing. */
export async function startMosquitto(
  lab: Lab,
  machine: string,
  { addresses, port }: ServicePlan,
): Promise<Program> {
  const lines = [
    'user root',
    'persistence false',
    'allow_anonymous true',
    ...addresses.map((ip) => `listener ${port} ${ip}`),
  ];
  const config = lab.file(`mosquitto-${port}.conf`, lines.join('\n'));
  const broker = lab.run(machine, ['mosquitto', '-c', config]);
  await answering(lab, machine, broker, ['mqtt'], { addresses, port });
  return broker;
}

const FRONT = join(import.meta.dirname, 'web-socket-front.mjs');

/** The same behind a front that takes WebSockets: Debian's own cannot open them. */
export async function startWebBroker(
  lab: Lab,
  machine: string,
  address: string,
  port: number,
): Promise<Program> {
  await startMosquitto(lab, machine, { addresses: [address], port: 1883 });
  const front = lab.run(machine, [process.execPath, FRONT, String(port), `${address}:1883`]);
  await front.until('it listens', () => (front.stdout.includes('listening') ? true : undefined));
  return front;
}

/**
 * A STUN server over UDP and TCP; with two addresses of a family it tells the other one (RFC 5780).
 *
 * @param relay lines of its configuration, where it is to relay
 */
export async function startCoturn(
  lab: Lab,
  machine: string,
  { addresses, port }: ServicePlan,
  relay: readonly string[] = ['stun-only'],
  hasTls = false,
): Promise<Program> {
  const lines = [
    ...addresses.map((ip) => `listening-ip=${ip}`),
    `listening-port=${port}`,
    ...relay,
    'no-cli',
    ...(hasTls ? [] : ['no-tls']),
    'no-dtls',
    'relay-threads=1',
    `userdb=${lab.file(`turndb-${machine}-${port}`)}`,
    `pidfile=${lab.file(`turn-${machine}-${port}.pid`)}`,
    'log-file=stdout',
    'simple-log',
  ];
  const config = lab.file(`turn-${machine}-${port}.conf`, lines.join('\n'));
  const server = lab.run(machine, ['turnserver', '-c', config]);
  await answering(lab, machine, server, ['stun', 'stun-tcp'], { addresses, port });
  return server;
}

/** A time server that believes its machine's clock. At most one address of each family. */
export async function startChrony(
  lab: Lab,
  machine: string,
  { addresses, port }: ServicePlan,
): Promise<Program> {
  const lines = [
    'local stratum 5',
    'allow all',
    `port ${port}`,
    ...addresses.map((ip) => `bindaddress ${ip}`),
    'cmdport 0',
    'bindcmdaddress /',
    `pidfile ${lab.file(`chrony-${port}.pid`)}`,
  ];
  const config = lab.file(`chrony-${port}.conf`, lines.join('\n'));
  // -x: the clock is left alone.
  const server = lab.run(machine, ['chronyd', '-x', '-d', '-u', 'root', '-f', config]);
  await answering(lab, machine, server, ['ntp'], { addresses, port });
  return server;
}

/** Our own `serve`, with what its `ready` event says. */
export async function startServe(
  lab: Lab,
  machine: string,
  args: readonly string[] = [],
): Promise<{ program: Program; ready: Line }> {
  const program = lab.start(machine, ['serve', '--json', ...args], { input: null });
  return { program, ready: await program.event('ready') };
}

/** Writes a file for `--servers`. @returns its path */
export function serversFile(lab: Lab, servers: ServersFile, name = 'servers.json'): string {
  return lab.file(name, JSON.stringify(servers));
}

/** What the tests with them need. */
export const SERVICE_NEEDS = {
  namespaces: true,
  commands: ['ip', 'nft', 'python3', 'mosquitto', 'turnserver', 'chronyd'],
} as const;

export interface Services {
  /** On ports 1883, 1884 and 1885. */
  readonly brokers: readonly Program[];
  readonly stun: Program;
  readonly ntp: Program;
  /** All of them, as a node of that family is told. */
  readonly servers: (family: 4 | 6) => Required<ServersFile>;
}

/** Three brokers, STUN with two addresses of each family, and a clock, on the machine of a `meeting`. */
export async function startServices(lab: Lab): Promise<Services> {
  const { machine, ipv4, ipv6 } = SERVICES;
  const all = [...ipv4, ...ipv6];
  const one = [ipv4[0], ipv6[0]];
  const [stun, ntp, ...brokers] = await Promise.all([
    startCoturn(lab, machine, { addresses: all, port: 3478 }),
    startChrony(lab, machine, { addresses: one, port: 123 }),
    ...BROKER_PORTS.map((port) => startMosquitto(lab, machine, { addresses: one, port })),
  ]);
  return { brokers, stun, ntp, servers: publicServers };
}

const BROKER_PORTS = [1883, 1884, 1885];

function publicServers(family: 4 | 6): Required<ServersFile> {
  const hosts = family === 4 ? SERVICES.ipv4 : SERVICES.ipv6;
  const inUrl = family === 4 ? hosts[0] : `[${hosts[0]}]`;
  return {
    stun: hosts.map((host) => ({ host, port: 3478, tcp: true })),
    mqtt: BROKER_PORTS.map((port) => `mqtt://${inUrl}:${port}`),
    ntp: [hosts[0]],
  };
}

/** `inLab` for people who meet through public services. */
export function inMeeting(
  homes: { readonly a: Home; readonly b: Home },
  body: (lab: Lab, services: Services) => Promise<void>,
): () => Promise<void> {
  return inLab(meeting(homes), async (lab) => body(lab, await startServices(lab)));
}

/** How each step of a node's start ended, `ok: detail`, once all of its services have; the clock may come late. */
export function outcomes(program: Program): Promise<Readonly<Record<string, string>>> {
  const services = ['stun', 'mqtt', 'ntp'];
  return program.until('outcomes of all services', () => {
    const over = program.all('step').filter(({ state }) => state !== 'start');
    const found = Object.fromEntries(
      over.map(({ name, state, detail }) => [String(name), `${state}: ${detail}`]),
    );
    return services.every((name) => name in found) ? found : undefined;
  });
}

/** Waits until a server answers on each of its addresses, over each protocol. */
export async function answering(
  lab: Lab,
  machine: string,
  server: Program,
  protocols: readonly string[],
  { addresses, port }: ServicePlan,
): Promise<void> {
  const asked = protocols.flatMap((protocol) => addresses.flatMap((ip) => [protocol, ip]));
  try {
    await lab.run(machine, ['python3', ANSWERS, String(START_LIMIT), String(port), ...asked]).exits(0);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${server.said()}`);
  }
}
