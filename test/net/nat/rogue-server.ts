/** A STUN server that offers a second address and then does not keep to RFC 5780. */

import type { LabHost } from '../../../src/lab/index.ts';
import { decodeStun, encodeBindingResponse, encodeErrorResponse } from '../../../src/net/stun/message.ts';
import type { Endpoint } from '../../../src/net/wire/endpoint.ts';

/**
 * ignores: answers a wish for another place from its own · refuses: 420 · mute: does not answer such a
 * wish · displaced: answers everything from another port · slow: answers after half a second
 */
export type Rogue = 'ignores' | 'refuses' | 'mute' | 'displaced' | 'slow';

export async function startRogue(
  { io }: LabHost,
  ips: readonly [string, string],
  rogue: Rogue,
): Promise<void> {
  const [ip, other] = ips;
  const sockets = new Map<string, Awaited<ReturnType<typeof io.openUdp>>>();
  const answer = async (data: Uint8Array, client: Endpoint, local: Endpoint) => {
    const { transactionId, change } = decodeStun(data);
    const wishes = change.ip || change.port;
    if (wishes && rogue === 'mute') return;
    if (rogue === 'slow') await io.sleepUntil(io.now() + 500);
    const opposite = local.port === 3478 ? 3479 : 3478;
    const from = rogue === 'displaced' ? { ...local, port: opposite } : local;
    const otherAddress = { ip: local.ip === ip ? other : ip, port: opposite };
    const fields = { mapped: client, responseOrigin: local, otherAddress, fingerprint: false };
    const refusal = () => encodeErrorResponse(transactionId, { code: 420, unknown: [3], fingerprint: false });
    const reply = wishes && rogue === 'refuses' ? refusal() : encodeBindingResponse(transactionId, fields);
    sockets.get(`${from.ip} ${from.port}`)?.send(reply, client);
  };
  for (const own of ips.filter((one) => one.startsWith('203.')))
    for (const port of [3478, 3479]) {
      const local = { ip: own, port };
      const socket = await io.openUdp(local, {
        datagram: (data, client) => void answer(data, client, local),
      });
      sockets.set(`${own} ${port}`, socket);
    }
}
