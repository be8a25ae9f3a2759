/** Opens a site over the transport of its place. Effects through Io. */
import type { Place } from './place.ts';
import { openTcpSite, type Site, type SiteTask } from './site.ts';
import { openUdpSite } from './udp-site.ts';

/**
 * @param wish the port that the peer hopes for, where the place can choose; 0 = any
 * @throws over UDP: the system's error, or where this system has nothing to make streams with
 */
export function openSite(task: SiteTask, place: Place, wish: number): Promise<Site> {
  return place.transport === 'tcp' ? openTcpSite(task, place, wish) : openUdpSite(task, place, wish);
}
