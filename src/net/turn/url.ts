/** URLs of TURN servers, as WebRTC has them (RFC 7065). Pure. */
export interface TurnPlace {
  /** A name, IPv4 or IPv6. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'udp' | 'tls';
}

/** `turn:host[:port][?transport=udp|tcp]`, `turns:host[:port]`; null for anything else. Without a transport TCP is meant. */
export function parseTurnUrl(url: string): TurnPlace | null {
  const parts = /^(turns?):(\[[0-9a-f:.]+\]|[^:?\s[\]]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i.exec(
    url,
  );
  const [, scheme = '', host = '', port, transport = 'tcp'] = parts ?? [];
  if (parts === null) return null;
  const isSecure = scheme.toLowerCase() === 'turns';
  const number = port === undefined ? (isSecure ? 5349 : 3478) : Number(port);
  if (number < 1 || number > 65_535) return null;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    transport: isSecure ? 'tls' : transport === 'udp' ? 'udp' : 'tcp',
  };
}
