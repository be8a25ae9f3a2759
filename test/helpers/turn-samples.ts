/** TURN messages of each kind, to begin from. */
import {
  ATTRIBUTES,
  encodeTurn,
  endpointAttribute,
  errorAttribute,
  numberAttribute,
  textAttribute,
} from '../../src/net/turn/message.ts';

const transactionId = new Uint8Array(12).fill(7);
const v4 = { ip: '192.0.2.1', port: 32853 };
const v6 = { ip: '2001:db8::1', port: 3478 };

export const RELAYED_SAMPLES = (key: Uint8Array): readonly Uint8Array[] => [
  encodeTurn(
    {
      method: 'allocate',
      kind: 'request',
      transactionId,
      attributes: [
        numberAttribute(ATTRIBUTES.transport, 6 << 24),
        textAttribute(ATTRIBUTES.username, 'alice'),
        textAttribute(ATTRIBUTES.realm, 'example.org'),
        textAttribute(ATTRIBUTES.nonce, 'nonce'),
      ],
    },
    key,
  ),
  encodeTurn(
    {
      method: 'allocate',
      kind: 'success',
      transactionId,
      attributes: [
        endpointAttribute(ATTRIBUTES.relayed, v4, transactionId),
        endpointAttribute(ATTRIBUTES.mapped, v6, transactionId),
        numberAttribute(ATTRIBUTES.lifetime, 600),
      ],
    },
    key,
  ),
  encodeTurn(
    {
      method: 'data',
      kind: 'indication',
      transactionId,
      attributes: [
        endpointAttribute(ATTRIBUTES.peer, v4, transactionId),
        { type: ATTRIBUTES.data, value: new Uint8Array(9).fill(3) },
      ],
    },
    null,
  ),
  encodeTurn(
    {
      method: 'channel-bind',
      kind: 'request',
      transactionId,
      attributes: [
        numberAttribute(ATTRIBUTES.channel, 0x4000_0000),
        endpointAttribute(ATTRIBUTES.peer, v6, transactionId),
      ],
    },
    key,
  ),
  encodeTurn(
    { method: 'refresh', kind: 'error', transactionId, attributes: [errorAttribute(438, 'Stale Nonce')] },
    null,
  ),
  encodeTurn(
    {
      method: 'connection-attempt',
      kind: 'indication',
      transactionId,
      attributes: [
        numberAttribute(ATTRIBUTES.connectionId, 5),
        endpointAttribute(ATTRIBUTES.peer, v6, transactionId),
      ],
    },
    key,
  ),
];
