/** What a nickname may be, told while it is typed. Pure; loads nothing, as the first frame does. */

/** Bytes that name servers keep at most. */
const MAX_NAME = 50;
/** The longest ending. */
const MAX_ENDING = 5;

/** Why a name cannot be registered, in a sentence; null: it can. @param name without its ending */
export function faultOf(name: string): string | null {
  if (name === '') return 'a nickname has at least one letter';
  if (Buffer.byteLength(name) > MAX_NAME) return `a nickname has ${MAX_NAME} letters at most`;
  const odd = [...name].find((letter) => !/[a-z0-9_-]/.test(letter));
  if (odd !== undefined) {
    const shown = JSON.stringify(odd);
    return /[A-Z]/.test(odd)
      ? `${shown} cannot be in a nickname: small letters only, so that no two names look alike`
      : `${shown} cannot be in a nickname: letters a to z, digits, - and _ can`;
  }
  if (!/^[a-z0-9]/.test(name)) return 'a nickname begins with a letter or a digit';
  if (name.startsWith('p2pd1')) return 'what begins with p2pd1 is an address';
  return null;
}

/** Whether a word is to be looked up as a nickname: it is no address, of ours or of P2PD. */
export function isNickname(word: string): boolean {
  const name = word.trim();
  return (
    name !== '' &&
    name.length <= MAX_NAME + MAX_ENDING &&
    // An endpoint, a URL, a multiaddress.
    !/[\s/:@]/.test(name) &&
    !/^p2pd[1-9]/i.test(name) &&
    !/^[^-]*-[^-]*-[^-]*-[0-9a-f]{25}-/.test(name)
  );
}
