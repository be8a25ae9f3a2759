/** HTTP/1.0 over simulated TCP: one GET a connection, and a server of them. Just enough for `servers.json`. */
import { addressesOf } from '../net/io/host-addresses.ts';
import type { ByteStream, HttpAnswer, HttpQuestion, Io, TcpListener } from '../net/io/io.ts';
import type { Endpoint } from '../net/wire/endpoint.ts';

const HEAD_END = '\r\n\r\n';
const MAX_HEAD = 4_096;

/** As Io's. */
export async function httpGet(io: Io, url: string, limit: number, signal: AbortSignal): Promise<HttpAnswer> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const [ip = ''] = await addressesOf(hostname.replace(/^\[|\]$/g, ''), signal, (...name) =>
    io.lookup(...name),
  );
  const stream = await io.dialTcp(null, { ip, port: port === '' ? 80 : Number(port) }, signal);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    let received = Buffer.alloc(0);
    stream.setReader({
      data(bytes) {
        received = Buffer.concat([received, bytes]);
        const over = received.length - Math.max(0, received.indexOf(HEAD_END)) - HEAD_END.length;
        if (over > limit) fail(new Error(`the answer has more than ${limit} bytes`));
      },
      ended() {
        const answer = parseAnswer(received);
        if (answer === null) return fail(new Error('the connection was closed'));
        signal.removeEventListener('abort', onAbort);
        stream.end();
        resolve(answer);
      },
      closed: (error) => fail(error ?? new Error('the connection was closed')),
      drained: () => undefined,
    });
    stream.write([Buffer.from(`GET ${pathname}${search} HTTP/1.0\r\nHost: ${host}${HEAD_END}`)]);
  });
}

/** As Io's. */
export function serveHttp(
  io: Io,
  local: Endpoint,
  answer: (question: HttpQuestion) => HttpAnswer,
): Promise<TcpListener> {
  return io.listenTcp(local, (stream) => {
    let received = '';
    stream.setReader({
      data(bytes) {
        received += Buffer.from(bytes).toString('latin1');
        if (received.length > MAX_HEAD) stream.destroy();
        if (received.includes(HEAD_END)) respond(stream, received, answer);
      },
      ended: () => stream.end(),
      closed: () => undefined,
      drained: () => undefined,
    });
  });
}

function respond(stream: ByteStream, head: string, answer: (question: HttpQuestion) => HttpAnswer): void {
  const [method, path = '/'] = head.split(' ');
  const { local, remote } = stream;
  const refusal: HttpAnswer = { status: 405, headers: {}, body: new Uint8Array(0) };
  const { status, headers, body } = method === 'GET' ? answer({ path, local, remote }) : refusal;
  const lines = Object.entries({ ...headers, 'content-length': body.length });
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  stream.write([Buffer.from(`HTTP/1.0 ${status} X\r\n${text}\r\n`), body]);
  stream.end();
}

/** null where it is cut off. */
function parseAnswer(bytes: Buffer): HttpAnswer | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2)));
  const body = new Uint8Array(bytes.subarray(end + HEAD_END.length));
  if (body.length !== Number(headers['content-length'] ?? body.length)) return null;
  return { status: Number(first.split(' ')[1]), headers, body };
}
