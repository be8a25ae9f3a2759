/**
 * What a machine of a lab sees on the wire, to be searched: packets are put together to one run of
 * bytes per direction of a connection, so that what was cut into pieces is found too.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

const SCRIPT = join(import.meta.dirname, 'capture.py');
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const TCP = 6;
const UDP = 17;

/** Everything that was sent one way between two sockets. */
export interface Flow {
  readonly protocol: 'tcp' | 'udp';
  readonly from: { readonly ip: string; readonly port: number };
  readonly to: { readonly ip: string; readonly port: number };
  /** Payloads: of TCP by their sequence numbers, of UDP as they were seen. */
  readonly bytes: Buffer;
}

export interface Capture {
  /** Ends it. @returns all that was seen */
  stop(): Promise<Flow[]>;
}

let captures = 0;

export async function startCapture(lab: Lab, machine: string): Promise<Capture> {
  const file = lab.file(`capture-${captures++}.pcap`);
  const program = lab.run(machine, ['python3', SCRIPT, file]);
  await program.until('ready', () => (program.stdout.includes('ready') ? true : undefined));
  return {
    async stop() {
      program.signal('SIGTERM');
      await program.exits(0);
      return flowsOf(readFileSync(file));
    },
  };
}

/** A secret in the forms in which it could travel without being sealed. */
function formsOf(secret: string | Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  // Base64 of a text that has the secret in it, wherever it begins: the letters that are the secret's alone.
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.replace(/=+$/, '').slice(before === 0 ? 0 : before + 1, -1);
  });
  const texts = [
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll(/[+/]/g, urlLetter)),
  ];
  const wide = Buffer.from(bytes.toString('latin1'), 'utf16le');
  return [bytes, wide, ...texts.map((text) => Buffer.from(text))];
}

function urlLetter(letter: string): string {
  return letter === '+' ? '-' : '_';
}

/** The flows that carry a secret in any of its forms. */
export function carrying(flows: readonly Flow[], secret: string | Uint8Array): Flow[] {
  const forms = formsOf(secret);
  return flows.filter(({ bytes }) => forms.some((form) => bytes.includes(form)));
}

function flowsOf(pcap: Buffer): Flow[] {
  const flows = new Map<string, { head: Omit<Flow, 'bytes'>; pieces: Map<number, Buffer> }>();
  for (let at = FILE_HEADER; at < pcap.length; ) {
    const start = at + PACKET_HEADER;
    at = start + pcap.readUInt32LE(at + 8);
    const piece = pieceOf(pcap.subarray(start, at));
    if (piece === null || piece.bytes.length === 0) continue;
    const { bytes, place, ...head } = piece;
    const key = JSON.stringify(head);
    const flow = flows.get(key) ?? { head, pieces: new Map<number, Buffer>() };
    flows.set(key, flow);
    // A router sees each packet twice, and what is lost is sent again.
    const number = place ?? flow.pieces.size;
    if (bytes.length > (flow.pieces.get(number)?.length ?? 0)) flow.pieces.set(number, bytes);
  }
  return [...flows.values()].map(({ head, pieces }) => ({ ...head, bytes: inOrder(pieces) }));
}

/** Sequence numbers begin anywhere and may run over. */
function inOrder(pieces: ReadonlyMap<number, Buffer>): Buffer {
  const [first = 0] = pieces.keys();
  const sorted = [...pieces].toSorted(([x], [y]) => ((x - first) | 0) - ((y - first) | 0));
  return Buffer.concat(sorted.map(([, bytes]) => bytes));
}

/** @returns null for what is neither TCP nor UDP; `place` is the sequence number of TCP */
function pieceOf(packet: Buffer): (Flow & { readonly place: number | null }) | null {
  const version = packet.readUInt8(0) >> 4;
  const [protocol, head] =
    version === 4
      ? [packet.readUInt8(9), 4 * (packet.readUInt8(0) & 15)]
      : // Extension headers are not looked through: nothing here sends any.
        [packet.readUInt8(6), 40];
  const [from, to] =
    version === 4
      ? [ipv4(packet.subarray(12, 16)), ipv4(packet.subarray(16, 20))]
      : [ipv6(packet.subarray(8, 24)), ipv6(packet.subarray(24, 40))];
  if (protocol !== TCP && protocol !== UDP) return null;
  const payload = head + (protocol === UDP ? 8 : 4 * (packet.readUInt8(head + 12) >> 4));
  const length = version === 4 ? packet.readUInt16BE(2) : 40 + packet.readUInt16BE(4);
  return {
    protocol: protocol === TCP ? 'tcp' : 'udp',
    from: { ip: from, port: packet.readUInt16BE(head) },
    to: { ip: to, port: packet.readUInt16BE(head + 2) },
    place: protocol === TCP ? packet.readUInt32BE(head + 4) : null,
    // What a link adds to short packets does not belong to them.
    bytes: packet.subarray(payload, length === 0 || length === 40 ? packet.length : length),
  };
}

function ipv4(bytes: Buffer): string {
  return [...bytes].join('.');
}

/** Groups of four digits, none left out: only to tell flows apart. */
function ipv6(bytes: Buffer): string {
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
}
