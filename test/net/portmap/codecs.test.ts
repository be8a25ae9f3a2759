/** Codecs of NAT-PMP, PCP and UPnP: by the RFCs' layouts, and against what careless or hostile routers say. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePcp, encodePcpAnnounce, encodePcpMap } from '../../../src/net/portmap/pcp-message.ts';
import { decodePmp, encodePmpAddress, encodePmpMap } from '../../../src/net/portmap/pmp-message.ts';
import {
  decodeAnswer,
  decodeDescription,
  decodeSearchAnswer,
  encodeAction,
  encodeSearch,
} from '../../../src/net/portmap/upnp-text.ts';
import { DecodeError } from '../../../src/net/wire/decode-error.ts';
import * as samples from '../../helpers/portmap-samples.ts';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What was thrown that is no refusal; null: nothing. */
function faultOf(decode: () => unknown): unknown {
  try {
    decode();
    return null;
  } catch (error) {
    return error instanceof DecodeError ? null : error;
  }
}

test('NAT-PMP: questions and answers as in RFC 6886 §3', () => {
  expect(hexOf(encodePmpAddress())).toBe('0000');
  const question = encodePmpMap({ internalPort: 10_001, externalPort: 20_002, lifetime: 3_600 });
  expect(hexOf(question)).toBe('0002000027114e2200000e10');
  expect(decodePmp(samples.PMP_ADDRESS)).toEqual({ kind: 'address', ip: '203.0.113.7' });
  expect(decodePmp(samples.PMP_MAP)).toEqual({
    ...{ kind: 'map', internalPort: 10_001 },
    ...{ externalPort: 20_002, lifetime: 3_600 },
  });
  expect(decodePmp(samples.PMP_REFUSED)).toMatchObject({ reason: 'the router does not allow mappings' });
  expect(() => decodePmp(samples.PCP_MAP)).toThrow(DecodeError);
});

test('PCP: questions and answers as in RFC 6887 §7 and §11, IPv4 and IPv6', () => {
  const nonce = Uint8Array.from(Buffer.from(samples.NONCE, 'hex'));
  const map = { client: '192.168.1.5', nonce, internalPort: 10_001, externalPort: 20_002, lifetime: 3_600 };
  expect(hexOf(encodePcpMap(map))).toBe(
    `0201000000000e10${'00'.repeat(10)}ffffc0a80105${samples.NONCE}0600000027114e22${'00'.repeat(10)}ffff00000000`,
  );
  expect(hexOf(encodePcpMap({ ...map, client: '2001:db8::5', lifetime: 0 }))).toBe(
    `020100000000000020010db8${'00'.repeat(11)}05${samples.NONCE}0600000027110000${'00'.repeat(16)}`,
  );
  expect(encodePcpAnnounce('192.168.1.5')).toHaveLength(24);
  expect(decodePcp(samples.PCP_MAP)).toEqual({
    ...{ kind: 'map', nonce, internalPort: 10_001 },
    ...{ externalPort: 20_002, ip: '203.0.113.7', lifetime: 3_600 },
  });
  expect(decodePcp(samples.PCP_REFUSED)).toMatchObject({ kind: 'refused', result: 2 });
  expect(decodePcp(samples.PCP_VERSION)).toMatchObject({ kind: 'refused', result: 1 });
});

test('NAT-PMP and PCP: any bytes are read or refused as such', () => {
  const all = Object.values(samples).filter((sample) => sample instanceof Uint8Array);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.constantFrom(...all), fc.nat(80)).map(([sample, end]) => sample.subarray(0, end)),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      for (const decode of [decodePmp, decodePcp]) expect(faultOf(() => decode(input))).toBeNull();
    }),
    { numRuns: 2_000 },
  );
});

test('UPnP: where a router describes itself, and what is no answer', () => {
  const ask = Buffer.from(encodeSearch('239.255.255.250:1900', 'x:y')).toString();
  expect(ask).toMatch(/^M-SEARCH \* HTTP\/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\n/);
  expect(decodeSearchAnswer(samples.SEARCH_ANSWER)).toBe('http://192.168.1.1:5000/rootDesc.xml');
  for (const other of [
    'NOTIFY * HTTP/1.1\r\nLOCATION: http://192.168.1.1/\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    '',
  ])
    expect(decodeSearchAnswer(Buffer.from(other))).toBeNull();
});

test('UPnP: services of a description, also of a careless one', () => {
  const wan = { type: 'urn:schemas-upnp-org:service:WANIPConnection:1', controlUrl: '/ctl/IPConn' };
  const { base, services } = decodeDescription(samples.DESCRIPTION);
  expect(base).toBe('http://192.168.1.1:5000');
  expect(services[1]).toEqual(wan);
  const careless = samples.DESCRIPTION.replace('<?xml version="1.0"?>', '\uFEFF & junk')
    .replaceAll('</device></deviceList>', '</device>')
    .concat('<tail>');
  expect(decodeDescription(careless).services).toContainEqual(wan);
});

test('UPnP: what comes back of an action, and what goes out is escaped', () => {
  expect(decodeAnswer(samples.SOAP_FAULT).get('errorcode')).toBe('718');
  const sent = encodeAction('urn:x', 'AddPortMapping', [['NewInternalClient', '<&"\'>']]);
  expect(sent).toContain('<NewInternalClient>&#60;&#38;&#34;&#39;&#62;</NewInternalClient>');
  expect(decodeAnswer(sent).get('newinternalclient')).toBe('<&"\'>');
});

test('UPnP: any text is read within bounds, entities of its own are not, deep nests are left', () => {
  const bomb = `<!DOCTYPE a [<!ENTITY b "${'c'.repeat(900)}">]><a>${'&b;'.repeat(5_000)}</a>`;
  expect(decodeAnswer(bomb).get('a')?.length).toBeLessThanOrEqual(2_048 * 2);
  expect(decodeAnswer('<a>'.repeat(10_000)).size).toBe(0);
  const pieces = fc.constantFrom(
    '<',
    '>',
    '</',
    'service',
    '&',
    ';',
    '<![CDATA[',
    ']]>',
    '<!--',
    '"',
    '=',
    'controlURL',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 60 }), (parts) => {
      decodeDescription(parts.join(''));
      decodeAnswer(parts.join(''));
    }),
    { numRuns: 2_000 },
  );
});
