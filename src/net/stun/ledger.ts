/** What became of each server over all interfaces, families and transports. Pure. */

export class Ledger {
  readonly #answered = new Map<string, number>();
  readonly #failed = new Map<string, string>();
  readonly #unheard = new Set<string>();
  readonly #unasked = new Map<string, string>();

  /** One of those that agreed. */
  answered(server: string, rtt: number): void {
    this.#answered.set(server, Math.min(rtt, this.#answered.get(server) ?? rtt));
  }

  failed(server: string, reason: string): void {
    if (!this.#failed.has(server)) this.#failed.set(server, reason);
  }

  /** Silent where nobody was heard: most likely the path's fault. */
  unheard(server: string): void {
    this.#unheard.add(server);
  }

  /** It has no address of a family, or none that an interface reaches. */
  unasked(server: string, reason: string): void {
    if (!this.#unasked.has(server)) this.#unasked.set(server, reason);
  }

  /** What is good from one side counts; who failed by no fault of its own is told where nobody answered. */
  report(): {
    readonly answered: readonly { readonly server: string; readonly rtt: number }[];
    readonly failed: readonly { readonly server: string; readonly reason: string }[];
  } {
    const unheard = [...this.#unheard].map((server): [string, string] => [server, 'no answer']);
    const all = new Map([...this.#unasked, ...unheard, ...this.#failed]);
    const told = this.#answered.size > 0 ? this.#failed : all;
    return {
      answered: [...this.#answered].map(([server, rtt]) => ({ server, rtt })),
      failed: [...told].flatMap(([server, reason]) =>
        this.#answered.has(server) ? [] : [{ server, reason }],
      ),
    };
  }
}
