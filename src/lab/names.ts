/** The names of a simulated network; how a machine asks for one is in look-up.ts. */

export interface NameOptions {
  /** ms until the answer; the table's when left out. */
  readonly delay?: number;
  /** A code that looking it up fails with (`ESERVFAIL`), instead of an answer. */
  readonly failure?: string;
}

interface Entry extends NameOptions {
  readonly ips: readonly string[];
}

export class NameTable {
  /** ms until an answer. */
  delay = 5;
  /** ms until a resolver gives up a server that does not answer: 700 and 1400, as ours. */
  timeout = 2_100;
  /** The name server answers nobody. */
  silent = false;
  readonly #entries = new Map<string, Entry>();

  add(name: string, ips: string | readonly string[], options: NameOptions = {}): void {
    this.#entries.set(name, { ...options, ips: typeof ips === 'string' ? [ips] : ips });
  }

  remove(name: string): void {
    this.#entries.delete(name);
  }

  get(name: string): Entry | null {
    return this.#entries.get(name) ?? null;
  }
}
