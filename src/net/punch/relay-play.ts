/**
 * A pipe by a UDP allocation: the probes of a UDP punch and its stream, with the relayed address as one of the two
 * ports. Whoever holds the allocation waits there, the other side aims at it. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import type { ByteStream, Io } from '../io/io.ts';
import { CHOICE_PATIENCE, MAX_CHOICES } from '../timing.ts';
import type { UdpRelay } from '../turn/udp-relay.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import type { PunchRole } from './flows.ts';
import { UdpPort } from './udp-port.ts';

export interface RelayPlay {
  readonly io: Io;
  /** The side that was asked chooses the path, as in every UDP punch. */
  readonly role: PunchRole;
  /** Of `probeKey`. */
  readonly key: Uint8Array;
  /** Our end of a stream to the peer; where it comes to nothing there may be another one. */
  readonly taken: (stream: ByteStream) => void;
  /** The port closes, but for the stream that goes by it. */
  readonly signal: AbortSignal;
}

/** Who asks for a relay sees from its events what becomes of it: punches alone are traced. */
const UNTRACED = { sent: () => undefined, received: () => undefined, seen: () => undefined };

/** The relayed address as a port of ours. @throws where this system has nothing to make streams over UDP with */
export function openRelayPort(io: Io, relay: UdpRelay): Promise<UdpPort> {
  const streams = new Set<ByteStream>();
  return UdpPort.over(io, async (reader) => {
    const local = relay.lease.relayed ?? { ip: '0.0.0.0', port: 0 };
    const send = (data: Uint8Array, remote: Endpoint) => relay.send(data, remote);
    const socket = await io.openCarriedUdp({ local, send, closed: () => leave() }, reader);
    const datagram = (data: Uint8Array, from: Endpoint) => socket.deliver(data, from);
    const leave = relay.use({ datagram }, () => {
      for (const stream of streams) stream.destroy();
      socket.close();
    });
    return {
      local,
      send: (data, remote) => socket.send(data, remote),
      openStream(remote, ids) {
        void relay.bind(remote);
        const stream = socket.openStream(remote, ids);
        streams.add(stream);
        return stream;
      },
      close: () => socket.close(),
    };
  });
}

/** Plays on a port until the signal aborts. Without effect for the role that chooses where nobody is heard. */
export function playRelayed(port: UdpPort, { io, role, key, taken, signal }: RelayPlay): void {
  const heard: Endpoint[] = [];
  let choices = 0;
  const chooseNext = async (): Promise<void> => {
    const remote = heard.shift();
    if (remote === undefined || signal.aborted || choices >= MAX_CHOICES) return;
    choices++;
    const stream = port.choose(remote);
    if (stream !== null) taken(stream);
    await io.sleepUntil(io.now() + CHOICE_PATIENCE, AbortSignal.any([signal]));
    await chooseNext();
  };
  port.play({
    role,
    key,
    lane: UNTRACED,
    heard(_port, remote) {
      heard.push(remote);
      if (role === 'answerer' && choices === 0) void chooseNext();
    },
    chosen: taken,
    signal,
  });
}

/**
 * The same for who needs one stream: the first one.
 *
 * @param remotes to aim at
 * @throws the signal's reason; an Error where there is nothing to make streams with
 */
export async function meetRelayed(
  play: Omit<RelayPlay, 'taken'>,
  local: Endpoint,
  remotes: readonly Endpoint[],
): Promise<ByteStream> {
  const { io, signal } = play;
  const port = await UdpPort.open(io, local);
  return new Promise((resolve, reject) => {
    let isMet = false;
    const taken = (stream: ByteStream) => {
      if (isMet) stream.destroy();
      isMet = true;
      resolve(stream);
    };
    onAbort(signal, () => reject(signal.reason));
    playRelayed(port, { ...play, taken });
    port.aim(remotes);
  });
}
