/** What routers, and whoever else answers on a LAN, say to a request for a port. */
import { decodePcp } from '../../src/net/portmap/pcp-message.ts';
import { decodePmp } from '../../src/net/portmap/pmp-message.ts';
import { decodeAnswer, decodeDescription, decodeSearchAnswer } from '../../src/net/portmap/upnp-text.ts';
import { DecodeError } from '../../src/net/wire/decode-error.ts';
import * as samples from '../helpers/portmap-samples.ts';
import type { Target } from './targets.ts';

/** Nothing of it is ever written again as it was: to refuse it in words is all that is asked. */
function reading(name: string, given: readonly Uint8Array[], read: (input: Uint8Array) => unknown): Target {
  return {
    name,
    samples: given,
    decode(input) {
      try {
        return read(input) === null ? null : input;
      } catch (error) {
        if (error instanceof DecodeError) return null;
        throw error;
      }
    },
  };
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (input: Uint8Array) => Buffer.from(input).toString('utf8');

export const PORTMAP_TARGETS: readonly Target[] = [
  reading('nat-pmp answer', [samples.PMP_ADDRESS, samples.PMP_MAP, samples.PMP_REFUSED], decodePmp),
  reading('pcp answer', [samples.PCP_MAP, samples.PCP_REFUSED, samples.PCP_VERSION], decodePcp),
  reading('ssdp answer', [samples.SEARCH_ANSWER], decodeSearchAnswer),
  reading('upnp document', [utf8(samples.DESCRIPTION), utf8(samples.SOAP_FAULT)], (input) => {
    const { services } = decodeDescription(textOf(input));
    const values = decodeAnswer(textOf(input));
    return services.length === 0 && !values.has('errorcode') ? null : values;
  }),
];
