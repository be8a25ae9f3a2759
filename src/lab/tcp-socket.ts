/**
 * One TCP connection of a simulated machine (RFC 9293): opening from either side or both at once,
 * retransmission, half-close, reset. As on Linux a SYN-ACK in SYN-RECEIVED opens the connection.
 *
 *   (new) ──connect──► syn-sent ──SYN-ACK──────────────► open ──both FINs──► time-wait ──► closed
 *                         └──SYN──► syn-received ──ACK───┘ └───────RST, timeout──────────────┘
 *   (new) ──SYN─────────────────────────┘
 */
import type { Endpoint } from '../net/wire/endpoint.ts';
import { DEFAULT_TTL, NO_DATA, resetFor, type TcpPacket } from './packet.ts';
import { systemError } from './system-error.ts';
import { ReceiveQueue } from './tcp-receive.ts';
import { SendQueue, type SentSegment } from './tcp-send.ts';
import { PurposeTimer } from './tcp-timer.ts';
import type { SocketHost, SocketOwner, TcpState } from './tcp-types.ts';

export class TcpSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  state: TcpState = 'closed';
  owner: SocketOwner | null = null;
  readonly #host: SocketHost;
  readonly #iss: number;
  readonly #send: SendQueue;
  #receive: ReceiveQueue;
  #passive = false;
  #synsSent = 0;
  #synSentAt = 0;
  #unread = 0;
  #advertised = 0;
  /** The program has let go: data that comes is refused. */
  #orphan = false;
  readonly #timer: PurposeTimer<'open' | 'retransmit' | 'linger'>;

  constructor(host: SocketHost, local: Endpoint, remote: Endpoint, iss: number) {
    this.#host = host;
    this.local = local;
    this.remote = remote;
    this.#iss = iss;
    this.#send = new SendQueue(iss + 1, host.options.mss);
    this.#receive = new ReceiveQueue(0);
    this.#timer = new PurposeTimer(host.clock, (purpose) => this.#onTimer(purpose));
  }

  /** Whether this four-tuple can be used anew. */
  get isReusable(): boolean {
    return this.state === 'time-wait' || this.state === 'closed';
  }

  connect(): void {
    this.state = 'syn-sent';
    this.#sendSyn();
  }

  /** Answers a SYN that came for a listener. */
  accept(syn: TcpPacket): void {
    this.#passive = true;
    this.#synReceived(syn);
  }

  write(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#send.push(chunk);
    this.#flush();
  }

  end(): void {
    this.#send.finish();
    this.#flush();
  }

  /** Written bytes that the system's buffer has no room for. */
  get overflow(): number {
    return Math.max(0, this.#send.buffered - this.#host.options.sendBuffer);
  }

  /** The program has read so many bytes. */
  consumed(bytes: number): void {
    this.#unread -= bytes;
    const reopened = this.#window - this.#advertised;
    const isWorthIt = reopened >= Math.min(2 * this.#host.options.mss, this.#host.options.receiveBuffer / 2);
    if (isWorthIt && this.state === 'open' && !this.#receive.finished) this.#sendAck();
  }

  /** The program lets go: RST if it has not read everything, else FIN after what the system holds. */
  destroy(): void {
    this.owner = null;
    if (this.#orphan || this.isReusable) return;
    this.#orphan = true;
    if (this.state === 'syn-sent') this.#close();
    else if (this.#unread > 0) this.abort();
    else {
      this.#send.truncate(this.#host.options.sendBuffer);
      this.#send.finish();
      this.#flush();
      this.#closeIfDone();
    }
  }

  /** Resets the connection. */
  abort(): void {
    if (this.state === 'open' || this.state === 'syn-received')
      this.#transmit({ rst: true, ack: true }, this.#send.nxt, NO_DATA);
    this.#close();
  }

  receive(packet: TcpPacket): void {
    if (this.state === 'syn-sent') this.#inSynSent(packet);
    else if (packet.flags.rst) this.#onReset(packet);
    else if (packet.flags.syn) this.#onSyn(packet);
    else if (packet.flags.ack && this.state !== 'closed') this.#synchronized(packet);
  }

  #inSynSent(packet: TcpPacket): void {
    const { syn, ack, rst } = packet.flags;
    const isAcceptable = ack && packet.ack === this.#iss + 1;
    if (ack && !isAcceptable) this.#refuse(packet);
    else if (rst) {
      if (isAcceptable) this.#fail(systemError('ECONNREFUSED', 'connect', this.remote));
    } else if (syn && ack) {
      this.#receive = new ReceiveQueue(packet.seq + 1);
      this.#open(packet);
      this.#sendAck();
    } else if (syn) this.#synReceived(packet);
  }

  #synReceived(syn: TcpPacket): void {
    this.state = 'syn-received';
    this.#receive = new ReceiveQueue(syn.seq + 1);
    this.#send.limit = this.#iss + 1 + syn.window;
    this.#synsSent = 0;
    this.#sendSyn();
  }

  #onReset(packet: TcpPacket): void {
    const offset = packet.seq - this.#receive.nxt;
    if (offset < 0 || offset > this.#window || this.isReusable) return;
    const isRefusal = this.state === 'syn-received' && !this.#passive;
    this.#fail(
      isRefusal
        ? systemError('ECONNREFUSED', 'connect', this.remote)
        : systemError('ECONNRESET', 'read', null),
    );
  }

  #onSyn(packet: TcpPacket): void {
    const isOurs = packet.seq + 1 === this.#receive.nxt;
    if (this.state !== 'syn-received') this.#sendAck();
    else if (!isOurs) this.#sendAck();
    else if (packet.flags.ack && packet.ack === this.#iss + 1) {
      this.#open(packet);
      this.#sendAck();
    } else this.#transmit({ syn: true, ack: true }, this.#iss, NO_DATA);
  }

  #synchronized(packet: TcpPacket): void {
    if (this.state === 'syn-received') {
      if (packet.ack !== this.#iss + 1) {
        this.#refuse(packet);
        return;
      }
      this.#open(packet);
    }
    const { lost, isNew } = this.#send.acknowledge(
      packet.ack,
      packet.window,
      packet.sack,
      this.#host.clock.now(),
    );
    for (const segment of lost) this.#sendSegment(segment);
    this.#flush(isNew);
    if (isNew) this.owner?.progress();
    this.#onSegment(packet);
    this.#closeIfDone();
  }

  #onSegment(packet: TcpPacket): void {
    const { data, flags, seq } = packet;
    const isProbe = data.length === 0 && !flags.fin && seq < this.#receive.nxt;
    if (data.length === 0 && !flags.fin && !isProbe) return;
    if (this.#orphan && seq + data.length > this.#receive.nxt && data.length > 0) {
      this.#refuse(packet);
      this.#close();
      return;
    }
    const wasFinished = this.#receive.finished;
    const ready = this.#receive.accept(seq, data, flags.fin);
    for (const bytes of ready) this.#unread += bytes.length;
    for (const bytes of ready) this.owner?.data(bytes);
    if (this.#receive.finished && !wasFinished) this.owner?.ended();
    if (this.state !== 'closed') this.#sendAck();
  }

  #open(packet: TcpPacket): void {
    this.state = 'open';
    this.#timer.disarm();
    if (this.#synsSent === 1) this.#send.measure(this.#host.clock.now() - this.#synSentAt);
    this.#send.limit = Math.max(this.#send.limit, packet.ack + packet.window);
    this.owner?.opened();
    this.#flush();
  }

  /** Both FINs are through: the connection is over, and remembered for a while. */
  #closeIfDone(): void {
    if (this.state !== 'open' || !this.#receive.finished || !this.#send.isFinished) return;
    this.state = 'time-wait';
    this.#timer.arm('linger', this.#host.options.timeWait);
  }

  /** Sends what the window allows, and sees to it that the timer runs while something is in flight. */
  #flush(restart = false): void {
    if (this.state !== 'open') return;
    const now = this.#host.clock.now();
    for (let segment = this.#send.take(now); segment !== null; segment = this.#send.take(now))
      this.#sendSegment(segment);
    if (!this.#send.isEmpty) {
      if (restart || this.#timer.purpose !== 'retransmit') this.#timer.arm('retransmit', this.#send.rto);
    } else if (!this.#orphan) this.#timer.disarm();
    else if (this.#timer.purpose !== 'linger') this.#timer.arm('linger', this.#host.options.timeWait);
  }

  get #window(): number {
    return Math.max(0, this.#host.options.receiveBuffer - this.#unread);
  }

  #sendSyn(): void {
    const isAnswer = this.state === 'syn-received';
    const delays = isAnswer ? this.#host.options.synAckDelays : this.#host.options.synDelays;
    const delay = delays[this.#synsSent++];
    if (delay === undefined) {
      this.#fail(systemError('ETIMEDOUT', 'connect', this.remote));
      return;
    }
    this.#synSentAt = this.#host.clock.now();
    this.#transmit({ syn: true, ack: isAnswer }, this.#iss, NO_DATA);
    this.#timer.arm('open', delay);
  }

  #sendSegment(segment: SentSegment): void {
    this.#transmit({ ack: true, fin: segment.fin }, segment.seq, segment.data);
  }

  #sendAck(): void {
    this.#transmit({ ack: true }, this.#send.nxt, NO_DATA);
  }

  #transmit(flags: Partial<TcpPacket['flags']>, seq: number, data: Uint8Array): void {
    this.#advertised = this.#window;
    this.#host.send({
      proto: 'tcp',
      src: this.local,
      dst: this.remote,
      ttl: DEFAULT_TTL,
      flags: { syn: false, ack: false, fin: false, rst: false, ...flags },
      seq,
      ack: flags.ack ? this.#receive.nxt : 0,
      window: this.#window,
      sack: this.#receive.sack(),
      data,
    });
  }

  #refuse(packet: TcpPacket): void {
    const reset = resetFor(packet);
    if (reset !== null) this.#host.send(reset);
  }

  #onTimer(purpose: 'open' | 'retransmit' | 'linger'): void {
    if (purpose === 'open') this.#sendSyn();
    else if (purpose === 'linger') this.#close();
    else this.#onRetransmit();
  }

  #onRetransmit(): void {
    if (this.#send.timeouts >= this.#host.options.retries) {
      this.#fail(systemError('ETIMEDOUT', 'read', null));
      return;
    }
    const segment = this.#send.timeOut(this.#host.clock.now());
    if (segment !== null) this.#sendSegment(segment);
    else this.#transmit({ ack: true }, this.#send.una - 1, NO_DATA);
    this.#timer.arm('retransmit', this.#send.rto);
  }

  #fail(error: Error): void {
    const owner = this.owner;
    this.#close();
    owner?.failed(error);
  }

  #close(): void {
    this.state = 'closed';
    this.owner = null;
    this.#timer.cancel();
    this.#host.forget(this);
  }
}
