/**
 * The node's listen port at the routers in front of it: asked for in the background, renewed, given back when the node
 * stops, and at the next start where it crashed. Wiring and timing; how routers are asked is `portmap/`.
 */
import * as v from 'valibot';
import { reasonOf } from './errors.ts';
import type { NodeEvent, OuterFact } from './events.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import { NAT_DELAY } from './nat-timing.ts';
import { PORT_MAPPING } from './path-timing.ts';
import type { HeldMapping } from './portmap/map.ts';
import { type RouterSide, routerSides, sideOf } from './portmap/side.ts';
import type { StateFiles } from './state-files.ts';
import { type Endpoint, type Family, formatEndpoint } from './wire/endpoint.ts';
import { reachOf } from './wire/ip.ts';

/** Where a router lets others in to our listen port. */
export interface MappedFact {
  readonly interface: string;
  readonly family: Family;
  readonly local: string;
  readonly external: Endpoint;
}

export interface MappedPortsTask {
  readonly io: Io;
  readonly node: string;
  /** As they are now. */
  readonly interfaces: () => readonly NetworkInterface[];
  /** The node's listen port. */
  readonly port: () => number;
  /** How servers see us. */
  readonly outer: () => readonly OuterFact[];
  /** Where mappings are remembered; null: nowhere. */
  readonly files: StateFiles | null;
  readonly file: string;
  readonly emit: (event: NodeEvent) => void;
  /** `facts` are others. */
  readonly changed: () => void;
  readonly signal: AbortSignal;
}

/** What one router does for us. */
interface Kept {
  readonly side: RouterSide;
  readonly over: AbortController;
  held: HeldMapping | null;
  fact: MappedFact | null;
  /** What to tell of it; null: not known yet. */
  detail: string | null;
}

const MAX_REMEMBERED = 16;
const text = v.pipe(v.string(), v.maxLength(512));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const schema = v.pipe(
  v.array(
    v.object({
      protocol: v.picklist(['pcp', 'nat-pmp', 'upnp']),
      interface: text,
      local: text,
      gateway: text,
      internalPort: port,
      externalPort: port,
      nonce: v.pipe(v.string(), v.regex(/^[0-9a-f]{24}$/)),
      control: v.nullable(v.object({ service: text, url: text })),
      pinhole: v.nullable(text),
    }),
  ),
  v.maxLength(MAX_REMEMBERED),
);
const NAMES = { pcp: 'PCP', 'nat-pmp': 'NAT-PMP', upnp: 'UPnP' } as const;

export class MappedPorts {
  readonly #task: MappedPortsTask;
  readonly #kept = new Map<string, Kept>();
  /** Of a program that did not give them back. */
  #left: readonly HeldMapping[] = [];
  #told = '';

  constructor(task: MappedPortsTask) {
    this.#task = task;
  }

  /** What others may dial, as far as it leads to us: not where the router itself is behind another NAT. */
  get facts(): readonly MappedFact[] {
    return [...this.#kept.values()].flatMap(({ fact }) =>
      fact === null || this.#faultOf(fact) !== null ? [] : [fact],
    );
  }

  /** A little after the start: a node that has done its work by then asks for nothing. Never rejects. */
  async start(): Promise<void> {
    const { io, files, file, signal } = this.#task;
    this.#left = remembered((await files?.read(file)) ?? null);
    await io.sleepUntil(io.now() + NAT_DELAY, AbortSignal.any([signal]));
    if (!signal.aborted) this.renew();
  }

  /** The interfaces may be others, and so the routers. */
  renew(): void {
    const sides = routerSides(this.#task.interfaces());
    const keys = sides.map(keyOf);
    // Of what there is now: a key that is begun anew meanwhile would be met again, without end.
    for (const [key, kept] of [...this.#kept]) {
      kept.over.abort();
      if (!keys.includes(key) && kept.held !== null) this.#left = [...this.#left, kept.held];
      this.#kept.delete(key);
      const at = sides[keys.indexOf(key)];
      if (at !== undefined) this.#begin(at, kept.held);
    }
    for (const side of sides) if (!this.#kept.has(keyOf(side))) this.#begin(side, this.#takeLeft(side));
    void this.#giveBackLeft(sides);
    this.#tell();
  }

  /** Gives back what is held, as far as that can be done at once. */
  async stop(): Promise<void> {
    const { io } = this.#task;
    const held = [...this.#kept.values()].flatMap(({ side, held }) =>
      held === null ? [] : [{ side, held }],
    );
    for (const { over } of this.#kept.values()) over.abort();
    const limit = new AbortController();
    const given = Promise.all(held.map(({ side, held }) => this.#giveBack(side, held, limit.signal)));
    await Promise.race([given, io.sleepUntil(io.now() + PORT_MAPPING.stop, limit.signal)]);
    limit.abort();
    const kept = (await given).flatMap((mapping) => mapping ?? []);
    if (held.length > 0 || this.#left.length > 0) await this.#remember([...kept, ...this.#left]);
  }

  #begin(side: RouterSide, held: HeldMapping | null): void {
    const over = new AbortController();
    const kept: Kept = { side, over, held, fact: null, detail: null };
    this.#kept.set(keyOf(side), kept);
    void this.#keep(kept, AbortSignal.any([this.#task.signal, over.signal]));
  }

  /** Asks, again before the time is up, and after a pause where it was refused. Never rejects. */
  async #keep(kept: Kept, stop: AbortSignal): Promise<void> {
    const { io } = this.#task;
    const { mapPort } = await import('./portmap/map.ts');
    for (let pause: number = PORT_MAPPING.pause; !stop.aborted; ) {
      try {
        const { held, external, lifetime } = await mapPort(
          sideOf(kept.side, io, stop),
          this.#task.port(),
          kept.held,
        );
        if (stop.aborted) return;
        kept.held = held;
        this.#found(kept, { ...kept.side, external }, NAMES[held.protocol]);
        await this.#remember(this.#all);
        pause = PORT_MAPPING.pause;
        const half = lifetime === 0 ? PORT_MAPPING.renew : lifetime * 500;
        await io.sleepUntil(io.now() + Math.min(PORT_MAPPING.renew, half), stop);
      } catch (error) {
        if (stop.aborted) return;
        this.#lost(kept, reasonOf(error));
        await io.sleepUntil(io.now() + pause, stop);
        pause = Math.min(pause * 2, PORT_MAPPING.pauseMax);
      }
    }
  }

  #found(kept: Kept, { interface: id, family, local, external }: MappedFact, by: string): void {
    const fact: MappedFact = { interface: id, family, local, external };
    const before = JSON.stringify(kept.fact);
    kept.fact = fact;
    const fault = this.#faultOf(fact);
    const where = `${formatEndpoint(external)} by ${by}`;
    kept.detail = fault === null ? where : `${where}, of no use: ${fault}`;
    if (JSON.stringify(fact) !== before) this.#task.changed();
    this.#tell();
  }

  #lost(kept: Kept, reason: string): void {
    const hadFact = kept.fact !== null;
    kept.fact = null;
    kept.detail = `${kept.side.gateway}: ${reason}`;
    this.#tell();
    if (hadFact) this.#task.changed();
  }

  /** Why a mapping leads nowhere; null where it does. */
  #faultOf({ interface: id, family, external }: MappedFact): string | null {
    if (reachOf(external.ip) !== 'global') return 'behind another NAT';
    const seen = this.#task.outer().filter((fact) => fact.interface === id && fact.family === family);
    const isOther = family === 4 && seen.length > 0 && seen.every(({ outer }) => outer !== external.ip);
    return isOther ? `servers see us as ${seen[0]?.outer}` : null;
  }

  /** One step for all routers: told when it is another. */
  #tell(): void {
    const { node, emit, signal } = this.#task;
    const all = [...this.#kept.values()];
    if (all.length === 0 || signal.aborted) return;
    const isKnown = all.every(({ detail }) => detail !== null);
    const good = all.filter(({ fact }) => fact !== null && this.#faultOf(fact) === null);
    const details = (good.length > 0 ? good : all).flatMap(({ detail }) => detail ?? []);
    const state = !isKnown ? 'start' : good.length > 0 ? 'ok' : 'failed';
    const told = { event: 'step', node, name: 'portmap', state } as const;
    const event = state === 'start' ? told : { ...told, detail: details.join('; ') };
    const key = JSON.stringify(event);
    if (key === this.#told || (state === 'start' && this.#told !== '')) return;
    this.#told = key;
    emit(event);
  }

  /** What a crashed program held at this router for this port. */
  #takeLeft(side: RouterSide): HeldMapping | null {
    const isSame = (held: HeldMapping) =>
      held.interface === side.interface &&
      held.local === side.local &&
      held.gateway === side.gateway &&
      held.internalPort === this.#task.port();
    const found = this.#left.find(isSame) ?? null;
    this.#left = this.#left.filter((held) => held !== found);
    return found;
  }

  /** At routers that are still there; what is held elsewhere is kept in mind. */
  async #giveBackLeft(sides: readonly RouterSide[]): Promise<void> {
    for (const held of this.#left) {
      const side = sides.find(({ gateway, local }) => gateway === held.gateway && local === held.local);
      if (side === undefined) continue;
      const rest = await this.#giveBack(side, held, this.#task.signal);
      this.#left = this.#left.filter((one) => one !== held || rest !== null);
      await this.#remember(this.#all);
    }
  }

  /** @returns null: it is given back. Never rejects */
  async #giveBack(side: RouterSide, held: HeldMapping, signal: AbortSignal): Promise<HeldMapping | null> {
    const { unmapPort } = await import('./portmap/map.ts');
    return unmapPort(sideOf(side, this.#task.io, signal), held).then(
      () => null,
      () => held,
    );
  }

  get #all(): readonly HeldMapping[] {
    return [...[...this.#kept.values()].flatMap(({ held }) => held ?? []), ...this.#left];
  }

  async #remember(all: readonly HeldMapping[]): Promise<void> {
    const { files, file } = this.#task;
    await files?.write(file, `${JSON.stringify(all.slice(0, MAX_REMEMBERED))}\n`);
  }
}

function keyOf({ interface: id, family, local, gateway }: RouterSide): string {
  return `${id} ${family} ${local} ${gateway}`;
}

/** A damaged file is as none. */
function remembered(content: string | null): readonly HeldMapping[] {
  try {
    const parsed = v.safeParse(schema, JSON.parse(content ?? '[]'));
    return parsed.success ? parsed.output : [];
  } catch {
    return [];
  }
}
