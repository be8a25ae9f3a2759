/**
 * Base 32 (RFC 4648 §6) in lower case without padding: letters and digits only, so a double click
 * selects it whole; any case is read, so a QR code may hold it in its compact upper case. Pure.
 */
import { DecodeError } from './decode-error.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]));

export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let buffer = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((buffer >> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET.charAt((buffer << (5 - bits)) & 31);
}

/**
 * @param first position of the text's first letter in what the user sees, for messages
 * @throws DecodeError with the position of the first letter that does not belong
 */
export function decodeBase32(text: string, first = 1): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let length = 0;
  let bits = 0;
  let buffer = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.get(text.charAt(i).toLowerCase());
    if (value === undefined) {
      throw new DecodeError(
        `letter ${first + i}`,
        `${JSON.stringify(text.charAt(i))} is not used in addresses`,
      );
    }
    buffer = (buffer << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (buffer >> bits) & 0xff;
    }
    buffer &= (1 << bits) - 1;
  }
  if (bits >= 5 || buffer !== 0)
    throw new DecodeError(`letter ${first + text.length - 1}`, 'the end is cut off or damaged');
  return bytes;
}
