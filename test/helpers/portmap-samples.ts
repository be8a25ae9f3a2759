/** What routers say, byte by byte and word by word (RFC 6886 §3, RFC 6887 §7 and §11, UPnP IGD). */
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** RFC 6886 §3.2: version, operation, result, epoch, address. */
export const PMP_ADDRESS = hex('00 80 0000 00000e10 cb007107');
/** RFC 6886 §3.3: ports 10001 inside and 20002 outside, an hour. */
export const PMP_MAP = hex('00 82 0000 00000e10 2711 4e22 00000e10');
export const PMP_REFUSED = hex('00 82 0002 00000e10 2711 0000 00000000');
export const NONCE = '0102030405060708090a0b0c';
/** RFC 6887 §7.2 and §11.1. */
export const PCP_MAP = hex(
  `02 81 00 00 00000e10 00000064 000000000000000000000000 ${NONCE} 06 000000 2711 4e22 00000000000000000000ffffcb007107`,
);
export const PCP_REFUSED = hex('02 81 00 02 00000708 00000064 000000000000000000000000');
/** How a router says that it speaks NAT-PMP alone (RFC 6887 §9, RFC 6886 §3.5). */
export const PCP_VERSION = hex('00 81 0001 00000e10');
export const SEARCH_ANSWER = utf8(
  'HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nEXT:\r\nLocation: http://192.168.1.1:5000/rootDesc.xml\r\n\r\n',
);
export const DESCRIPTION = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><URLBase>http://192.168.1.1:5000</URLBase><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/ctl/L3F</controlURL></service></serviceList>
<deviceList><device><deviceList><device><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL><![CDATA[/ctl/IPConn]]></controlURL>
</service></serviceList></device></deviceList></device></deviceList></device></root>`;
export const SOAP_FAULT = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>
<faultstring>UPnPError</faultstring><detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>718</errorCode>
<errorDescription>ConflictInMappingEntry</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>`;
