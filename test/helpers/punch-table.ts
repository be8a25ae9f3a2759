/** The table that `npm run matrix` writes: what was expected of each pair, and what came of it. Pure. */

import { DELTA_NAMES, NAT_NAMES } from '../../src/net/nat/behavior.ts';
import { COMBINATIONS, type NatSide } from '../../src/net/nat/matrix.ts';
import type { PunchCase, PunchResult } from './punch-matrix.ts';

type Played = readonly [PunchCase, PunchResult];

/** @param played every case of each transport; times are those of routers that drop, at 40 ms, without loss and clock error */
export function matrixMarkdown(played: Readonly<Record<'tcp' | 'udp', readonly Played[]>>): string {
  const share = played.tcp.length / COMBINATIONS.length ** 2;
  return `# Hole punching, pair by pair

Written by \`npm run matrix\`: every ordered pair of NATs (rows ask, columns are asked) × round trips of 0.5, 40 and 200 ms × clocks that are off by 0, 20 and 300 ms × routers that drop and that reset × loss of 0 and 1 %, in virtual time, over TCP alone and over UDP alone.

A cell: ms from the request to an open pipe at 40 ms round trip, 10 ms to services, NATs known, with routers that drop; \`/\` how many of the pair's ${share} cases opened, where not all did; \`–\` not tried, as it is impossible. Over UDP a pair of random and restricted ports is left to chance (the birthday paradox): its time is one throw.

## TCP

${section(played.tcp)}
## UDP

${section(played.udp)}`;
}

function section(played: readonly Played[]): string {
  const opened = played.filter(([, { open }]) => open);
  const wanted = played.filter(([, { expected }]) => expected === 'yes');
  const reached = wanted.filter(([, { open }]) => open);
  const share = ((100 * reached.length) / Math.max(1, wanted.length)).toFixed(2);
  const head = `| | ${COMBINATIONS.map(shortOf).join(' | ')} |\n|${'---|'.repeat(COMBINATIONS.length + 1)}`;
  const rows = COMBINATIONS.map(
    (a) => `| **${nameOf(a)}** | ${COMBINATIONS.map((b) => cellOf(played, a, b)).join(' | ')} |`,
  );
  return `${played.length} connects, ${opened.length} opened. Of ${wanted.length} that were expected to open ${reached.length} did (${share} %), all by one call.

${head}
${rows.join('\n')}
`;
}

function cellOf(played: readonly Played[], a: NatSide, b: NatSide): string {
  const own = played.filter(([one]) => one.a === a && one.b === b);
  const opened = own.filter(([, { open }]) => open);
  if (opened.length === 0) return '–';
  const plain = own.find(
    ([{ rtt, clockError, unsolicited, loss }]) =>
      rtt === 40 && clockError === 0 && unsolicited === 'drop' && loss === 0,
  );
  const time = plain?.[1].open === true ? String(Math.round(plain[1].elapsed)) : '?';
  return opened.length === own.length ? time : `${time} / ${opened.length}`;
}

function nameOf({ type, delta }: NatSide): string {
  if (type === null || delta === null) return 'unknown';
  return delta === 1 ? NAT_NAMES[type] : `${NAT_NAMES[type]}, ${DELTA_NAMES[delta]}`;
}

/** `6.4`: type and delta by their numbers. */
function shortOf({ type, delta }: NatSide): string {
  return delta === 1 ? String(type) : `${type}.${delta}`;
}
