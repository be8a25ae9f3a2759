/**
 * The Io of a machine whose services lie or stay silent: a real server on it believes what it is
 * given, so it needs no code for that.
 */
import type { ByteStream, Io, StreamReader } from '../net/io/io.ts';
import { type Endpoint, formatEndpoint } from '../net/wire/endpoint.ts';

export interface Misbehaviour {
  /** Hears nothing that clients say. */
  silent(): boolean;
  /** The address that a client seems to come from; null for its own. */
  disguise(): string | null;
  /** ms that the clock is ahead of the machine's. */
  offset(): number;
  /** Something came, heard or not. */
  asked(): void;
}

export function misbehaving(io: Io, how: Misbehaviour): Io {
  const seemingly = (remote: Endpoint): Endpoint => ({ ip: how.disguise() ?? remote.ip, port: remote.port });
  const changes: Partial<Io> = {
    wallClock: () => io.wallClock() + how.offset(),
    async openUdp(local, reader) {
      /** Who is meant by an endpoint that is not the client's own. */
      const clients = new Map<string, Endpoint>();
      const socket = await io.openUdp(local, {
        ...reader,
        datagram(data, remote) {
          how.asked();
          const client = seemingly(remote);
          clients.set(formatEndpoint(client), remote);
          if (!how.silent()) reader.datagram(data, client);
        },
      });
      return {
        local: socket.local,
        send: (data, remote) => socket.send(data, clients.get(formatEndpoint(remote)) ?? remote),
        close: () => socket.close(),
      };
    },
    listenTcp: (local, onConnection) =>
      io.listenTcp(local, (stream) => {
        const silenced = (reader: StreamReader): StreamReader => ({
          data(bytes) {
            how.asked();
            if (!how.silent()) reader.data(bytes);
          },
          ended: () => reader.ended(),
          closed: (error) => reader.closed(error),
          drained: () => reader.drained(),
        });
        const disguised: Partial<ByteStream> = {
          remote: seemingly(stream.remote),
          setReader: (reader) => stream.setReader(reader === null ? null : silenced(reader)),
        };
        onConnection(overlay(stream, disguised));
      }),
  };
  return overlay(io, changes);
}

/** An object with some of its members changed. */
export function overlay<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(_target, name: keyof T & string) {
      const changed = changes[name];
      if (changed !== undefined) return changed;
      const own = target[name];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}
