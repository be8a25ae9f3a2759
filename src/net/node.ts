/**
 * P2PNode: listens, accepts, connects, hands messages to handlers. Wiring only: no protocol, no
 * decision of its own.
 */
import { setMaxListeners } from 'node:events';
import { addressBytes, type NodeAddress } from './address.ts';
import { connectPipe } from './connect/connect.ts';
import { derivedPort, type Listening, listen } from './connect/listen.ts';
import { P2pdError } from './errors.ts';
import type { NodeEvent } from './events.ts';
import type { Identity } from './identity.ts';
import { Incoming } from './incoming.ts';
import type { Io, NetworkInterface } from './io/io.ts';
import { MessageHandlers } from './message-handlers.ts';
import type { NatReport } from './nat-report.ts';
import { NetworkWatch } from './network-watch.ts';
import { addressOfPeer, candidatesFor, namingTaskOf } from './node-asks.ts';
import {
  assertMethods,
  type ConnectOptions,
  defaultConnectOptions,
  type MessageHandler,
  type Naming,
  type NodeSetup,
  type StartOptions,
} from './node-options.ts';
import { NodePipes } from './node-pipes.ts';
import { Bench, type BenchResult } from './pipe/bench.ts';
import type { Pipe } from './pipe/pipe.ts';
import { pipeName } from './pipe/pipe-info.ts';
import { PIPE_ID_LENGTH } from './pipe/preamble.ts';
import { Presence } from './presence.ts';
import { FileExchange } from './transfer/exchange.ts';
import { type Endpoint, formatEndpoint } from './wire/endpoint.ts';

/**
 * A node: it listens, is found by its address or a nickname, and opens pipes to others. Made by `P2PNode.start`, over by
 * `stop`; until then it keeps the process alive.
 */
export class P2PNode {
  /** Set by the library's entry. @internal */
  static naming: Naming | null = null;
  /** 32 hex digits that name the node; they follow from its public key. */
  readonly nodeId: string;
  readonly #io: Io;
  readonly #setup: NodeSetup;
  readonly #identity: Identity;
  readonly #handlers = new MessageHandlers((error) => this.#setup.onHandlerError?.(error));
  readonly #pipes: NodePipes;
  readonly #incoming: Incoming;
  readonly #network: NetworkWatch;
  readonly #stopping = new AbortController();
  readonly #bench: Bench;
  /** Files that are sent and received over its pipes. @internal */
  readonly files: FileExchange;
  readonly #presence: Presence;
  #listening: Listening | null = null;

  private constructor(setup: NodeSetup) {
    this.#setup = setup;
    this.#io = setup.io;
    this.#identity = setup.identity;
    this.#bench = new Bench(setup.io);
    this.files = new FileExchange(setup.io, (event) => this.#emit(event));
    this.nodeId = setup.identity.nodeId;
    this.#pipes = new NodePipes({
      io: setup.io,
      nodeId: this.nodeId,
      handlers: this.#handlers,
      bench: this.#bench,
      files: this.files,
      emit: this.#emit,
      refused: (remote, reason) => this.#refused(remote, reason),
      opened: (pipe) => this.#presence.opened(pipe),
      closed: (pipe) => this.#presence.closed(pipe),
      onPipe: setup.onPipe,
      keepalive: (pipe) => this.#presence.keepaliveOf(pipe.local.ip),
      suspect: () => this.#presence.suspect(),
      ownAddress: () => addressBytes(this.address),
      rejoin: (pipe, peer, better, signal) => this.#rejoin(pipe, peer, better, signal),
      signal: this.#stopping.signal,
    });
    this.#network = new NetworkWatch({
      io: setup.io,
      interfaces: setup.interfaces,
      list: setup.listInterfaces ?? (async () => setup.interfaces),
      changed: (detail) => void this.#networkChanged(detail),
      looked: () => void this.#listening?.follow(this.interfaces),
      signal: this.#stopping.signal,
    });
    this.#incoming = new Incoming({
      io: setup.io,
      identity: setup.identity,
      interfaces: () => this.interfaces,
      listener: (startedAt) => this.#pipes.listener(startedAt),
      allowed: this.#isAllowed,
      expected: (preamble, remote) => this.#presence.meetings?.expected(preamble, remote) ?? null,
      isOpen: (pipe) => this.#pipes.isOpen(pipe) || (this.#presence.meetings?.hasAsked(pipe) ?? false),
      refused: (remote, reason) => this.#refused(remote, reason),
      signal: this.#stopping.signal,
    });
    // Every handshake and connect under way listens to it: many are no leak.
    setMaxListeners(0, this.#stopping.signal);
    this.#presence = new Presence({
      setup,
      interfaces: () => this.interfaces,
      locals: () => this.locals,
      allowed: this.#isAllowed,
      isOpen: (pipe) => this.#pipes.isOpen(pipe),
      isRelayed: (pipe) => this.#pipes.isRelayed(pipe),
      listener: (startedAt, asker) => this.#pipes.listener(startedAt, { address: asker }),
      emit: this.#emit,
      addressChanged: () => this.#pipes.tellAddress(),
      networkKnown: () => this.#pipes.networkKnown(),
      signal: this.#stopping.signal,
    });
  }

  /**
   * Starts a node: it listens, has asked the services that it was given, and has an address when this resolves. It takes
   * this machine's interfaces and the first free slot of the state directory, with the key that belongs to it.
   *
   * @throws P2pdError PORT_TAKEN, NO_INTERFACE, STATE_UNUSABLE, KEY_DAMAGED
   */
  static async start(options: StartOptions = {}): Promise<P2PNode> {
    const { setupOf } = await import('./setup.ts');
    return P2PNode.startWith(await setupOf(options));
  }

  /** Starts a node on any Io: a simulated one, say. @internal */
  static async startWith(setup: NodeSetup): Promise<P2PNode> {
    const node = new P2PNode(setup);
    try {
      await node.#begin();
    } catch (error) {
      await setup.release?.();
      throw error;
    }
    return node;
  }

  /** The word that another person gives to `connect`; the newest, as brokers come and go. */
  get address(): string {
    return this.#presence.address;
  }

  /** The TCP port that it listens on. */
  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** Where it listens. @internal */
  get locals(): readonly Endpoint[] {
    return this.#listening?.locals ?? [];
  }

  /** @internal */
  get slot(): number {
    return this.#setup.slot;
  }

  /** @internal */
  get interfaces(): readonly NetworkInterface[] {
    return this.#network.interfaces;
  }

  /** What is known of the NATs in front of this machine, once they were looked at. */
  natReports(): Promise<readonly NatReport[]> {
    return this.#presence.natReports();
  }

  /** Pipes that are open. */
  get pipes(): readonly Pipe[] {
    return this.#pipes.all;
  }

  /** Adds a handler for the messages of all pipes; may be called at any time. */
  addMessageHandler(handler: MessageHandler): void {
    this.#handlers.add(handler);
  }

  /** The very function that was added; another one is no fault. */
  removeMessageHandler(handler: MessageHandler): void {
    this.#handlers.delete(handler);
  }

  /**
   * Opens a pipe to the node of an address or a nickname.
   *
   * @param peer an address (`p2pd1…`), or a nickname where this node was given name servers
   * @param options what is left out is taken from the defaults; without a `signal` it goes on until every attempt has failed
   * @returns when both sides have proven their keys and a message went there and back
   * @throws P2pdError ADDRESS_*, NAME_*, KEY_CHANGED, OWN_ADDRESS, NO_PATH, PEER_SILENT, NO_SERVICE, NOT_ALLOWED, WRONG_PROTOCOL,
   *   BUSY; the signal's reason
   */
  async connect(peer: string, options: Partial<ConnectOptions> = {}): Promise<Pipe> {
    const address = await P2PNode.naming?.addressOf(
      namingTaskOf(this.#setup, this, this.#stopping.signal),
      peer,
    );
    return this.prepare(address ?? peer, options).connect();
  }

  /** @internal */
  get identity(): Identity {
    return this.#identity;
  }

  /** Whether `stop` was called: it takes and opens no more pipes. */
  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Unix ms, corrected by time servers where they answered. @internal */
  wallClock(): number {
    return this.#presence.wall();
  }

  /**
   * Registers a nickname with this node's name servers and keeps it fresh. @returns it with its ending: `alice.peer`
   *
   * @throws P2pdError USAGE, NAME_TAKEN, NAME_REFUSED, NO_SERVICE
   */
  async nickname(name: string): Promise<string> {
    if (P2PNode.naming === null) throw new P2pdError('NO_SERVICE', 'names are not loaded');
    return P2PNode.naming.register(namingTaskOf(this.#setup, this, this.#stopping.signal), name);
  }

  /** As `connect`, in two steps: the pipe's name is known before anything is sent. @internal */
  prepare(peer: string, options: Partial<ConnectOptions> = {}): { pipe: string; connect(): Promise<Pipe> } {
    const choice = { ...defaultConnectOptions(), ...options };
    const address = addressOfPeer(peer, this.nodeId);
    assertMethods(choice);
    const pipeId = this.#io.randomBytes(PIPE_ID_LENGTH);
    const pipe = pipeName(pipeId, this.#identity.publicKey, address.publicKey);
    return { pipe, connect: () => this.#connect(address, pipeId, pipe, choice) };
  }

  #connect(
    peer: NodeAddress,
    pipeId: Uint8Array,
    pipe: string,
    choice: ConnectOptions,
    target: Pipe | null = null,
  ): Promise<Pipe> {
    const startedAt = this.#io.now();
    const { signal: stop } = this.#stopping;
    const cannotAsk = { asking: null, unaskable: 'this node uses no brokers', directDelay: 0 };
    return connectPipe({
      io: this.#io,
      identity: this.#identity,
      peer,
      pipeId,
      pipe,
      candidates: candidatesFor(peer, choice, this.interfaces, this.#presence.outer),
      ...(this.#presence.meetings?.asking(peer, pipeId, pipe, choice) ?? cannotAsk),
      target,
      // Another path for a pipe crosses nobody's connect.
      cross: (connect) =>
        target === null ? this.#pipes.crossings.enter(peer.nodeId, connect) : () => undefined,
      listener: this.#pipes.listener(startedAt, { address: peer, choice }),
      emit: this.#emit,
      signal: choice.signal ? AbortSignal.any([choice.signal, stop]) : stop,
    });
  }

  /** Another path for a pipe: asked for as a pipe of its own, then joined to the one that is open. */
  async #rejoin(target: Pipe, peer: NodeAddress, better: boolean, signal: AbortSignal): Promise<void> {
    const choice = { ...defaultConnectOptions(), ...this.#pipes.choiceOf(target), signal };
    const methods = choice.methods.filter((method) => !better || method !== 'relay');
    const pipeId = this.#io.randomBytes(PIPE_ID_LENGTH);
    if (methods.length > 0) await this.#connect(peer, pipeId, target.id, { ...choice, methods }, target);
  }

  /**
   * Measures a pipe's throughput, both ways.
   *
   * @param bytes sent each way, 1 to 2^34
   * @throws P2pdError PIPE_CLOSED, USAGE, BUSY
   */
  bench(pipe: Pipe, bytes: number): Promise<BenchResult> {
    return this.#bench.run(pipe, bytes);
  }

  /** Closes every pipe with a reason, stops listening, gives the slot back. */
  async stop(reason = 'the node stopped'): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new P2pdError('INTERRUPTED', reason));
    await Promise.all([this.#listening?.close(), this.#presence.stop()]);
    await Promise.all(this.pipes.map((pipe) => pipe.close(reason)));
    await this.#presence.giveBack();
    await this.#setup.release?.();
  }

  async #begin(): Promise<void> {
    const { interfaces, machineId, slot, port } = this.#setup;
    this.#listening = await listen(this.#io, interfaces, port, derivedPort(machineId, slot), (stream) => {
      void this.#incoming.take(stream);
    });
    this.#setup.onListening?.(this.locals);
    await this.#presence.start();
    if (this.#setup.listInterfaces !== undefined) void this.#network.watch();
  }

  async #networkChanged(detail: string): Promise<void> {
    this.#emit({ event: 'network', node: this.nodeId, interfaces: this.interfaces, detail });
    await this.#listening?.follow(this.interfaces);
    this.#pipes.networkChanged();
    this.#presence.networkChanged();
  }

  readonly #isAllowed = (nodeId: string): boolean =>
    this.#setup.allow === null || this.#setup.allow.includes(nodeId);

  #refused(remote: Endpoint, reason: string): void {
    this.#emit({ event: 'refused', node: this.nodeId, remote: formatEndpoint(remote), reason });
  }

  /** A listener's exception is its own affair. */
  readonly #emit = (event: NodeEvent): void => {
    try {
      this.#setup.emit(event);
    } catch (error) {
      this.#setup.onHandlerError?.(error);
    }
  };
}
