/** A NAT report as the contract's JSON (`nat --json`). Pure. */
import { deltaName, type NatReport, natName, type TcpReport, type TransportReport } from '../net/index.ts';

const NOT_ASKED = { upnp: null, natPmp: null, pcp: null };

export function natJson({ interface: name, family, elapsed, udp, tcp, portMapping }: NatReport): object {
  return {
    interface: name,
    family,
    elapsed,
    udp: transportJson(udp),
    tcp: { ...transportJson(tcp), unsolicited: (tcp satisfies TcpReport).unsolicited },
    portMapping: portMapping ?? NOT_ASKED,
  };
}

function transportJson(report: TransportReport): object {
  const { type, mapping, filtering, delta, range, external, hairpin, evidence } = report;
  return {
    type,
    name: natName(type),
    mapping,
    filtering,
    delta: { type: delta.type, name: deltaName(delta.type), value: delta.value },
    range,
    external,
    hairpin,
    evidence,
    parity: report.parity,
    confidence: report.confidence,
    unknown: report.unknown,
  };
}
