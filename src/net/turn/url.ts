/** URLs of TURN servers, as WebRTC has them (RFC 7065). Pure. */
export interface TurnPlace {
  /** A name, IPv4 or IPv6. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'udp' | 'tls';
}

/**
 * `turn:host[:port][?transport=udp|tcp]`, `turns:host[:port]`.
 *
 * @returns where to ask, best first: TCP and then UDP where the URL does not say; none for anything else
 */
export function turnPlaces(url: string): TurnPlace[] {
  const parts = /^(turns?):(\[[0-9a-f:.]+\]|[^:?\s[\]]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i.exec(
    url,
  );
  const [, scheme = '', host = '', port, transport] = parts ?? [];
  if (parts === null) return [];
  const isSecure = scheme.toLowerCase() === 'turns';
  const number = port === undefined ? (isSecure ? 5349 : 3478) : Number(port);
  if (number < 1 || number > 65_535) return [];
  const place = { host: host.replace(/^\[|\]$/g, ''), port: number };
  if (isSecure) return [{ ...place, transport: 'tls' }];
  const all = [
    { ...place, transport: 'tcp' },
    { ...place, transport: 'udp' },
  ] as const;
  return all.filter((one) => transport === undefined || one.transport === transport.toLowerCase());
}
