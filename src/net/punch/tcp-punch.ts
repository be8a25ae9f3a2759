/** Everything that one site sends towards one peer over TCP: its flows, each from its local port. Effects through Io. */
import type { ByteStream, Io } from '../io/io.ts';
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { kindOf, type PunchRole, planFlows } from './flows.ts';
import type { Site } from './site.ts';
import { PunchPort } from './tcp-port.ts';

export interface TcpPunchTask {
  readonly io: Io;
  readonly role: PunchRole;
  readonly site: Site;
  readonly connected: (stream: ByteStream) => Promise<boolean>;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export class TcpPunch {
  readonly #task: TcpPunchTask;
  readonly #ports = new Map<number, PunchPort>();
  readonly #aims = new Set<string>();

  constructor(task: TcpPunchTask) {
    this.#task = task;
  }

  get site(): Site {
    return this.#task.site;
  }

  /** Whether it sends to anybody yet. */
  get running(): boolean {
    return this.#ports.size > 0;
  }

  /** Aims at ports of the peer, in order: each flow makes a mapping. @returns whether there is any way */
  aim(peer: { readonly ip: string; readonly ports: readonly number[] }): boolean {
    const { site, role } = this.#task;
    const flows = planFlows(role, kindOf(site.ports), peer);
    const key = peer.ports.map((port) => formatEndpoint({ ip: peer.ip, port })).join(' ') || peer.ip;
    if (this.#aims.has(key)) return flows.length > 0;
    this.#aims.add(key);
    // Foreseen ports are used up one by one.
    const used = kindOf(site.ports) === 'foreseen' ? Math.max(-1, ...this.#ports.keys()) : -1;
    for (const { offset, remotes, isHole } of flows) {
      const place = used < 0 ? offset : used + Math.max(1, offset);
      void this.#portAt(place).aim(remotes.filter(isUsable), isHole);
    }
    return flows.length > 0;
  }

  #portAt(offset: number): PunchPort {
    const known = this.#ports.get(offset);
    if (known !== undefined) return known;
    const { io, site, connected, failed, signal } = this.#task;
    const local = { ip: site.place.local, port: site.port + offset };
    const port = new PunchPort({ io, local, connected, failed, signal });
    this.#ports.set(offset, port);
    return port;
  }
}

/** Below are services' own ports (RFC 6335 §6): no peer of ours is there, and none can make us knock. */
function isUsable({ port }: Endpoint): boolean {
  return port >= 1_024;
}
