/**
 * What arrives from a terminal, cut into keys: terminals send several fast keys, or a paste, as one
 * piece. Bracketed pastes (ESC[200~ … ESC[201~) come out as text. Pure.
 */

/** A key by name, or text that was typed or pasted. */
export interface Key {
  readonly name: string;
  /** What it writes; empty for keys that write nothing. */
  readonly text: string;
}

/** Kept between pieces. */
export interface KeyState {
  /** The paste under way, or null. */
  readonly paste: string | null;
  /** A sequence whose end has not come yet. */
  readonly begun: string;
}

export const NO_KEYS: KeyState = { paste: null, begun: '' };

const PASTE_BEGIN = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** Characters of one paste that are kept: an address has 773. */
const MAX_PASTE = 100_000;

/** A sequence that was cut: what follows would be taken for typed text. A lone Esc is the key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send control sequences (ECMA-48 §5.4)
const BEGUN = /^\x1b\[[0-?]*[ -/]*$/;

const SEQUENCES: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1b[B': 'down',
  '\x1b[C': 'right',
  '\x1b[D': 'left',
  '\x1bOA': 'up',
  '\x1bOB': 'down',
  '\x1bOC': 'right',
  '\x1bOD': 'left',
  '\x1b[H': 'home',
  '\x1b[F': 'end',
  '\x1bOH': 'home',
  '\x1bOF': 'end',
  '\x1b[1~': 'home',
  '\x1b[4~': 'end',
  '\x1b[3~': 'delete',
  '\x1b[5~': 'pageup',
  '\x1b[6~': 'pagedown',
  '\x1b[Z': 'shift-tab',
  '\x1bOP': 'f1',
  '\x1b[11~': 'f1',
  '\x1b[[A': 'f1',
};

const CONTROLS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x1b': 'escape',
  '\x7f': 'backspace',
  '\b': 'backspace',
};

/** Cuts a piece of input into keys. */
export function splitKeys(
  state: KeyState,
  piece: string,
): { readonly keys: readonly Key[]; readonly state: KeyState } {
  const keys: Key[] = [];
  let { paste } = state;
  let rest = state.begun + piece;
  while (rest !== '') {
    if (paste === null && BEGUN.test(rest)) return { keys, state: { paste, begun: rest } };
    if (paste === null && rest.startsWith(PASTE_BEGIN)) {
      paste = '';
      rest = rest.slice(PASTE_BEGIN.length);
    }
    const step: Step = paste === null ? typed(rest) : pasted(paste, rest);
    if (step.key !== null) keys.push(step.key);
    paste = step.paste;
    rest = rest.slice(step.length);
  }
  return { keys, state: { paste, begun: '' } };
}

/** One step through a piece of input. */
interface Step {
  readonly key: Key | null;
  readonly paste: string | null;
  /** How much of the input it took. */
  readonly length: number;
}

function typed(input: string): Step {
  const [key, length] = firstKey(input);
  return { key, paste: null, length };
}

/** Up to the end of the paste, whose mark may have been cut itself; or all there is of it so far. */
function pasted(before: string, input: string): Step {
  const all = before + input;
  const end = all.indexOf(PASTE_END, Math.max(0, before.length - PASTE_END.length));
  if (end < 0) {
    // Too much: what is kept at the end is where the mark may begin.
    const paste = all.length > MAX_PASTE ? all.slice(0, MAX_PASTE) + all.slice(-PASTE_END.length) : all;
    return { key: null, paste, length: input.length };
  }
  const text = all.slice(0, Math.min(end, MAX_PASTE));
  const length = end + PASTE_END.length - before.length;
  return { key: text === '' ? null : { name: 'text', text }, paste: null, length };
}

/** The first key of the input and how much of it that is; null for what means nothing to us. */
function firstKey(input: string): readonly [Key | null, number] {
  if (input.startsWith('\x1b')) return escapeKey(input);
  const character = String.fromCodePoint(input.codePointAt(0) ?? 0);
  const control = CONTROLS[character];
  if (control !== undefined) return [{ name: control, text: '' }, 1];
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return [{ name: `ctrl-${String.fromCharCode(code + 0x60)}`, text: '' }, 1];
  if (code >= 0x80 && code < 0xa0) return [null, 1];
  return [{ name: 'text', text: character }, character.length];
}

/** A known sequence, an unknown one to be skipped whole, or the Escape key itself. */
function escapeKey(input: string): readonly [Key | null, number] {
  for (const [sequence, name] of Object.entries(SEQUENCES)) {
    if (input.startsWith(sequence)) return [{ name, text: '' }, sequence.length];
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send control sequences (ECMA-48 §5.4)
  const unknown = /^\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])/.exec(input);
  return unknown === null ? [{ name: 'escape', text: '' }, 1] : [null, unknown[0].length];
}
