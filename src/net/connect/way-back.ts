/** What stands for the peer's dialling back until its connection comes in. Rule only. */
import type { NodeAddress } from '../address.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { familyOf } from '../wire/ip.ts';
import type { AttemptWay } from './attempt.ts';
import type { PathChoice } from './pathway.ts';

const NOWHERE = '0.0.0.0';

/** @param own where this node listens */
export function wayBack(peer: NodeAddress, own: readonly Endpoint[], choice: PathChoice): AttemptWay {
  const [family = 4] = choice.families;
  const [path = 'external'] = choice.paths;
  const local = own.find(({ ip }) => familyOf(ip) === family) ?? own[0] ?? { ip: NOWHERE, port: 0 };
  const entry = peer.interfaces.find((e) => e.family === family) ?? peer.interfaces[0];
  const ip = entry?.outer[0] ?? entry?.inner[0] ?? NOWHERE;
  return { method: 'reverse', path, family: familyOf(ip), local, remote: { ip, port: entry?.port ?? 0 } };
}
