/** Which protocols a router maps ports by: asked, and nothing mapped. Effects through Io. */
import type { PortMappingFacts } from '../nat-report.ts';
import { familyOf } from '../wire/ip.ts';
import { askRouter } from './ask.ts';
import { decodePcp, encodePcpAnnounce, UNSUPPORTED_VERSION } from './pcp-message.ts';
import { decodePmp, encodePmpAddress, ROUTER_PORT } from './pmp-message.ts';
import { findUpnp, type UpnpSide } from './upnp.ts';

const UNKNOWN_PORT_MAPPING: PortMappingFacts = { upnp: null, natPmp: null, pcp: null };

/** Never rejects. */
export async function probePortMapping(side: UpnpSide): Promise<PortMappingFacts> {
  const to = { ip: side.gateway, port: ROUTER_PORT };
  const [upnp, natPmp, pcp] = await Promise.all([
    holds(findUpnp(side)),
    familyOf(side.local) === 6
      ? false
      : holds(
          askRouter({
            ...side,
            to,
            request: encodePmpAddress(),
            decode: (bytes) => (decodePmp(bytes).kind === 'address' ? true : null),
          }),
        ),
    holds(
      askRouter({
        ...side,
        to,
        request: encodePcpAnnounce(side.local),
        decode: (bytes) => {
          const answer = decodePcp(bytes);
          return answer.kind !== 'refused' || answer.result !== UNSUPPORTED_VERSION ? true : null;
        },
      }),
    ),
  ]);
  return side.signal.aborted ? UNKNOWN_PORT_MAPPING : { upnp, natPmp, pcp };
}

function holds(found: Promise<unknown>): Promise<boolean> {
  return found.then(
    () => true,
    () => false,
  );
}
