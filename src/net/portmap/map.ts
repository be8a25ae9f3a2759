/**
 * A port of ours at the router's outer side: by PCP, else NAT-PMP, else UPnP; over IPv6 a hole in its firewall. Asking
 * again renews it. Effects through Io.
 */
import { reasonOf } from '../errors.ts';
import { decodeBase16, encodeBase16 } from '../wire/base16.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import { askRouter } from './ask.ts';
import { decodePcp, encodePcpMap, PCP_NONCE, UNSUPPORTED_VERSION } from './pcp-message.ts';
import { decodePmp, encodePmpAddress, encodePmpMap, ROUTER_PORT } from './pmp-message.ts';
import {
  addPinhole,
  addPortMapping,
  deletePinhole,
  deletePortMapping,
  externalAddress,
  findUpnp,
  type UpnpControl,
  UpnpError,
  type UpnpSide,
} from './upnp.ts';

export type MapProtocol = 'pcp' | 'nat-pmp' | 'upnp';

/** What a router holds for us, and what it takes to give it back, even for the next program that runs here. */
export interface HeldMapping {
  readonly protocol: MapProtocol;
  readonly interface: string;
  readonly local: string;
  readonly gateway: string;
  readonly internalPort: number;
  readonly externalPort: number;
  /** Of PCP, in hex digits. */
  readonly nonce: string;
  /** Of UPnP. */
  readonly control: UpnpControl | null;
  /** Of UPnP over IPv6. */
  readonly pinhole: string | null;
}

export interface Mapped {
  readonly held: HeldMapping;
  /** Where others find us. */
  readonly external: Endpoint;
  /** s; 0: until it is given back. */
  readonly lifetime: number;
}

/** s that are asked for: a crash leaves no mapping for longer. */
const LIFETIME = 3_600;
/** UPnP's: that port is somebody else's · leases are for good. */
const CONFLICT = 718;
const ONLY_PERMANENT = 725;
/** Outer ports that are tried where the one that we have is somebody else's. */
const MAX_PORTS = 4;
const LOWEST_PORT = 10_000;
const PORTS = 50_000;

/** Why nothing was mapped, of each protocol. */
export class MapError extends Error {
  /** Whether nobody there speaks any of them. */
  readonly isMissing: boolean;

  constructor(faults: readonly (readonly [string, string])[]) {
    const isMissing = faults.every(([, fault]) => ['no answer', 'refused'].includes(fault));
    const each = faults.map(([name, fault]) => `${name}: ${fault}`).join('; ');
    super(isMissing ? 'it maps no ports: nothing answers PCP, NAT-PMP or UPnP' : each);
    this.isMissing = isMissing;
  }
}

/**
 * @param port own TCP port
 * @param before what is held already, or was by a program that crashed
 * @throws MapError; the signal's reason
 */
export async function mapPort(side: UpnpSide, port: number, before: HeldMapping | null): Promise<Mapped> {
  const faults: (readonly [string, string])[] = [];
  // Looked for at once: a router that says nothing to the others takes seconds.
  const upnp = findUpnp(side);
  upnp.catch(() => undefined);
  const held: HeldMapping = before ?? {
    ...{ protocol: 'pcp', interface: side.interface, local: side.local, gateway: side.gateway },
    ...{ internalPort: port, externalPort: port, control: null, pinhole: null },
    nonce: encodeBase16(side.io.randomBytes(PCP_NONCE)),
  };
  const ways: readonly (readonly [MapProtocol, string, () => Promise<Mapped>])[] = [
    ['pcp', 'PCP', () => byPcp(side, held)],
    ['nat-pmp', 'NAT-PMP', () => byPmp(side, held)],
    ['upnp', 'UPnP', async () => byUpnp(side, held, await upnp)],
  ];
  const isOther = (protocol: MapProtocol) => before !== null && protocol !== before.protocol;
  const ordered = [...ways].sort(([a], [b]) => Number(isOther(a)) - Number(isOther(b)));
  for (const [protocol, name, run] of ordered) {
    if (protocol === 'nat-pmp' && familyOf(side.local) === 6) continue;
    try {
      return await run();
    } catch (error) {
      side.signal.throwIfAborted();
      faults.push([name, reasonOf(error)]);
    }
  }
  throw new MapError(faults);
}

/** Gives it back. @throws where the router does not take it, or says nothing */
export async function unmapPort(side: UpnpSide, held: HeldMapping): Promise<void> {
  if (held.protocol === 'pcp') await askPcp(side, held, 0);
  else if (held.protocol === 'nat-pmp') await askPmp(side, { ...held, externalPort: 0 }, 0);
  else if (held.control === null) return;
  else if (held.pinhole === null) await deletePortMapping(side, held.control, held.externalPort);
  else await deletePinhole(side, held.control, held.pinhole);
}

async function byPcp(side: UpnpSide, held: HeldMapping): Promise<Mapped> {
  const { ip, externalPort, lifetime } = await askPcp(side, held, LIFETIME);
  const external = { ip, port: externalPort };
  return { held: { ...held, protocol: 'pcp', externalPort }, external, lifetime };
}

async function askPcp(side: UpnpSide, held: HeldMapping, lifetime: number) {
  const nonce = decodeBase16(held.nonce) ?? new Uint8Array(PCP_NONCE);
  const answer = await askRouter({
    ...side,
    to: { ip: side.gateway, port: ROUTER_PORT },
    request: encodePcpMap({ ...held, client: side.local, nonce, lifetime }),
    decode: (bytes) => {
      const found = decodePcp(bytes);
      if (found.kind === 'announce') return null;
      // An answer to somebody else's question is none.
      const isOurs =
        found.kind === 'refused' ||
        (encodeBase16(found.nonce) === held.nonce && found.internalPort === held.internalPort);
      return isOurs ? found : null;
    },
  });
  if (answer.kind === 'map') return answer;
  throw new Error(answer.result === UNSUPPORTED_VERSION ? 'no answer' : answer.reason);
}

async function byPmp(side: UpnpSide, held: HeldMapping): Promise<Mapped> {
  const [{ externalPort, lifetime }, ip] = [await askPmp(side, held, LIFETIME), await pmpAddress(side)];
  const external = { ip, port: externalPort };
  return { held: { ...held, protocol: 'nat-pmp', externalPort }, external, lifetime };
}

async function askPmp(side: UpnpSide, held: HeldMapping, lifetime: number) {
  const answer = await askRouter({
    ...side,
    to: { ip: side.gateway, port: ROUTER_PORT },
    request: encodePmpMap({ ...held, lifetime }),
    decode: (bytes) => {
      const found = decodePmp(bytes);
      return found.kind === 'address' || (found.kind === 'map' && found.internalPort !== held.internalPort)
        ? null
        : found;
    },
  });
  if (answer.kind === 'refused') throw new Error(answer.reason);
  return answer;
}

async function pmpAddress(side: UpnpSide): Promise<string> {
  const answer = await askRouter({
    ...side,
    to: { ip: side.gateway, port: ROUTER_PORT },
    request: encodePmpAddress(),
    decode: (bytes) => {
      const found = decodePmp(bytes);
      return found.kind === 'map' ? null : found;
    },
  });
  if (answer.kind === 'refused') throw new Error(answer.reason);
  return answer.ip;
}

async function byUpnp(side: UpnpSide, held: HeldMapping, control: UpnpControl): Promise<Mapped> {
  const { internalPort } = held;
  if (familyOf(side.local) === 6) {
    const pinhole = await addPinhole(side, control, { internalPort, lifetime: LIFETIME });
    // A new one stands beside the old one, which is not needed any more.
    if (held.pinhole !== null && held.pinhole !== pinhole)
      await deletePinhole(side, control, held.pinhole).catch(() => undefined);
    const next: HeldMapping = { ...held, protocol: 'upnp', externalPort: internalPort, control, pinhole };
    return { held: next, external: { ip: side.local, port: internalPort }, lifetime: LIFETIME };
  }
  const ip = await externalAddress(side, control);
  const { externalPort, lifetime } = await firstFree(side, control, held);
  const next: HeldMapping = { ...held, protocol: 'upnp', externalPort, control };
  return { held: next, external: { ip, port: externalPort }, lifetime };
}

async function firstFree(side: UpnpSide, control: UpnpControl, { internalPort, externalPort }: HeldMapping) {
  let port = externalPort;
  let lifetime = LIFETIME;
  for (let tries = 1; ; tries++) {
    try {
      await addPortMapping(side, control, { internalPort, externalPort: port, lifetime });
      return { externalPort: port, lifetime };
    } catch (error) {
      if (!(error instanceof UpnpError) || tries >= MAX_PORTS) throw error;
      if (error.code === ONLY_PERMANENT && lifetime > 0) lifetime = 0;
      else if (error.code === CONFLICT) port = randomPort(side);
      else throw error;
    }
  }
}

function randomPort({ io }: UpnpSide): number {
  const [high = 0, low = 0] = io.randomBytes(2);
  return LOWEST_PORT + (((high << 8) | low) % PORTS);
}
