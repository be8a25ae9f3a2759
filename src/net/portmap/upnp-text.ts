/**
 * What UPnP says in text: SSDP answers, device descriptions, SOAP (UPnP Device Architecture 1.1 §1.3.3, §2.3, §3.2).
 * All of it comes from whoever answers on a LAN: bounded, and of XML nothing but elements and their text. Codec only.
 */
import sax from 'sax';

/** Characters of one document. */
export const MAX_DOCUMENT = 64 * 1024;
/** Elements within elements. */
const MAX_DEPTH = 32;
const MAX_SERVICES = 64;
const MAX_TEXT = 2_048;

export interface UpnpService {
  /** `urn:schemas-upnp-org:service:WANIPConnection:1`. */
  readonly type: string;
  /** As it stands there: a path, or a whole URL. */
  readonly controlUrl: string;
}

/** A question to all devices of a type. @param host of the multicast group, as text */
export function encodeSearch(host: string, type: string): Uint8Array {
  const lines = ['M-SEARCH * HTTP/1.1', `HOST: ${host}`, 'MAN: "ssdp:discover"', 'MX: 1', `ST: ${type}`];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n`);
}

/** @returns where the device describes itself; null for what is no answer to a search */
export function decodeSearchAnswer(bytes: Uint8Array): string | null {
  if (bytes.length > MAX_TEXT) return null;
  const [status = '', ...lines] = Buffer.from(bytes).toString('latin1').split(/\r?\n/);
  if (!/^HTTP\/1\.[01] 200\b/.test(status)) return null;
  for (const line of lines) {
    const location = /^location:\s*(http:\/\/\S+)\s*$/i.exec(line)?.[1];
    if (location !== undefined) return location;
  }
  return null;
}

/** The services that a device and the devices in it offer, and the base of their URLs where it names one. */
export function decodeDescription(text: string): {
  readonly base: string | null;
  readonly services: readonly UpnpService[];
} {
  const services: UpnpService[] = [];
  let base: string | null = null;
  let type = '';
  let controlUrl = '';
  readXml(text, (name, content) => {
    if (name === 'servicetype') type = content;
    else if (name === 'controlurl') controlUrl = content;
    else if (name === 'urlbase' && content !== '') base = content;
    else if (name === 'service') {
      if (type !== '' && controlUrl !== '' && services.length < MAX_SERVICES)
        services.push({ type, controlUrl });
      type = '';
      controlUrl = '';
    }
  });
  return { base, services };
}

/** @param values in the order of the service's description, as plain text */
export function encodeAction(
  service: string,
  action: string,
  values: readonly (readonly [string, string | number])[],
): string {
  const inner = values.map(([name, value]) => `<${name}>${escaped(String(value))}</${name}>`).join('');
  return `<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:${action} xmlns:u="${escaped(service)}">${inner}</u:${action}></s:Body></s:Envelope>\r\n`;
}

/** What an action answered: each element's text by its name in lower case, the first of each. */
export function decodeAnswer(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  readXml(text, (name, content) => {
    if (!values.has(name) && values.size < MAX_SERVICES) values.set(name, content);
  });
  return values;
}

/** Tells each element when it ends. Routers write careless XML, so what is wrong in it is passed over. */
function readXml(text: string, ended: (name: string, content: string) => void): void {
  if (text.length > MAX_DOCUMENT) return;
  const parser = sax.parser(false, { lowercase: true, trim: true });
  const texts: string[] = [];
  // Else the parser stops at the first fault.
  parser.onerror = () => void Object.assign(parser, { error: null });
  parser.onopentag = () => {
    texts.push('');
    if (texts.length > MAX_DEPTH) throw new RangeError('too deep');
  };
  parser.ontext = parser.oncdata = (more) => {
    const last = texts.length - 1;
    if (last >= 0) texts[last] = `${texts[last]}${more}`.slice(0, MAX_TEXT);
  };
  parser.onclosetag = (name) => ended(name.slice(name.indexOf(':') + 1), (texts.pop() ?? '').trim());
  try {
    parser.write(text).close();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
