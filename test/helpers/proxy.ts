/** A TCP proxy that sees, records and may change what two nodes say to each other. */
import { connect, createServer, type Socket } from 'node:net';

export type Direction = 'up' | 'down';
/** @param offset of the chunk's first byte in its direction */
export type Tamper = (direction: Direction, chunk: Buffer, offset: number) => Buffer;

export interface TcpProxy {
  readonly port: number;
  /** What went through, of all connections. */
  readonly seen: Record<Direction, Buffer>;
  close(): void;
}

export function startProxy(target: number, tamper: Tamper = (_direction, chunk) => chunk): Promise<TcpProxy> {
  const seen = { up: Buffer.alloc(0), down: Buffer.alloc(0) };
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    const join = (direction: Direction, from: Socket, to: Socket) => {
      let offset = 0;
      sockets.add(from);
      from.on('data', (chunk) => {
        seen[direction] = Buffer.concat([seen[direction], chunk]);
        const changed = tamper(direction, Buffer.from(chunk), offset);
        offset += chunk.length;
        to.write(changed);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    };
    join('up', inner, outer);
    join('down', outer, inner);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      const close = () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      };
      resolve({ port, seen, close });
    });
  });
}
