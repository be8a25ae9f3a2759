/** A peer's file name made safe: one name in one folder, that shows what it is on every system. Pure. */

/** Bytes of a file name, with room for a number and an ending of ours. */
const MAX_BYTES = 200;
/** Names of devices on Windows, whatever their ending. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i;

/** Its last part, without what separates, hides or deceives; never empty, never hidden. */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const shown = last
    .normalize('NFC')
    // Controls, format characters (bidirectional ones among them), separators, unpaired surrogates, and what Windows refuses.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}<>:"|?*]/gu, '_')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  const named = DEVICE.test(shown) ? `_${shown}` : shown;
  return cutTo(named, MAX_BYTES) || 'file';
}

/** The ending stays. */
function cutTo(name: string, most: number): string {
  if (Buffer.byteLength(name) <= most) return name;
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && Buffer.byteLength(name.slice(dot)) <= 20 ? name.slice(dot) : '';
  let stem = name.slice(0, name.length - ending.length);
  while (Buffer.byteLength(stem + ending) > most) stem = [...stem].slice(0, -1).join('');
  return stem + ending;
}
