/** A STUN server of the lab: the program's own, which lies or stays silent when a test says so. */
import { startStunServer } from '../net/index.ts';
import { misbehaving } from './misbehave.ts';
import { ownAddresses } from './routes.ts';
import type { LabHost } from './virtual-io.ts';

export interface StunBehaviour {
  /** The address that it claims to see, instead of the client's. */
  readonly lies?: string | undefined;
  readonly silent?: boolean | undefined;
}

export class LabStunServer {
  readonly host: string;
  readonly port: number;
  /** May be changed while it runs. */
  behaviour: StunBehaviour;
  /** Messages that came, answered or not. */
  requests = 0;

  /** @param name what clients are told to ask */
  constructor(host: LabHost, name: string, port: number, behaviour: StunBehaviour) {
    this.host = name;
    this.port = port;
    this.behaviour = behaviour;
    const io = misbehaving(host.io, {
      silent: () => this.behaviour.silent === true,
      disguise: () => this.behaviour.lies ?? null,
      offset: () => 0,
      asked: () => {
        this.requests++;
      },
    });
    const udp = ownAddresses(host.nics).map((ip) => ({ ip, port }));
    void startStunServer({ io, udp, alternatePort: null, tcp: true, report: () => undefined });
  }
}
