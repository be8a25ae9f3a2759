/** A NAT report as tests show it. */
import type { NatReport, TcpReport, TransportReport } from '../../src/net/index.ts';

const UDP: TransportReport = {
  type: 6,
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  delta: { type: 4, value: 2 },
  range: [35_000, 62_000],
  external: ['203.0.113.7'],
  hairpin: null,
  parity: false,
  confidence: { delta: 1, range: 0.9 },
  unknown: [],
  evidence: [
    {
      test: 'mapping',
      server: '198.51.100.10:3478',
      local: '192.168.1.2:5000',
      mapped: '203.0.113.7:40000',
      rtt: 41,
    },
    {
      test: 'filtering: answer from another port',
      server: '198.51.100.10:3478',
      local: '192.168.1.2:5001',
      mapped: null,
      rtt: null,
    },
  ],
};

const TCP: TcpReport = {
  ...UDP,
  type: null,
  mapping: 'endpoint-independent',
  filtering: null,
  delta: { type: 2, value: 0 },
  unknown: ['filtering: over TCP no server can test it, only a peer'],
  unsolicited: 'unknown',
};

export function sampleNat(
  change: { readonly udp?: Partial<TransportReport>; readonly interface?: string } = {},
): NatReport {
  return {
    interface: change.interface ?? 'eth0',
    family: 4,
    elapsed: 250,
    udp: { ...UDP, ...change.udp },
    tcp: TCP,
  };
}
