/** How many packets one report may send to each server address: public servers are other people's. Pure. */
export class Budget {
  readonly #limit: number;
  readonly #spent = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Packets that may still be sent there. */
  left(ip: string): number {
    return this.#limit - (this.#spent.get(ip) ?? 0);
  }

  /** Takes so many packets; false where they are not left, and then none. */
  take(ip: string, packets = 1): boolean {
    const spent = (this.#spent.get(ip) ?? 0) + packets;
    if (spent > this.#limit) return false;
    this.#spent.set(ip, spent);
    return true;
  }
}
