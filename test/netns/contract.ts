/**
 * The contract's events, field by field, as scripts rely on them: what `--json` prints is checked
 * against this table, not against the program's own.
 */
import { expect } from 'vitest';
import type { Line } from './lab.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const endpoint = matches(/^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+(%[\w.-]+)?\]):\d+$/);
const method = oneOf('direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay');
const path = oneOf('external', 'local');
const family = oneOf(4, 6);
const nodeId = matches(/^[0-9a-f]{32}$/);

/** Every kind of service, and no other. */
function isServers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const kinds = ['mqtt', 'ntp', 'pnp', 'stun', 'turn'];
  return Object.keys(value).toSorted().join() === kinds.join() && Object.values(value).every(Array.isArray);
}

/** Fields of each event besides schemaVersion, event and at; a name with ? may be absent. */
const EVENTS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  step: {
    name: oneOf('interfaces', 'stun', 'mqtt', 'ntp', 'portmap', 'nickname'),
    state: oneOf('start', 'ok', 'failed'),
    'detail?': text,
  },
  ready: {
    // Of `serve`: what --via takes.
    address: matches(/^(p2pd1[0-9a-z]+|[0-9a-f.:]+#[0-9a-f]{16})$/i),
    nodeId,
    port: number,
    nickname: oneOf(null),
    'servers?': isServers,
  },
  attempt: {
    pipe: text,
    method,
    path,
    family,
    state: oneOf('start', 'failed', 'open'),
    local: endpoint,
    remote: endpoint,
    elapsed: number,
    'reason?': text,
  },
  open: {
    pipe: text,
    method,
    path,
    family,
    transport: oneOf('tcp', 'udp'),
    local: endpoint,
    remote: endpoint,
    peer: nodeId,
    encrypted: oneOf(true),
    elapsed: number,
  },
  // Not the contract's own: what a script that does not know them passes over.
  trace: {
    pipe: text,
    side: oneOf('own', 'peer'),
    method: oneOf('tcp-punch', 'udp-punch'),
    path,
    family,
    kind: oneOf('sent', 'refused', 'received', 'open'),
    count: number,
    time: number,
    error: number,
  },
  explanation: {
    pipe: text,
    method,
    sentence: text,
    confidence: oneOf('certain', 'likely', 'possible'),
    evidence: Array.isArray,
    help: (value) => value === null || text(value),
  },
  network: { detail: text },
  address: { address: matches(/^p2pd1[0-9a-z]+$/) },
  path: { pipe: text, from: method, to: method, elapsed: number },
  stranded: { pipe: text, reason: text, limit: number },
  message: { pipe: text, direction: oneOf('in', 'out'), text: (value) => typeof value === 'string' },
  bench: { pipe: text, bytes: number, sendMbps: number, receiveMbps: number, rtt: number },
  closed: { pipe: text, reason: text },
  error: { code: matches(/^[A-Z_]+$/), message: text, hint: (value) => typeof value === 'string' },
};

/** Every line has exactly the contract's fields with values of their kind, and time does not run backwards. */
export function expectContract(lines: readonly Line[]): void {
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(faultsOf(line), JSON.stringify(line)).toEqual([]);
  const times = lines.map((line) => Number(line.at));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
}

function faultsOf(line: Line): string[] {
  const { schemaVersion, event, at, ...fields } = line;
  const faults = [...(schemaVersion === 1 ? [] : ['schemaVersion']), ...(number(at) ? [] : ['at'])];
  const checks = EVENTS[String(event)];
  if (checks === undefined) return [...faults, `the contract knows no event ${event}`];
  const required = Object.entries(checks).flatMap(([name, check]) => {
    const key = name.replace('?', '');
    if (!(key in fields)) return name === key ? [`${key} is missing`] : [];
    return check(fields[key]) ? [] : [`${key} is ${JSON.stringify(fields[key])}`];
  });
  const known = new Set(Object.keys(checks).map((name) => name.replace('?', '')));
  const unknown = Object.keys(fields).filter((key) => !known.has(key));
  return [...faults, ...required, ...unknown.map((key) => `${key} is not in the contract`)];
}
