/** Everything that one site sends towards one peer over TCP: its flows, each from its local port. Effects through Io. */
import { type Aimed, FlowBook } from './flows.ts';
import type { Punch, PunchTask } from './punch.ts';
import type { Site } from './site.ts';
import { PunchPort } from './tcp-port.ts';

export class TcpPunch implements Punch {
  readonly site: Site;
  readonly #task: PunchTask;
  readonly #ports = new Map<number, PunchPort>();
  readonly #book: FlowBook;

  constructor(task: PunchTask) {
    this.#task = task;
    this.site = task.site;
    this.#book = new FlowBook(task.role, task.site.ports);
  }

  aim(peer: Aimed): boolean {
    const flows = this.#book.take(peer);
    for (const { offset, remotes, isHole } of flows ?? []) void this.#portAt(offset).aim(remotes, isHole);
    return flows !== null;
  }

  #portAt(offset: number): PunchPort {
    const known = this.#ports.get(offset);
    if (known !== undefined) return known;
    const { io, site, connected, failed, lane, signal } = this.#task;
    const local = { ip: site.place.local, port: site.port + offset };
    const port = new PunchPort({ io, local, connected, failed, lane, signal });
    this.#ports.set(offset, port);
    return port;
  }
}
