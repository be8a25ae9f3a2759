/** What we use of `udx-native`, which ships no types (1.21). */
declare module 'udx-native' {
  import type { EventEmitter } from 'node:events';

  interface UdxStream extends EventEmitter {
    connect(socket: UdxSocket, remoteId: number, port: number, host: string): void;
    /** Whether more may be written at once; else `drain` follows. */
    write(chunk: Uint8Array): boolean;
    end(): void;
    pause(): void;
    resume(): void;
    destroy(error?: Error): void;
  }

  interface UdxSocket extends EventEmitter {
    address(): { readonly host: string; readonly family: number; readonly port: number } | null;
    /** @throws the system's error */
    bind(port: number, host: string): void;
    trySend(data: Uint8Array, port: number, host: string, ttl?: number): void;
    setRecvBufferSize(bytes: number): void;
    setSendBufferSize(bytes: number): void;
    /** Closes once its streams are gone. */
    close(): Promise<void>;
  }

  // biome-ignore lint/style/noDefaultExport: the package exports its class by CommonJS.
  export default class UDX {
    createSocket(options?: { readonly ipv6Only?: boolean }): UdxSocket;
    createStream(id: number): UdxStream;
  }
}
