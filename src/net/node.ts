/**
 * P2PNode: listens, accepts, connects, hands messages to handlers. Wiring only: no protocol, no
 * decision of its own.
 */
import { setMaxListeners } from 'node:events';
import { type NodeAddress, parseAddress } from './address.ts';
import { connectPipe } from './connect/connect.ts';
import { Crossings } from './connect/crossing.ts';
import { derivedPort, type Listening, listen } from './connect/listen.ts';
import { directCandidates, pathwayOf } from './connect/pathway.ts';
import { P2pdError, reasonOf } from './errors.ts';
import type { NodeEvent } from './events.ts';
import type { Identity } from './identity.ts';
import type { ByteStream, Io, NetworkInterface } from './io/io.ts';
import { MessageHandlers } from './message-handlers.ts';
import {
  assertMethods,
  type ConnectOptions,
  defaultConnectOptions,
  type MessageHandler,
  type Naming,
  type NamingTask,
  type NodeSetup,
  type StartOptions,
} from './node-options.ts';
import { acceptPipe } from './pipe/accept.ts';
import { Admission } from './pipe/admission.ts';
import { Bench, type BenchResult } from './pipe/bench.ts';
import type { MessageKind } from './pipe/frame.ts';
import { type Pipe, type PipeListener, pipeName } from './pipe/pipe.ts';
import { PIPE_ID_LENGTH } from './pipe/preamble.ts';
import { refuseAtOnce } from './pipe/secure.ts';
import { openEventOf, roundTripOf } from './pipe-events.ts';
import { Presence } from './presence.ts';
import { NO_SERVERS } from './servers.ts';
import { type Endpoint, formatEndpoint } from './wire/endpoint.ts';

export class P2PNode {
  /** Set by the library's entry. */
  static naming: Naming | null = null;
  /** 32 hex digits that name the node; they follow from its public key. */
  readonly nodeId: string;
  readonly #io: Io;
  readonly #setup: NodeSetup;
  readonly #identity: Identity;
  readonly #handlers = new MessageHandlers((error) => this.#setup.onHandlerError?.(error));
  readonly #pipes = new Map<string, Pipe>();
  readonly #admission = new Admission();
  readonly #stopping = new AbortController();
  readonly #bench: Bench;
  readonly #presence: Presence;
  readonly #crossings: Crossings;
  #listening: Listening | null = null;

  private constructor(setup: NodeSetup) {
    this.#setup = setup;
    this.#io = setup.io;
    this.#identity = setup.identity;
    this.#bench = new Bench(setup.io);
    this.nodeId = setup.identity.nodeId;
    this.#crossings = new Crossings(this.nodeId, () => this.#pipes.values());
    // Every handshake and connect under way listens to it: many are no leak.
    setMaxListeners(0, this.#stopping.signal);
    this.#presence = new Presence({
      setup,
      locals: () => this.locals,
      allowed: this.#isAllowed,
      isOpen: (pipe) => this.#pipes.has(pipe),
      listener: (startedAt) => this.#listener(startedAt),
      emit: this.#emit,
      signal: this.#stopping.signal,
    });
  }

  /**
   * Starts a node: it listens, has asked its services and has an address when this resolves. Without a `setup` it is this
   * machine's own: its interfaces, and the first free slot of the state directory.
   *
   * @throws P2pdError PORT_TAKEN, NO_INTERFACE, STATE_UNUSABLE, KEY_DAMAGED
   */
  static async start(options: StartOptions = {}): Promise<P2PNode> {
    const { setupOf } = await import('./setup.ts');
    return P2PNode.startWith(await setupOf(options));
  }

  /** Starts a node on any Io: a simulated one, say. */
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

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** Where it listens. */
  get locals(): readonly Endpoint[] {
    return this.#listening?.locals ?? [];
  }

  get slot(): number {
    return this.#setup.slot;
  }

  get interfaces(): readonly NetworkInterface[] {
    return this.#setup.interfaces;
  }

  /** Pipes that are open. */
  get pipes(): readonly Pipe[] {
    return [...this.#pipes.values()];
  }

  /** Adds a handler for the messages of all pipes; may be called at any time. */
  addMessageHandler(handler: MessageHandler): void {
    this.#handlers.add(handler);
  }

  removeMessageHandler(handler: MessageHandler): void {
    this.#handlers.delete(handler);
  }

  /**
   * Opens a pipe to the node of an address or, in the library, a nickname.
   *
   * @throws P2pdError ADDRESS_*, NAME_*, KEY_CHANGED, OWN_ADDRESS, NO_PATH, PEER_SILENT, NO_SERVICE, NOT_ALLOWED, WRONG_PROTOCOL,
   *   BUSY; the signal's reason
   */
  async connect(peer: string, options: Partial<ConnectOptions> = {}): Promise<Pipe> {
    const address = await P2PNode.naming?.addressOf(this.#namingTask(), peer);
    return this.prepare(address ?? peer, options).connect();
  }

  get identity(): Identity {
    return this.#identity;
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Unix ms, corrected by time servers where they answered. */
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
    return P2PNode.naming.register(this.#namingTask(), name);
  }

  #namingTask(): NamingTask {
    const { io, identity, servers = NO_SERVERS, files = null } = this.#setup;
    const [address, wall, { signal }] = [() => this.address, () => this.wallClock(), this.#stopping];
    return { io, identity, servers, files, address, wall, signal };
  }

  /** As `connect`, in two steps: the pipe's name is known before anything is sent. */
  prepare(peer: string, options: Partial<ConnectOptions> = {}): { pipe: string; connect(): Promise<Pipe> } {
    const choice = { ...defaultConnectOptions(), ...options };
    const address = parseAddress(peer);
    if (address.nodeId === this.nodeId) {
      throw new P2pdError('OWN_ADDRESS', "that is this node's own address");
    }
    assertMethods(choice);
    const pipeId = this.#io.randomBytes(PIPE_ID_LENGTH);
    const pipe = pipeName(pipeId, this.#identity.publicKey, address.publicKey);
    return { pipe, connect: () => this.#connect(address, pipeId, pipe, choice) };
  }

  #connect(peer: NodeAddress, pipeId: Uint8Array, pipe: string, choice: ConnectOptions): Promise<Pipe> {
    const startedAt = this.#io.now();
    const { signal: stop } = this.#stopping;
    const cannotAsk = { asking: null, unaskable: 'this node uses no brokers', directDelay: 0 };
    const direct = choice.methods.includes('direct');
    return connectPipe({
      io: this.#io,
      identity: this.#identity,
      peer,
      pipeId,
      pipe,
      candidates: direct ? directCandidates(this.interfaces, peer.interfaces, choice) : null,
      ...(this.#presence.meetings?.asking(peer, pipeId, pipe, choice) ?? cannotAsk),
      cross: (connect) => this.#crossings.enter(peer.nodeId, connect),
      listener: this.#listener(startedAt),
      emit: this.#emit,
      signal: choice.signal ? AbortSignal.any([choice.signal, stop]) : stop,
    });
  }

  /** Measures a pipe's throughput, both ways. Throws P2pdError PIPE_CLOSED, USAGE, BUSY. */
  bench(pipe: Pipe, bytes: number): Promise<BenchResult> {
    return this.#bench.run(pipe, bytes);
  }

  /** Closes every pipe with a reason, stops listening, gives the slot back. */
  async stop(reason = 'the node stopped'): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new P2pdError('INTERRUPTED', reason));
    await Promise.all([this.#listening?.close(), this.#presence.stop()]);
    await Promise.all(this.pipes.map((pipe) => pipe.close(reason)));
    await this.#setup.release?.();
  }

  async #begin(): Promise<void> {
    const { interfaces, machineId, slot, port } = this.#setup;
    const accept = (stream: ByteStream) => void this.#accept(stream);
    this.#listening = await listen(this.#io, interfaces, port, derivedPort(machineId, slot), accept);
    this.#setup.onListening?.(this.locals);
    await this.#presence.start();
  }

  readonly #isAllowed = (nodeId: string): boolean =>
    this.#setup.allow === null || this.#setup.allow.includes(nodeId);

  async #accept(stream: ByteStream): Promise<void> {
    const { remote } = stream;
    if (!this.#admission.enter(remote.ip)) {
      refuseAtOnce(stream, 'busy');
      this.#refused(remote, 'too many handshakes under way');
      return;
    }
    try {
      await acceptPipe({
        io: this.#io,
        identity: this.#identity,
        stream,
        listener: this.#listener(this.#io.now()),
        path: pathwayOf(this.interfaces, remote.ip),
        allowed: this.#isAllowed,
        expected: (preamble) => this.#presence.meetings?.expected(preamble, remote) ?? null,
        isOpen: (pipe) => this.#pipes.has(pipe) || (this.#presence.meetings?.hasAsked(pipe) ?? false),
        signal: this.#stopping.signal,
      });
    } catch (error) {
      this.#refused(remote, reasonOf(error));
    } finally {
      this.#admission.leave(remote.ip);
    }
  }

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

  /** @param startedAt when the pipe was asked for, or showed its first sign */
  #listener(startedAt: number): PipeListener {
    return {
      proven: (pipe) => {
        if (!this.#crossings.proven(pipe)) pipe.drop();
      },
      open: (pipe) => this.#opened(pipe, startedAt),
      keepalive: (pipe) => this.#presence.keepaliveOf(pipe.local.ip),
      rtt: (pipe) => this.#emit({ event: 'rtt', pipe: pipe.id, rtt: roundTripOf(pipe) ?? 0 }),
      message: (pipe, kind, bytes) => this.#received(pipe, kind, bytes),
      sent: (pipe, kind, bytes) => {
        if (kind === 'text') this.#emitText(pipe, 'out', Buffer.from(bytes));
      },
      closed: (pipe, reason) => {
        this.#crossings.closed(pipe);
        if (this.#pipes.get(pipe.id) !== pipe) return;
        this.#pipes.delete(pipe.id);
        this.#emit({ event: 'closed', pipe: pipe.id, reason });
      },
    };
  }

  #opened(pipe: Pipe, startedAt: number): void {
    if (this.#pipes.has(pipe.id)) {
      // Handshakes of one name side by side; no honest peer brings two to their end.
      this.#refused(pipe.remote, 'this pipe is open already');
      void pipe.close('this pipe is open already');
      return;
    }
    this.#pipes.set(pipe.id, pipe);
    this.#presence.opened(pipe);
    this.#crossings.opened(pipe);
    this.#emit(openEventOf(pipe, this.nodeId, this.#io.now() - startedAt));
    this.#setup.onPipe?.(pipe);
  }

  #emitText(pipe: Pipe, direction: 'in' | 'out', bytes: Buffer): void {
    this.#emit({ event: 'message', pipe: pipe.id, direction, text: bytes.toString('utf8') });
  }

  #received(pipe: Pipe, kind: MessageKind, bytes: Buffer): void | Promise<void> {
    if (kind === 'control' || kind === 'bulk') return this.#bench.take(pipe, kind, bytes);
    // Bytes are the handlers' business; where there are none, nobody else would show them.
    if (kind === 'text' || this.#handlers.isEmpty) this.#emitText(pipe, 'in', bytes);
    return this.#handlers.tell(bytes, pipe, kind);
  }
}
