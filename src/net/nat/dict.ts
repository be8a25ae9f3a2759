/** NAT reports as the seed's dict of an interface tells them. Pure. */
import { DELTA_PHRASES, type NatReport, natName } from './behavior.ts';

/** Where nothing was found out. */
export const UNKNOWN_NAT = {
  type: null,
  nat_info: 'unknown',
  delta: { type: null, value: 0 },
  delta_info: 'unknown',
};

/** The seed has one NAT an interface: that of IPv4, over UDP, unless only the other is known. */
export function natDictOf(reports: readonly NatReport[]) {
  const udp = [...reports].sort((a, b) => a.family - b.family).map((report) => report.udp);
  const known = udp.find(({ type, delta }) => type !== null || delta.type !== null);
  if (known === undefined) return UNKNOWN_NAT;
  const { type, delta } = known;
  return {
    type,
    nat_info: natName(type),
    delta: { type: delta.type, value: delta.value },
    delta_info: delta.type === null ? 'unknown' : DELTA_PHRASES[delta.type],
  };
}
