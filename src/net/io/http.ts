/** One GET or POST, and a small server of GETs: the server list of a machine that runs `serve`. Effects only. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Endpoint } from '../wire/endpoint.ts';
import { canonicalIp } from '../wire/ip.ts';
import type { HttpAnswer, HttpPost, HttpQuestion, TcpListener } from './io.ts';
import { lookup } from './names.ts';
import { endsOf } from './socket-stream.ts';

/** Connections at once; each is one small answer. */
const MAX_CONNECTIONS = 64;
/** ms for a caller to ask, and to take the answer. */
const QUESTION_TIMEOUT = 3_000;
const MAX_HEADER = 4_096;

/** @throws the system's error, or one for a longer body */
export function httpGet(url: string, limit: number, signal: AbortSignal): Promise<HttpAnswer> {
  return ask(url, null, limit, signal);
}

/** As `httpGet`. */
export function httpPost(
  url: string,
  post: HttpPost,
  limit: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return ask(url, post, limit, signal);
}

async function ask(
  url: string,
  post: HttpPost | null,
  limit: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  // A URL knows no scopes of link-local addresses (RFC 6874 is not what it follows).
  const scope = /^http:\/\/\[[^\]%]*(%[^\]]+)\]/.exec(url)?.[1] ?? '';
  const { hostname, port, pathname, search } = new URL(url.replace(scope, ''));
  const host = (await addressOf(hostname.replace(/^\[|\]$/g, ''), signal)) + scope;
  return new Promise((resolve, reject) => {
    const options = {
      method: post === null ? 'GET' : 'POST',
      host,
      port: port === '' ? 80 : Number(port),
      path: pathname + search,
      headers: {
        host: url.replace(scope, '').split('/')[2] ?? host,
        connection: 'close',
        ...(post === null ? {} : { ...post.headers, 'content-length': post.body.length }),
      },
      agent: false,
      signal,
      autoSelectFamily: false,
      maxHeaderSize: MAX_HEADER,
      ...(post === null ? {} : { localAddress: post.local }),
    };
    const asked = request(options, (message) => {
      readBody(message, limit).then(
        (body) => resolve({ status: message.statusCode ?? 0, headers: plainHeaders(message), body }),
        reject,
      );
    });
    asked.once('error', reject);
    asked.end(post?.body);
  });
}

/** @throws as `listenTcp` */
export function serveHttp(
  local: Endpoint,
  answer: (question: HttpQuestion) => HttpAnswer,
): Promise<TcpListener> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      {
        maxHeaderSize: MAX_HEADER,
        requestTimeout: QUESTION_TIMEOUT,
        headersTimeout: QUESTION_TIMEOUT,
        // Node looks every 30 s unless told, and callers who send a letter now and then would stay that long.
        connectionsCheckingInterval: QUESTION_TIMEOUT / 3,
      },
      (question, response) => respond(question, response, answer),
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.timeout = QUESTION_TIMEOUT;
    server.keepAliveTimeout = 1;
    server.once('error', reject);
    server.listen({ host: local.ip, port: local.port, ipv6Only: local.ip.includes(':') }, () => {
      server.removeListener('error', reject);
      server.on('error', () => undefined);
      resolve({ local: { ip: local.ip, port: portOf(server) }, close: () => close(server) });
    });
  });
}

function respond(
  question: IncomingMessage,
  response: ServerResponse,
  answer: (question: HttpQuestion) => HttpAnswer,
): void {
  response.setHeader('connection', 'close');
  if (question.method !== 'GET') {
    response.writeHead(405).end();
    question.destroy();
    return;
  }
  const { status, headers, body } = answer({ path: question.url ?? '/', ...endsOf(question.socket) });
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
}

function readBody(message: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) message.destroy(new Error(`the answer has more than ${limit} bytes`));
      else chunks.push(chunk);
    });
    message.once('end', () => resolve(new Uint8Array(Buffer.concat(chunks))));
    message.once('error', reject);
    message.once('close', () => reject(new Error('the connection was closed')));
  });
}

function plainHeaders(message: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

/** A literal as it is; of a name the first address, IPv4 before IPv6. */
async function addressOf(host: string, signal: AbortSignal): Promise<string> {
  if (isIP(host.split('%')[0] ?? '') !== 0) return canonicalIp(host) ?? host;
  if (host === 'localhost') return '127.0.0.1';
  const [ipv4, ipv6] = await Promise.allSettled([lookup(host, 4, signal), lookup(host, 6, signal)]);
  const first = [ipv4, ipv6].flatMap((found) => (found.status === 'fulfilled' ? found.value : []))[0];
  if (first === undefined)
    throw ipv4.status === 'rejected' ? ipv4.reason : new Error(`${host} has no address`);
  return first;
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
