/**
 * The pipes of a node: which are open, what they tell, how their messages find their receivers, and how they
 * outlive their paths. Wiring only.
 */
import { addressOf, type NodeAddress } from './address.ts';
import { Crossings } from './connect/crossing.ts';
import type { NodeEvent } from './events.ts';
import type { Io } from './io/io.ts';
import type { MessageHandlers } from './message-handlers.ts';
import type { ConnectOptions } from './node-options.ts';
import { RECOVERY } from './path-timing.ts';
import type { Bench } from './pipe/bench.ts';
import type { MessageKind } from './pipe/frame.ts';
import { decodeJoin, NO_SUCH_PIPE } from './pipe/join.ts';
import type { Pipe, PipeListener } from './pipe/pipe.ts';
import type { Handover } from './pipe/pipe-info.ts';
import { type Move, moveEventOf, openEventOf, roundTripOf } from './pipe-events.ts';
import { Recovery, type RecoveryTask } from './recovery.ts';
import type { FileExchange } from './transfer/exchange.ts';
import { DecodeError } from './wire/decode-error.ts';
import type { Endpoint } from './wire/endpoint.ts';

/** Of whom a pipe was asked, or who asks for it. */
export interface Partner {
  readonly address: NodeAddress;
  /** Which ways are wanted; undefined: all. */
  readonly choice?: PipeChoice;
}

type PipeChoice = Pick<ConnectOptions, 'methods' | 'paths' | 'families'>;

export interface NodePipesTask {
  readonly io: Io;
  readonly nodeId: string;
  readonly handlers: MessageHandlers;
  readonly bench: Bench;
  readonly files: FileExchange;
  readonly emit: (event: NodeEvent) => void;
  readonly refused: (remote: Endpoint, reason: string) => void;
  /** A pipe has opened, or goes another way. */
  readonly opened: (pipe: Pipe) => void;
  readonly closed: (pipe: Pipe) => void;
  readonly onPipe: ((pipe: Pipe) => void) | undefined;
  readonly keepalive: (pipe: Pipe) => number;
  /** As of RecoveryTask. */
  readonly suspect: () => void;
  /** Our own newest address. */
  readonly ownAddress: () => Uint8Array;
  /** As of RecoveryTask, with the peer's newest address. */
  readonly rejoin: (
    pipe: Pipe,
    peer: NodeAddress,
    better: boolean,
    signal: AbortSignal,
  ) => ReturnType<RecoveryTask['rejoin']>;
  readonly signal: AbortSignal;
}

export class NodePipes {
  readonly #task: NodePipesTask;
  readonly #open = new Map<string, Pipe>();
  readonly #recovery: Recovery;
  /** Where the peer of a pipe may be found: as text of an address that was checked, or bytes that were not. */
  readonly #peers = new WeakMap<Pipe, NodeAddress | Uint8Array>();
  readonly #choices = new WeakMap<Pipe, PipeChoice>();
  readonly #moves = new WeakMap<Pipe, Move>();
  readonly crossings: Crossings;

  constructor(task: NodePipesTask) {
    this.#task = task;
    this.crossings = new Crossings(task.nodeId, () => this.#open.values());
    this.#recovery = new Recovery({
      io: task.io,
      rejoin: (pipe, better, signal) => {
        const peer = this.#addressOf(pipe);
        return peer && task.rejoin(pipe, peer, better, signal);
      },
      suspect: task.suspect,
      signal: task.signal,
    });
  }

  /** Pipes that are open. */
  get all(): readonly Pipe[] {
    return [...this.#open.values()];
  }

  has(pipe: string): boolean {
    return this.#open.has(pipe);
  }

  /** Whether a pipe is open by the best that there is: one that is relayed may still be opened another way. */
  isOpen(pipe: string): boolean {
    const open = this.#open.get(pipe);
    return open !== undefined && open.info.method !== 'relay';
  }

  /** Whether a pipe is open by a relay. */
  isRelayed(pipe: string): boolean {
    return this.#open.get(pipe)?.info.method === 'relay';
  }

  /** Which ways a pipe may go; undefined: all. */
  choiceOf(pipe: Pipe): PipeChoice | undefined {
    return this.#choices.get(pipe);
  }

  /** Our address is another one: who has a pipe with us is told. */
  tellAddress(): void {
    for (const pipe of this.#open.values()) pipe.tellAddress(this.#task.ownAddress());
  }

  /** The machine's network is another one. */
  networkChanged(): void {
    this.#recovery.networkChanged(this.#open.values());
  }

  /** Servers have told how they see it. */
  networkKnown(): void {
    this.#recovery.networkKnown(this.#open.values());
  }

  /**
   * @param startedAt when the pipe was asked for, or showed its first sign
   * @param partner null: not known
   */
  listener(startedAt: number, partner: Partner | null = null): PipeListener {
    const { emit, keepalive } = this.#task;
    return {
      proven: (pipe) => {
        if (!this.crossings.proven(pipe)) pipe.drop();
      },
      open: (pipe) => this.#opened(pipe, startedAt, partner),
      joined: (candidate, handover) => this.#joined(candidate, handover),
      stranded: (pipe, reason) => this.#stranded(pipe, reason),
      doubtful: (pipe, isDoubtful) => this.#recovery.doubtful(pipe, isDoubtful),
      moved: (pipe, from, elapsed) => {
        this.#recovery.settled(pipe);
        this.#task.opened(pipe);
        const before = this.#moves.get(pipe);
        // Told once the new round trip is known; where it moves twice before, as one.
        this.#moves.set(pipe, before ?? { from: from.method, elapsed, before: roundTripOf(pipe) });
      },
      address: (pipe, bytes) => this.#peers.set(pipe, bytes),
      keepalive,
      rtt: (pipe) => {
        const move = this.#moves.get(pipe);
        this.#moves.delete(pipe);
        if (move !== undefined) emit(moveEventOf(pipe, move));
        emit({ event: 'rtt', pipe: pipe.id, rtt: roundTripOf(pipe) ?? 0 });
      },
      message: (pipe, kind, bytes) => this.#received(pipe, kind, bytes),
      sent: (pipe, kind, bytes) => {
        if (kind === 'text') this.#emitText(pipe, 'out', Buffer.from(bytes));
      },
      closed: (pipe, reason) => this.#closed(pipe, reason),
    };
  }

  #opened(pipe: Pipe, startedAt: number, partner: Partner | null): void {
    const { io, nodeId, emit, refused, opened, onPipe, ownAddress } = this.#task;
    if (this.#open.has(pipe.id)) {
      // Handshakes of one name side by side; no honest peer brings two to their end.
      refused(pipe.remote, 'this pipe is open already');
      void pipe.close('this pipe is open already');
      return;
    }
    this.#open.set(pipe.id, pipe);
    if (partner !== null) this.#peers.set(pipe, partner.address);
    if (partner?.choice !== undefined) this.#choices.set(pipe, partner.choice);
    opened(pipe);
    this.crossings.opened(pipe);
    emit(openEventOf(pipe, nodeId, io.now() - startedAt));
    onPipe?.(pipe);
    if (pipe.info.initiator) pipe.tellAddress(ownAddress());
    if (pipe.info.initiator && pipe.info.method === 'relay') void this.#recovery.improve(pipe);
  }

  #closed(pipe: Pipe, reason: string): void {
    this.crossings.closed(pipe);
    if (this.#open.get(pipe.id) !== pipe) return;
    this.#recovery.settled(pipe);
    this.#open.delete(pipe.id);
    this.#task.closed(pipe);
    this.#task.emit({ event: 'closed', pipe: pipe.id, reason });
  }

  #stranded(pipe: Pipe, reason: string): void {
    const limit = reason.includes('ECONNRESET')
      ? RECOVERY.afterReset
      : reason.includes('hung up')
        ? RECOVERY.afterEnd
        : RECOVERY.afterSilence;
    this.#task.emit({ event: 'stranded', pipe: pipe.id, reason, limit });
    this.#recovery.stranded(pipe, reason, limit);
  }

  /** The peer joins a proven connection to a pipe that it has with us. */
  #joined(candidate: Pipe, handover: Handover): void {
    const { stream } = handover.secured;
    this.crossings.closed(candidate);
    const target = this.#targetOf(candidate, handover.payload);
    if (target === null) {
      candidate.answerJoin(NO_SUCH_PIPE);
      stream.end();
      void this.#task.io.sleepUntil(this.#task.io.now() + 1_000).then(() => stream.destroy());
      return;
    }
    // Both sides may do so at once: that of who asked for the pipe counts.
    if (target.joins.current !== null && target.info.initiator) stream.destroy();
    else {
      target.joins.current?.drop();
      target.move(handover, true);
    }
  }

  #targetOf(candidate: Pipe, payload: Uint8Array): Pipe | null {
    try {
      const target = this.#open.get(decodeJoin(payload)?.pipe ?? '');
      return target?.peer === candidate.peer ? target : null;
    } catch (error) {
      if (error instanceof DecodeError) return null;
      throw error;
    }
  }

  /** What the peer told by the pipe is checked only when it is needed. */
  #addressOf(pipe: Pipe): NodeAddress | null {
    const known = this.#peers.get(pipe) ?? null;
    if (!(known instanceof Uint8Array)) return known;
    const address = addressOf(known);
    return address?.nodeId === pipe.peer ? address : null;
  }

  #emitText(pipe: Pipe, direction: 'in' | 'out', bytes: Buffer): void {
    this.#task.emit({ event: 'message', pipe: pipe.id, direction, text: bytes.toString('utf8') });
  }

  #received(pipe: Pipe, kind: MessageKind, bytes: Buffer): void | Promise<void> {
    const { bench, files, handlers } = this.#task;
    if ((kind === 'control' || kind === 'bulk') && files.takes(pipe, kind, bytes))
      return files.take(pipe, kind, bytes);
    if (kind === 'control' || kind === 'bulk') return bench.take(pipe, kind, bytes);
    // Bytes are the handlers' business; where there are none, nobody else would show them.
    if (kind === 'text' || handlers.isEmpty) this.#emitText(pipe, 'in', bytes);
    return handlers.tell(bytes, pipe, kind);
  }
}
