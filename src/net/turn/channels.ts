/** Which channel of an allocation is whose (RFC 8656 §12). Rule only; a channel that was once given stays its peer's. */
import { type Endpoint, formatEndpoint } from '../wire/endpoint.ts';
import { CHANNELS } from './frame.ts';

/** One is enough for a pipe; a peer that comes from port after port gets no more. */
const MOST = 8;

interface Channel {
  readonly number: number;
  readonly peer: Endpoint;
  /** The server has granted it. */
  readonly isBound: boolean;
}

export class Channels {
  readonly #channels = new Map<string, Channel>();

  /** The one to a peer, where it can be used. */
  boundTo(peer: Endpoint): number | null {
    const channel = this.#channels.get(formatEndpoint(peer));
    return channel?.isBound === true ? channel.number : null;
  }

  /** Gives a peer its number, if it has none. @returns null where there are enough already */
  take(peer: Endpoint): number | null {
    const key = formatEndpoint(peer);
    const known = this.#channels.get(key);
    if (known !== undefined) return known.number;
    if (this.#channels.size >= MOST) return null;
    const number = CHANNELS.first + this.#channels.size;
    this.#channels.set(key, { number, peer, isBound: false });
    return number;
  }

  bound(peer: Endpoint): void {
    const key = formatEndpoint(peer);
    const known = this.#channels.get(key);
    if (known !== undefined) this.#channels.set(key, { ...known, isBound: true });
  }

  /** Whom data is from; null for a channel that is nobody's. The server may use one before we know that it granted it. */
  peerOf(number: number): Endpoint | null {
    for (const channel of this.#channels.values()) if (channel.number === number) return channel.peer;
    return null;
  }

  /** All that are granted. */
  get peers(): readonly Endpoint[] {
    return [...this.#channels.values()].filter(({ isBound }) => isBound).map(({ peer }) => peer);
  }
}
