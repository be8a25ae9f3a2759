/** A time server of the lab: the program's own, whose clock is off, or which stays silent, as a test says. */
import { startNtpServer } from '../net/index.ts';
import { misbehaving } from './misbehave.ts';
import { ownAddresses } from './routes.ts';
import type { LabHost } from './virtual-io.ts';

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
  /** Messages that came, answered or not. */
  requests = 0;

  /** @param name what clients are told to ask */
  constructor(host: LabHost, name: string, port: number, behaviour: NtpBehaviour) {
    this.host = name;
    this.port = port;
    this.behaviour = behaviour;
    const io = misbehaving(host.io, {
      silent: () => this.behaviour.silent === true,
      disguise: () => null,
      offset: () => this.behaviour.offset ?? 0,
      asked: () => {
        this.requests++;
      },
    });
    const locals = ownAddresses(host.nics).map((ip) => ({ ip, port }));
    void startNtpServer({ io, locals, report: () => undefined });
  }
}
