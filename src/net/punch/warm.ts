/**
 * Sites that are open before anybody needs them: where a server has to be asked for a mapping, that is
 * a round trip or two less for the next punch. One of each place that needs it, opened anew when it is
 * taken or lost. Effects through Io.
 */
import { onAbort } from '../abort.ts';
import { WARM_PAUSE } from '../timing.ts';
import { openSite } from './open-site.ts';
import type { Place } from './place.ts';
import type { Site, SiteTask } from './site.ts';

export interface WarmTask extends SiteTask {
  /** Own places by what is known now. */
  readonly places: () => readonly Place[];
}

export class WarmSites {
  readonly #task: WarmTask;
  /** By place; null while one is being opened. */
  readonly #sites = new Map<string, Site | null>();
  /** Opening for it has failed, or what was open was lost, until when it is left alone, monotonic ms. */
  readonly #resting = new Map<string, number>();

  constructor(task: WarmTask) {
    this.#task = task;
  }

  /** Opens what is missing. What is known of the NATs may have changed. */
  keep(): void {
    const { signal, places, io } = this.#task;
    for (const place of places()) {
      const key = keyOf(place);
      if (place.source !== 'asked' || this.#sites.has(key) || signal.aborted) continue;
      if (io.now() < (this.#resting.get(key) ?? 0)) continue;
      this.#sites.set(key, null);
      void this.#open(place, key);
    }
  }

  has(place: Place): boolean {
    return place.source === 'asked' && (this.#sites.get(keyOf(place)) ?? null) !== null;
  }

  /** Whoever takes a site closes it; another one is opened. */
  take(place: Place): Site | null {
    const key = keyOf(place);
    const site = this.#sites.get(key) ?? null;
    if (site === null || place.source !== 'asked') return null;
    this.#sites.delete(key);
    this.keep();
    return site;
  }

  /** The mappings may be gone: what is open is opened anew. */
  renew(): void {
    for (const [key, site] of this.#sites) {
      if (site === null) continue;
      this.#sites.delete(key);
      site.close();
    }
    this.keep();
  }

  async #open(place: Place, key: string): Promise<void> {
    const { signal } = this.#task;
    const site = await openSite(this.#task, place, 0).catch(() => null);
    if (site === null || site.ports.length === 0 || signal.aborted) {
      site?.close();
      await this.#rest(key);
      return;
    }
    this.#sites.set(key, site);
    const leave = onAbort(signal, () => this.#closeKept(key, site));
    await site.lost;
    leave();
    if (this.#sites.get(key) === site) await this.#rest(key);
  }

  /** A server that closes what is idle is not asked all the time. */
  async #rest(key: string): Promise<void> {
    const { io, signal } = this.#task;
    const until = io.now() + WARM_PAUSE;
    this.#sites.delete(key);
    this.#resting.set(key, until);
    await io.sleepUntil(until, AbortSignal.any([signal]));
    this.keep();
  }

  #closeKept(key: string, site: Site): void {
    if (this.#sites.get(key) === site) site.close();
  }
}

function keyOf({ transport, path, local, outer }: Place): string {
  return `${transport} ${path} ${local} ${outer}`;
}
