/** What worked with which peer last time, kept as JSON in the state directory; a damaged file is as none. */
import * as v from 'valibot';
import type { Method } from './events.ts';
import type { StateFiles } from './state-files.ts';

const FILE = 'peers-seen.json';
const MAX_PEERS = 256;

const schema = v.pipe(
  v.array(
    v.object({
      node: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
      method: v.picklist(['direct', 'reverse', 'tcp-punch', 'udp-punch', 'relay']),
    }),
  ),
  v.maxLength(MAX_PEERS),
);

export class PeerMemory {
  readonly #files: StateFiles | null;
  /** By node id, the one met last at the end. */
  readonly #methods = new Map<string, Method>();

  constructor(files: StateFiles | null) {
    this.#files = files;
  }

  async load(): Promise<void> {
    const text = (await this.#files?.read(FILE)) ?? null;
    if (text === null) return;
    try {
      const parsed = v.safeParse(schema, JSON.parse(text));
      if (parsed.success) for (const { node, method } of parsed.output) this.#methods.set(node, method);
    } catch {
      // Damaged: nothing is known.
    }
  }

  /** What opened the last pipe to that node; null = nothing known. */
  methodOf(nodeId: string): Method | null {
    return this.#methods.get(nodeId) ?? null;
  }

  /** A pipe that was asked for here has opened. */
  opened(nodeId: string, method: Method): void {
    if (this.#methods.get(nodeId) === method) return;
    this.#methods.delete(nodeId);
    this.#methods.set(nodeId, method);
    for (const oldest of this.#methods.keys()) {
      if (this.#methods.size <= MAX_PEERS) break;
      this.#methods.delete(oldest);
    }
    const kept = [...this.#methods].map(([node, one]) => ({ node, method: one }));
    void this.#files?.write(FILE, `${JSON.stringify(kept)}\n`);
  }
}
