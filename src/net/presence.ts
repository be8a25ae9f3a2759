/**
 * How a node stands in the world: the services it asks, the brokers where it is heard, the address
 * that says so, and its meetings with peers. Wiring only.
 */
import { addressBytes, encodeAddress } from './address.ts';
import { Relays } from './connect/relays.ts';
import type { OuterFact } from './events.ts';
import type { NetworkInterface } from './io/io.ts';
import { MappedPorts } from './mapped-ports.ts';
import { MappingWatch } from './mapping-watch.ts';
import { Meetings } from './meeting/meetings.ts';
import type { NodeSide } from './meeting/task.ts';
import type { NatReport } from './nat-report.ts';
import { NatWatch } from './nat-watch.ts';
import type { NodeSetup } from './node-options.ts';
import { addressEntries, newestSequence } from './own-address.ts';
import { NETWORK } from './path-timing.ts';
import { PeerMemory } from './peer-memory.ts';
import type { Pipe } from './pipe/pipe.ts';
import { externalPlaces } from './punch/place.ts';
import { WarmSites } from './punch/warm.ts';
import { createResolver } from './resolve.ts';
import { NO_SERVERS } from './servers.ts';
import { Signalling } from './signal/signalling.ts';
import { World } from './world.ts';

export interface PresenceTask extends NodeSide {
  readonly setup: NodeSetup;
  /** As they are now. */
  readonly interfaces: () => readonly NetworkInterface[];
  /** Others hear another address from now on. */
  readonly addressChanged: () => void;
  /** The network is another one, and servers have told how they see it. */
  readonly networkKnown: () => void;
}

export class Presence {
  readonly #task: PresenceTask;
  readonly #world: World;
  readonly #nats: NatWatch;
  readonly #mappings: MappingWatch;
  readonly #peers: PeerMemory;
  readonly #warm: WarmSites;
  readonly #relays: Relays;
  /** null where routers are asked for nothing. */
  readonly #mapped: MappedPorts | null;
  readonly #signalling: Signalling | null;
  /** null where the node uses no brokers. */
  readonly meetings: Meetings | null;
  #address = '';
  /** Of the address that others may hold. */
  #sequence = 0;
  /** What the address says, to see whether it would say something else. */
  #said = '';
  #ready = false;
  /** What servers said is of another network. */
  #isStale = false;
  #refreshing: Promise<void> | null = null;
  /** Ends the pause until servers are asked again. */
  #hurry = new AbortController();

  constructor(task: PresenceTask) {
    this.#task = task;
    const { setup, interfaces, emit, signal } = task;
    const { io, identity, servers = NO_SERVERS, files = null } = setup;
    this.#world = new World({ io, node: identity.nodeId, interfaces, servers, files, emit, signal });
    this.#nats = new NatWatch({
      io,
      interfaces,
      servers: servers.stun,
      files,
      outer: () => this.#world.outer,
      emit,
      isBusy: () => this.meetings?.isBusy ?? false,
      portMapping: setup.portMapping === true,
      found: () => {
        this.#renewAddress();
        this.#warm.keep();
      },
      signal,
    });
    this.#mappings = new MappingWatch({
      io,
      outer: () => this.#world.outer,
      servers: (family, stop) => this.#world.stunServers(family, 'udp', stop),
      learn: (fact) => this.#nats.learn(fact),
      isBusy: () => this.meetings?.isBusy ?? false,
      signal,
    });
    this.#peers = new PeerMemory(files);
    this.#warm = new WarmSites({
      io,
      servers: (family, transport, stop) => this.#world.stunServers(family, transport, stop),
      places: () => {
        const own = { interfaces: interfaces(), outer: this.#world.outer, nats: this.#nats.known };
        return (['tcp', 'udp'] as const).flatMap((transport) => externalPlaces(own, [4, 6], transport));
      },
      signal,
    });
    this.#relays = new Relays({ io, servers: servers.turn, resolve: createResolver(io) });
    this.#mapped = setup.portMapping === true ? this.#openMapped() : null;
    this.#signalling = servers.mqtt.length === 0 ? null : this.#openSignalling(servers.mqtt);
    this.meetings = this.#signalling && this.#openMeetings(this.#signalling);
  }

  /** The word that another person gives to `connect`. */
  get address(): string {
    return this.#address;
  }

  /** Asks every service; the address is whole when this resolves. Called once, when the node listens. */
  async start(): Promise<void> {
    const { setup } = this.#task;
    const kept = await setup.files?.read(this.#sequenceFile);
    await Promise.all([this.#nats.load(), this.#peers.load()]);
    this.#sequence = Number.parseInt(kept ?? '', 10) || 0;
    this.#renewAddress();
    await this.#world.start(this.#signalling);
    this.#renewAddress();
    this.#ready = true;
    void this.#mapped?.start();
    if (setup.nat === true) void this.#nats.findLater().then(() => this.#mappings.watch());
  }

  /** Unix ms, corrected as far as the clock is known. */
  wall(): number {
    return this.#world.wall();
  }

  /** This run's NAT reports, once there are some; empty where there is nobody to ask. */
  async natReports(): Promise<readonly NatReport[]> {
    await this.#nats.find();
    return this.#nats.reports;
  }

  /** How servers see us. */
  get outer(): readonly OuterFact[] {
    return this.#world.outer;
  }

  /** ms of silence after which a pipe over UDP from that address has to say something. */
  keepaliveOf(ip: string): number {
    return this.#mappings.keepaliveOf(ip);
  }

  /** A pipe has opened, or goes another way. */
  opened(pipe: Pipe): void {
    const { initiator, method } = pipe.info;
    this.#relays.settle(pipe.id, method === 'relay');
    // By a relay it is open for the time being: what is under way may still bring something better.
    if (method === 'relay') return;
    if (initiator) this.#peers.opened(pipe.peer, method);
    this.meetings?.opened(pipe.id, method);
  }

  /** The network is doubtful: brokers have to show that they hear us, and mappings are made anew. */
  suspect(): void {
    this.#signalling?.check();
    this.#warm.renew();
  }

  /** The machine's network is another one: everything that was learned of it is asked anew. */
  networkChanged(): void {
    this.#renewAddress();
    this.#signalling?.renew();
    this.#warm.renew();
    this.#mapped?.renew();
    this.#isStale = true;
    this.#hurry.abort();
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
  }

  /** Until some server has told how it sees us. Never rejects. */
  async #refresh(): Promise<void> {
    const { setup, signal } = this.#task;
    let before = this.#world.outer;
    for (let pause: number = NETWORK.pause; this.#isStale; pause = Math.min(pause * 2, NETWORK.pauseMax)) {
      this.#isStale = false;
      const hasAnswer = await this.#world.renew();
      this.#renewAddress();
      if (signal.aborted) return;
      if (hasAnswer && (await this.#nats.renew(before)) && setup.nat === true)
        void this.#nats.findLater().then(() => this.#mappings.watch());
      if (hasAnswer) {
        this.#task.networkKnown();
        before = this.#world.outer;
        this.#warm.keep();
        continue;
      }
      this.#isStale = true;
      this.#hurry = new AbortController();
      await setup.io.sleepUntil(setup.io.now() + pause, AbortSignal.any([signal, this.#hurry.signal]));
      if (signal.aborted) return;
    }
  }

  /** A pipe is over. */
  closed(pipe: Pipe): void {
    this.#relays.settle(pipe.id, false);
  }

  /** What is worth remembering is written. */
  async stop(): Promise<void> {
    await Promise.all([this.#mapped?.stop(), this.#signalling?.stop()]);
  }

  /** Relays, once the pipes that they carried have said their last words. */
  giveBack(): Promise<void> {
    return this.#relays.stop();
  }

  get #sequenceFile(): string {
    return `address-${this.#task.setup.slot}.sequence`;
  }

  /** Makes the address anew where it would say something else; others hear of it once it is known. */
  #renewAddress(): void {
    const { setup, interfaces, locals, emit, addressChanged } = this.#task;
    const { machineId, identity, files } = setup;
    const port = locals()[0]?.port ?? 0;
    const known = { outer: this.#world.outer, nats: this.#nats.known, mapped: this.#mapped?.facts ?? [] };
    const entries = addressEntries(interfaces(), locals(), port, known);
    const fields = { machineId, brokers: this.#signalling?.listening ?? [], interfaces: entries };
    const said = JSON.stringify(fields);
    if (said === this.#said) return;
    this.#said = said;
    this.#sequence = newestSequence(this.#sequence, this.#world.wall());
    this.#address = encodeAddress(identity, { ...fields, sequence: this.#sequence });
    void files?.write(this.#sequenceFile, `${this.#sequence}\n`);
    if (!this.#ready) return;
    emit({ event: 'address', node: identity.nodeId, address: this.#address });
    addressChanged();
  }

  #openMapped(): MappedPorts {
    const { setup, interfaces, locals, emit, signal } = this.#task;
    return new MappedPorts({
      io: setup.io,
      node: setup.identity.nodeId,
      interfaces,
      port: () => locals()[0]?.port ?? 0,
      outer: () => this.#world.outer,
      files: setup.files ?? null,
      file: `portmap-${setup.slot}.json`,
      emit,
      changed: () => this.#renewAddress(),
      signal,
    });
  }

  #openSignalling(urls: readonly string[]): Signalling {
    const { setup, signal } = this.#task;
    const { io, identity, files = null, slot } = setup;
    return new Signalling({
      io,
      identity,
      urls,
      files,
      file: `signal-${slot}.json`,
      wall: () => this.#world.wall(),
      receive: (message, origin) => this.meetings?.received(message, origin),
      isWished: (pipeId, nodeId) => this.meetings?.isWished(pipeId, nodeId) ?? false,
      isShared: (pipeId, nodeId) => this.meetings?.isShared(pipeId, nodeId) ?? false,
      changed: () => {
        this.#world.tell();
        if (this.#ready) this.#renewAddress();
      },
      signal,
    });
  }

  #openMeetings(signalling: Signalling): Meetings {
    const { setup, interfaces, ...side } = this.#task;
    return new Meetings({
      ...side,
      io: setup.io,
      identity: setup.identity,
      get interfaces() {
        return interfaces();
      },
      signalling,
      machineId: setup.machineId,
      wall: () => this.#world.wall(),
      outer: () => this.#world.outer,
      nats: () => this.#nats.known,
      natsKnown: (signal) => this.#nats.wait(signal),
      warm: (place) => this.#warm.take(place),
      isWarm: (place) => this.#warm.has(place),
      stunServers: (family, transport, signal) => this.#world.stunServers(family, transport, signal),
      learn: (fact) => this.#nats.learn(fact),
      relays: this.#relays,
      isPartner: setup.isPartner ?? (() => false),
      lastMethod: (nodeId) => this.#peers.methodOf(nodeId),
      ownAddress: () => ({ bytes: addressBytes(this.#address), sequence: this.#sequence }),
    });
  }
}
