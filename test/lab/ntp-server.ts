/**
 * A time server of the lab (RFC 5905, client and server mode): its clock is off by as much as a test
 * wants, or it stays silent. Packets of its own: it checks clients by another hand.
 */
import type { LabHost } from './index.ts';

const LENGTH = 48;
/** Version 4, mode 4: server. */
const SERVER = (4 << 3) | 4;
const CLIENT_MODE = 3;
/** Unix ms of 1900-01-01, where NTP's first era begins. */
const ERA = -2_208_988_800_000;

export interface NtpBehaviour {
  /** ms that its clock is ahead. */
  readonly offset?: number | undefined;
  readonly silent?: boolean | undefined;
}

export class LabNtpServer {
  readonly host: string;
  readonly port: number;
  /** May be changed while it runs. */
  behaviour: NtpBehaviour;
  /** Requests that came, answered or not. */
  requests = 0;

  /** @param name what clients are told to ask */
  constructor(host: LabHost, name: string, port: number, behaviour: NtpBehaviour) {
    this.host = name;
    this.port = port;
    this.behaviour = behaviour;
    for (const ip of ['0.0.0.0', '::']) {
      const binding = host.bindUdp({ ip, port }, (data, remote) => {
        if (data.length < LENGTH || ((data[0] ?? 0) & 7) !== CLIENT_MODE) return;
        this.requests++;
        if (this.behaviour.silent === true) return;
        const now = host.io.wallClock() + (this.behaviour.offset ?? 0);
        host.sendUdp(binding.local, remote, encodeAnswer(Buffer.from(data), now));
      });
    }
  }
}

function encodeAnswer(request: Buffer, now: number): Uint8Array {
  const bytes = Buffer.alloc(LENGTH);
  bytes.writeUInt8(SERVER, 0);
  bytes.writeUInt8(2, 1);
  bytes.writeUInt8(request.readUInt8(2), 2);
  bytes.writeInt8(-20, 3);
  bytes.writeUInt32BE(0x100, 8);
  bytes.set(Buffer.from('LAB '), 12);
  writeTimestamp(bytes, 16, now - 1_000);
  bytes.set(request.subarray(40, 48), 24);
  writeTimestamp(bytes, 32, now);
  writeTimestamp(bytes, 40, now);
  return bytes;
}

/** 32 bits of seconds since 1900 and 32 bits of fraction. */
function writeTimestamp(bytes: Buffer, at: number, unixMs: number): void {
  const seconds = (unixMs - ERA) / 1_000;
  bytes.writeUInt32BE(Math.floor(seconds) % 2 ** 32, at);
  bytes.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4);
}
